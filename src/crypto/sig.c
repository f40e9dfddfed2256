/*
 * The table of algorithms, signing and verifying; see sig.h. RFC 7518 3.3 to 3.5, RFC 8037 3.1. Signing happens in keyd
 * only. Whoever adds a row adds nothing else: keys, JWKs and headers follow from it. HMAC, `none` and RSA1_5 must never
 * become rows.
 */
#include "crypto/sig.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/fault.h"
#include "crypto/provider.h"
#include "crypto/sig_key.h"

enum { COORD_MAX = 48, DIGEST_MAX = 48, DER_MAX = 2 + 2 * (3 + COORD_MAX) };

static const struct sig_alg_row rows[SIG_ALGS] = {
	[SIG_ES256] = {SIG_ES256, "ES256", "EC", "P-256", 32, 64},
	[SIG_ES384] = {SIG_ES384, "ES384", "EC", "P-384", 48, 96},
	[SIG_RS256] = {SIG_RS256, "RS256", "RSA", NULL, 0, 0},
	[SIG_PS256] = {SIG_PS256, "PS256", "RSA", NULL, 0, 0},
	[SIG_EDDSA] = {SIG_EDDSA, "EdDSA", "OKP", "Ed25519", 32, 64},
};

const struct sig_alg_row *sig_alg_row(enum sig_alg alg)
{
	return alg > SIG_NONE && alg < SIG_ALGS ? &rows[alg] : NULL;
}

enum sig_alg sig_alg_find(struct str name)
{
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		if (str_eq(name, str_of(rows[alg].name)))
			return alg;
	return SIG_NONE;
}

static bool is_ec(const struct sig_key *key) { return key->members.y.len > 0; }

/*
 * DER INTEGER of an unsigned big-endian number, appended at *at; false for zero (RFC 7518 3.4, FIPS 186-4 6.4: 1 <= r,
 * s < n).
 */
static bool put_integer(unsigned char **at, const unsigned char *number, size_t len)
{
	while (len > 0 && *number == 0) {
		number++;
		len--;
	}
	if (len == 0)
		return false;
	unsigned pad = *number >> 7;
	*(*at)++ = 0x02;
	*(*at)++ = (unsigned char)(len + pad);
	if (pad)
		*(*at)++ = 0;
	memcpy(*at, number, len);
	*at += len;
	return true;
}

/* r || s -> the DER that OpenSSL takes; 0 when it is no signature. */
static size_t to_der(const struct sig_key *key, struct str sig, unsigned char ret_der[DER_MAX])
{
	const unsigned char *raw = (const unsigned char *)sig.p;
	size_t coord = key->row->coord_len;
	unsigned char *at = ret_der + 2;
	if (sig.len != key->row->sig_len || !put_integer(&at, raw, coord) || !put_integer(&at, raw + coord, coord))
		return 0;
	ret_der[0] = 0x30;
	ret_der[1] = (unsigned char)(at - ret_der - 2); /* at most 102: one length byte */
	return (size_t)(at - ret_der);
}

/* Take one DER INTEGER into coord bytes with leading zeros. */
static bool take_integer(const unsigned char **at, const unsigned char *end, unsigned char *ret_number, size_t coord)
{
	if (end - *at < 2 || (*at)[0] != 0x02)
		return false;
	size_t len = (*at)[1];
	const unsigned char *number = *at + 2;
	if (len == 0 || len > (size_t)(end - number))
		return false;
	*at = number + len;
	for (; len > coord && *number == 0; len--)
		number++;
	if (len > coord)
		return false;
	memset(ret_number, 0, coord - len);
	memcpy(ret_number + coord - len, number, len);
	return true;
}

/* The DER that OpenSSL made -> r || s of full length (RFC 7518 3.4). */
static int from_der(const struct sig_key *key, const unsigned char *der, size_t len, unsigned char *ret_sig)
{
	size_t coord = key->row->coord_len;
	const unsigned char *at = der + 2, *end = der + len;
	if (len < 2 || der[0] != 0x30 || der[1] != len - 2 || !take_integer(&at, end, ret_sig, coord) ||
	    !take_integer(&at, end, ret_sig + coord, coord) || at != end)
		return E_CRYPTO;
	return 0;
}

