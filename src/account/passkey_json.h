/*
 * The JSON of passkeys: options to the browser, credentials back. Pure functions, thread-safe. WebAuthn Level 3, 5.1.8
 * to 5.1.10, 5.8.1.
 */
#ifndef ACCOUNT_PASSKEY_JSON_H
#define ACCOUNT_PASSKEY_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/model.h"

/* Members as bytes, in the arena; len 0: absent. */
struct passkey_json {
	struct str id, client_data;
	struct str object;          /* of a new credential */
	struct str data, sig, user; /* of a proof: authenticator data, signature, user handle */
};

/* E_ACCESS_DENIED: no such JSON, too large, base64url that is none. E_NOMEM. */
must_check int passkey_json_parse(struct str text, struct arena *arena, struct passkey_json *ret_json);

struct passkey_json_create {
	struct str issuer, challenge;   /* challenge: as text */
	const struct account *account;
	const struct passkey *passkeys; /* those it has: an authenticator gets one, not two */
	size_t n_passkeys;
};
void passkey_json_put_create(const struct passkey_json_create *options, struct buf *out);
void passkey_json_put_get(struct str issuer, struct str challenge, struct buf *out);

/* The relying party: the issuer's host without its port. */
struct str passkey_json_host(struct str issuer);
/* In the arena. E_NOMEM. */
must_check int passkey_json_b64url(struct str bytes, struct arena *arena, struct str *ret_text);

#endif
