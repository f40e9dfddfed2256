/*
 * What goes into an access token (RFC 9068 2.2). Builds claims; signing is the signer's. Pure but for the entropy of
 * jti; thread-safe.
 */
#ifndef TOKEN_ACCESS_H
#define TOKEN_ACCESS_H

#include "base/arena.h"
#include "keys/signer.h"
#include "model/model.h"

struct token_access {
	struct str kid;
	struct str issuer, audience;
	const struct client *client;
	const struct account *account; /* NULL: the client stands for itself */
	struct str scope;              /* granted, space-separated */
	int64_t iat_s, lifetime_s;     /* lifetime_s >= 1 */
};

/*
 * sub is the account's id for account credentials, else the client's id; the two kinds of id have different prefixes,
 * so they never collide (RFC 9700 4.15). email, email_verified, name and roles are added when their scopes were granted
 * and an account stands behind. The epochs of client and account go in, unless 0: whether the token was revoked is
 * decided by them. E_RANDOM, E_NOMEM. The claims borrow from *access and the arena.
 */
must_check int token_access_claims(const struct token_access *access, struct arena *arena,
				   struct sign_claims *ret_claims);

#endif