/* Digest and padding of the algorithm; the context is fresh from sign_init or verify_init. */
static bool set_scheme(const struct sig_key *key, EVP_PKEY_CTX *ctx)
{
	const EVP_MD *md = sig_key_digest(key);
	if (!md || EVP_PKEY_CTX_set_signature_md(ctx, md) != 1)
		return false;
	if (is_ec(key))
		return true;
	if (key->row->alg == SIG_RS256)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	/* RFC 7518 3.5: MGF1 with the same digest, salt as long as the digest */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static void free_context(EVP_PKEY_CTX **ctx) { EVP_PKEY_CTX_free(*ctx); }

/*
 * A context for verifying takes 3 us to make, RS256 14 us to use: one is kept with the key, and a thread that finds it
 * taken makes its own. The key is shared and constant but for this slot.
 */
static _Atomic(EVP_PKEY_CTX *) *slot_of(const struct sig_key *key)
{
	return &((struct sig_key *)(uintptr_t)key)->spare;
}

static EVP_PKEY_CTX *take_context(const struct sig_key *key)
{
	EVP_PKEY_CTX *spare = atomic_exchange_explicit(slot_of(key), NULL, memory_order_acquire);
	if (spare)
		return spare;
	_cleanup_(free_context) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (!ctx || EVP_PKEY_verify_init(ctx) != 1 || !set_scheme(key, ctx))
		return NULL;
	return TAKE(ctx);
}

static void give_back(const struct sig_key *key, EVP_PKEY_CTX *ctx)
{
	EVP_PKEY_CTX_free(atomic_exchange_explicit(slot_of(key), ctx, memory_order_acq_rel));
}

static int verify_digest(const struct sig_key *key, const unsigned char *digest, struct str sig)
{
	_cleanup_(free_context) EVP_PKEY_CTX *ctx = take_context(key);
	if (!ctx)
		return provider_fail(E_CRYPTO);
	size_t digest_len = (size_t)EVP_MD_get_size(sig_key_digest(key));
	/* 0 and every negative answer mean the same to us: it does not fit */
	if (EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.len, digest, digest_len) != 1)
		return provider_fail(E_SIGNATURE);
	give_back(key, TAKE(ctx)); /* only one that did its work */
	return 0;
}

static int verify_ed25519(const struct sig_key *key, struct str message, struct str sig)
{
	/* libsodium refuses S >= L, small-order R and A, keys not in canonical form (RFC 8032 5.1.7, RFC 8725 3.4) */
	if (sig.len != key->row->sig_len ||
	    crypto_sign_verify_detached((const unsigned char *)sig.p, (const unsigned char *)message.p, message.len,
					key->ed_public) != 0)
		return E_SIGNATURE;
	return 0;
}

int sig_verify(const struct sig_key *key, struct str message, struct str sig)
{
	unsigned char digest[DIGEST_MAX], der[DER_MAX];
	if (key->row->alg == SIG_EDDSA)
		return verify_ed25519(key, message, sig);
	if (is_ec(key)) { /* RFC 7518 3.4: exactly r || s, never DER */
		size_t len = to_der(key, sig, der);
		if (len == 0)
			return E_SIGNATURE;
		sig = str_mem(der, len);
	} else if (sig.len != key->members.n.len) { /* RFC 8017 8.1.2, 8.2.2: as long as the modulus */
		return E_SIGNATURE;
	}
	const EVP_MD *md = sig_key_digest(key);
	if (!md)
		return E_CRYPTO;
	TRY(provider_digest(md, message, digest));
	return verify_digest(key, digest, sig);
}

struct sig_signer {
	struct sig_key *key;
	EVP_PKEY_CTX *ctx; /* EC and RSA: initialised for signing once */
};

int sig_signer_new(struct sig_key *key, struct sig_signer **ret_signer)
{
	if (!key->is_private)
		return E_CRYPTO;
	struct sig_signer *signer = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*signer));
	if (!signer)
		return E_NOMEM;
	signer->key = sig_key_ref(key);
	if (key->pkey) {
		signer->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
		if (!signer->ctx || EVP_PKEY_sign_init(signer->ctx) != 1 || !set_scheme(key, signer->ctx)) {
			sig_signer_free(signer);
			return provider_fail(E_CRYPTO);
		}
	}
	*ret_signer = signer;
	return 0;
}

void sig_signer_free(struct sig_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_CTX_free(signer->ctx);
	sig_key_unref(signer->key);
	free(signer);
}

static int sign_ec(struct sig_signer *signer, const unsigned char *digest, size_t digest_len, unsigned char *ret_sig)
{
	unsigned char der[DER_MAX + 8]; /* OpenSSL asks for the room of its own estimate */
	size_t len = sizeof(der);
	if (EVP_PKEY_sign(signer->ctx, der, &len, digest, digest_len) != 1)
		return provider_fail(E_CRYPTO);
	return from_der(signer->key, der, len, ret_sig);
}

int sig_sign(struct sig_signer *signer, struct str message, unsigned char *ret_sig, size_t *ret_len)
{
	const struct sig_key *key = signer->key;
	unsigned char digest[DIGEST_MAX];
	size_t len = key->row->sig_len > 0 ? key->row->sig_len : SIG_MAX;
	if (key->row->alg == SIG_EDDSA) {
		crypto_sign_detached(ret_sig, NULL, (const unsigned char *)message.p, message.len, key->ed_secret);
		*ret_len = len;
		return 0;
	}
	const EVP_MD *md = sig_key_digest(key);
	if (!md)
		return E_CRYPTO;
	TRY(provider_digest(md, message, digest));
	size_t digest_len = (size_t)EVP_MD_get_size(md);
	if (is_ec(key))
		TRY(sign_ec(signer, digest, digest_len, ret_sig));
	else if (EVP_PKEY_sign(signer->ctx, ret_sig, &len, digest, digest_len) != 1)
		return provider_fail(E_CRYPTO);
	*ret_len = len;
	return 0;
}
