/*
 * Signature algorithms and keys. A key carries its one algorithm for life: there is no call that takes an algorithm and
 * a key that may disagree (RFC 8725 3.1). `none`, HMAC and RSA1_5 do not exist here.
 *
 * sig_key: immutable after creation, reference-counted (atomic), may be shared by threads.
 * sig_signer: one per thread, keeps the key context between signatures (ES256: 20.5 us instead of 24).
 */
#ifndef CRYPTO_SIG_H
#define CRYPTO_SIG_H

#include "base/buf.h"
#include "base/secret.h"

enum sig_alg { SIG_NONE, SIG_ES256, SIG_ES384, SIG_RS256, SIG_PS256, SIG_EDDSA, SIG_ALGS };

/* Longest signature (RSA-4096) and longest private key document, bytes. */
enum { SIG_MAX = 512, SIG_PRIVATE_MAX = 4096 };

struct sig_alg_row {
	enum sig_alg alg;
	const char *name;  /* RFC 7518 3.1 / RFC 8037: "ES256" */
	const char *kty;   /* "EC", "RSA", "OKP" */
	const char *crv;   /* "P-256", "P-384", "Ed25519"; NULL for RSA */
	size_t coord_len;  /* bytes of a coordinate (EC, OKP); 0 for RSA */
	size_t sig_len;    /* raw signature bytes; 0 = as long as the modulus */
};

/* alg in SIG_ES256 .. SIG_EDDSA; NULL for SIG_NONE or out of range. */
const struct sig_alg_row *sig_alg_row(enum sig_alg alg);
/* Exact, case-sensitive name; SIG_NONE when unknown. */
enum sig_alg sig_alg_find(struct str name);

struct sig_key;

/* The public members, raw big-endian bytes: x and y (EC), x (OKP), n and e (RSA). Owned as the call says. */
struct sig_public {
	enum sig_alg alg;
	struct str x, y, n, e;
};

/* A new private key: RSA has 2048 bits, e = 65537. E_CRYPTO, E_RANDOM, E_NOMEM. */
must_check int sig_key_generate(enum sig_alg alg, struct sig_key **ret_key);
/* Private key as PKCS#8 DER (Ed25519 too, RFC 8410), appended; for sealing only. */
must_check int sig_key_private(const struct sig_key *key, struct buf *out);
/* Back from sig_key_private's bytes. E_SYNTAX when they are no key of this algorithm (or RSA < 2048 bits). */
must_check int sig_key_from_private(enum sig_alg alg, struct secret der, struct sig_key **ret_key);
/*
 * A public key from raw members. E_SYNTAX: a point not on the curve, wrong coordinate length, RSA below 2048 or above
 * 4096 bits (RFC 7518 3.3), even or tiny exponent, modulus with a leading zero.
 */
must_check int sig_key_from_public(const struct sig_public *members, struct sig_key **ret_key);
/* The public members; they live as long as the key. */
const struct sig_public *sig_key_public(const struct sig_key *key);
struct sig_key *sig_key_ref(struct sig_key *key);
/* NULL is allowed. The last unref wipes private parts. */
void sig_key_unref(struct sig_key *key);
void sig_key_unrefp(struct sig_key **key); /* for _cleanup_ */

/*
 * 0, or E_SIGNATURE. sig: JOSE form (ECDSA: r || s of exact length, RFC 7518 3.4). Never anything but those and
 * E_CRYPTO.
 */
must_check int sig_verify(const struct sig_key *key, struct str message, struct str sig);

struct sig_signer;

/* Needs a private key; takes its own reference. E_CRYPTO, E_NOMEM. */
must_check int sig_signer_new(struct sig_key *key, struct sig_signer **ret_signer);
void sig_signer_free(struct sig_signer *signer);
/* Signature in JOSE form into ret_sig (SIG_MAX bytes of room). E_CRYPTO. One thread at a time. */
must_check int sig_sign(struct sig_signer *signer, struct str message, unsigned char *ret_sig, size_t *ret_len);

#endif
