/*
 * Client authentication at the token endpoint: pick the one method presented, load the client, verify its secret
 * (RFC 6749 2.3, 3.2.1; RFC 7617). Runs on any thread of the server process.
 */
#ifndef OAUTH_CLIENTAUTH_H
#define OAUTH_CLIENTAUTH_H

#include "oauth/call.h"

/*
 * Sets call->client, call->secret (or call->is_public), call->via_basic, call->presented_id.
 * E_INVALID_REQUEST: two methods at once, two Authorization fields. E_INVALID_CLIENT: everything else that is not a
 * living client with a living secret; E_THROTTLED: too many wrong ones. E_WOULD_BLOCK: needs the store or a password
 * hash. E_STORE, E_NOMEM, E_CRYPTO.
 */
must_check int clientauth_step(struct call *call);
/*
 * The same, and nothing else is enough than a secret that fits: E_INVALID_CLIENT for apps without one (RFC 7662 2.1).
 * clientauth_step lets those in with call->is_public set; what they may do is decided behind it.
 */
must_check int clientauth_step_secret(struct call *call);

/* What the request presents. Strings live in the call's arena. */
struct clientauth_presented {
	struct str id;
	struct secret secret;
	bool basic;
};

/* The Authorization value `Basic ...`: base64, split at the first colon, both halves form-decoded. E_INVALID_CLIENT,
 * E_NOMEM. Fuzzed. */
must_check int clientauth_basic(struct secret header, struct arena *arena, struct clientauth_presented *ret_presented);

#endif
