/*
 * JSON Web Keys (RFC 7517, RFC 7518 6, RFC 8037 2) and sets of them, public halves only; thumbprints (RFC 7638).
 *
 * A parsed key carries, for each algorithm it may verify, a sig_key bound to that algorithm: with `alg` in the JWK
 * exactly that one, without it what kty and crv allow (RSA: RS256 and PS256; the verifier's own set of algorithms still
 * decides). Parsed keys and sets are immutable: threads may share them.
 */
#ifndef JOSE_JWK_H
#define JOSE_JWK_H

#include "base/buf.h"
#include "base/str.h"
#include "crypto/sig.h"
#include "json/json.h"

enum { JWK_KID_MAX = 256, JWK_THUMBPRINT_LEN = 43, JWKS_KEYS_MAX = 64 };

/* A set of algorithms is the sum of these. */
#define JWK_ALG(alg) (1U << (alg))
#define JWK_ALGS_ALL                                                                                                   \
	(JWK_ALG(SIG_ES256) | JWK_ALG(SIG_ES384) | JWK_ALG(SIG_RS256) | JWK_ALG(SIG_PS256) | JWK_ALG(SIG_EDDSA))

struct jwk {
	char kid[JWK_KID_MAX];
	size_t kid_len;                   /* 0: no kid */
	struct sig_key *by_alg[SIG_ALGS]; /* NULL: not for this algorithm */
};

/*
 * One JWK into caller's memory; jwk_done releases it. Unknown members are ignored (RFC 7517 4).
 * E_ABSENT: a sound key that is none for us (other kty, crv or alg; use or key_ops say it does not verify).
 * E_SYNTAX: malformed, weak (RSA < 2048), not on its curve, alg contradicts kty or crv, carries private members, kid
 * empty or above 256 bytes. E_NOMEM, E_CRYPTO.
 */
must_check int jwk_parse(const struct json *object, struct jwk *ret_jwk);
void jwk_done(struct jwk *jwk);
static inline struct str jwk_kid(const struct jwk *jwk) { return str_mem(jwk->kid, jwk->kid_len); }

struct jwks {
	struct jwk keys[JWKS_KEYS_MAX];
	size_t n;
	size_t skipped; /* keys of the document that are not usable here */
};

/*
 * {"keys":[...]}, at most max bytes and 64 elements. Keys that are not usable are skipped and counted (RFC 7517 5); the
 * same key twice is kept once. E_SYNTAX: no such document; E_LIMIT: larger; E_CONFLICT: one kid for two different keys
 * (RFC 7517 4.5: nobody could tell which is meant); E_NOMEM, E_CRYPTO. Free with jwks_free. An empty set is no error:
 * nothing verifies against it.
 */
must_check int jwks_parse(struct str text, size_t max, struct jwks **ret_jwks);
void jwks_free(struct jwks *jwks);
void jwks_freep(struct jwks **jwks); /* for _cleanup_ */
/* Exact bytes of kid; NULL when there is none. kid of length 0 is never found. */
const struct jwk *jwks_find(const struct jwks *jwks, struct str kid);

/*
 * The public JWK in fixed member order: kty, kid, use, alg, crv, x, y | n, e. kid of length 0: left out. Appended. The
 * buffer's failure.
 */
must_check int jwk_emit(const struct sig_key *key, struct str kid, struct buf *out);
/* RFC 7638 with SHA-256, as base64url and a NUL. E_CRYPTO, E_LIMIT. */
must_check int jwk_thumbprint(const struct sig_key *key, char ret_text[JWK_THUMBPRINT_LEN + 1]);

#endif
