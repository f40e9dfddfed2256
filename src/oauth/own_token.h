/*
 * Access tokens that this server issued, checked by the server itself: for introspection, revocation and the management
 * API. Signature by a published key, typ, iss, times, epochs, jti; the client (and the account) must still be there and
 * enabled. RFC 7662 4, RFC 9068 4. Reads only; thread-safe. Never says why to a peer: the reason is for the log.
 */
#ifndef OAUTH_OWN_TOKEN_H
#define OAUTH_OWN_TOKEN_H

#include "base/arena.h"
#include "jose/jwk.h"
#include "oauth/directory.h"
#include "oauth/revoked.h"

struct own_token_env {
	const struct jwks *keys;     /* those we publish now, borrowed from the snapshot */
	struct str issuer;           /* byte for byte */
	struct directory *directory;
	struct store *store;
	struct revoked *revoked;
	int64_t now_s;
	bool may_block;
};

/* A token that is good. Strings live in the arena. */
struct own_token {
	struct client_view *client;  /* it was issued to; one reference: directory_view_unref */
	struct str sub, client_id, audience, scope, jti;
	struct str_list scopes;      /* scope, split */
	int64_t iat_s, exp_s;
	struct account account;      /* as it is now, when the token acts for one; else all empty */
};

/*
 * 0: good. E_INVALID_TOKEN: not ours, expired, revoked, forged, garbage; *ret_why (when not NULL) is then a literal
 * that says which. E_WOULD_BLOCK: its client is not in memory, or it is an app's for an account, and !may_block;
 * nothing happened, call again where blocking is allowed. E_STORE, E_NOMEM: can't be decided now. On failure nothing
 * must be released.
 */
must_check int own_token_check(const struct own_token_env *env, struct str token, struct arena *arena,
			       struct own_token *ret_token, const char **ret_why);

#endif
