/*
 * What goes into an id token (OpenID Connect Core 2, 3.1.3.6). Builds claims; signing is the signer's. Pure,
 * thread-safe. What the account's e-mail address or name is stands in the answer of userinfo, not here.
 */
#ifndef TOKEN_ID_TOKEN_H
#define TOKEN_ID_TOKEN_H

#include "base/arena.h"
#include "crypto/sig.h"
#include "keys/signer.h"
#include "model/model.h"

struct id_token {
	struct str kid;
	enum sig_alg alg;              /* of that key: decides the hash in at_hash */
	struct str issuer, client_id, account_id;
	struct str nonce;              /* as it was requested; empty: none */
	unsigned methods;              /* enum auth_method: amr (RFC 8176) */
	int64_t auth_s;                /* auth_time */
	int64_t iat_s, lifetime_s;     /* lifetime_s >= 1 */
	struct str access_token;       /* what at_hash is of */
};

/* aud is the client alone, so there is no azp (OpenID Connect Core 2). E_CRYPTO, E_NOMEM, E_LIMIT. The claims borrow
 * from *id and the arena. */
must_check int id_token_claims(const struct id_token *id, struct arena *arena, struct sign_claims *ret_claims);

#endif
