/*
 * Passkeys: WebAuthn Level 3 as a relying party (7.1 registration, 7.2 authentication), for credentials that find their
 * account by themselves and verify whose finger it is: so one is two factors. Binary half: crypto/webauthn.h.
 *
 * A challenge is good once, for PASSKEY_CHALLENGE_S, in the browser that asked for it: `browser` is that browser's form
 * cookie. The relying party is the issuer's host, the origin exactly the issuer's. Whatever does not fit gets the same
 * answer, so nobody learns which credentials exist. Server process, pool threads.
 */
#ifndef ACCOUNT_PASSKEY_H
#define ACCOUNT_PASSKEY_H

#include "oauth/call.h"

enum { PASSKEY_CHALLENGE_S = 300, PASSKEY_JSON_MAX = 32768, PASSKEY_OPTIONS_MAX = 16384 };

/* For navigator.credentials.create(), as JSON, appended. E_RANDOM, E_STORE, E_NOMEM, E_CRYPTO. */
must_check int passkey_create_options(struct call *call, const struct account *account, struct str browser,
				      struct buf *out);
/*
 * credential: what the browser made of it, PublicKeyCredential.toJSON(). The account has it from now on.
 * E_ACCESS_DENIED: malformed, or does not fit. E_LIMIT: MODEL_PASSKEYS_MAX. E_EXISTS: it is known already. E_SYNTAX:
 * no name for it.
 */
must_check int passkey_create(struct call *call, const struct account *account, struct str browser,
			      struct str credential, struct str name);

/* For navigator.credentials.get(). E_THROTTLED: asked for too often from there. */
must_check int passkey_get_options(struct call *call, struct str browser, struct buf *out);
/* Whose it is. E_ACCESS_DENIED: anything that does not fit. E_STORE, E_NOMEM, E_CRYPTO. */
must_check int passkey_get(struct call *call, struct str browser, struct str credential,
			   struct account *ret_account);

/*
 * What the browser signed about itself: its bytes, as decoded. kind: "webauthn.create" or "webauthn.get".
 * ret_challenge: 32 bytes. E_ACCESS_DENIED. Pure; fuzzed.
 */
enum { PASSKEY_CHALLENGE_LEN = 32 };
must_check int passkey_client_data(struct str bytes, const char *kind, struct str issuer,
				   unsigned char ret_challenge[PASSKEY_CHALLENGE_LEN]);

#endif
