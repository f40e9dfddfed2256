/* SHA-2, HMAC-SHA-1, HKDF and SipHash; see digest.h. Runs in every process. */
#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <sodium.h>

#include "crypto/provider.h"

int digest_sha256(struct str bytes, unsigned char ret_digest[SHA256_LEN])
{
	const struct provider *provider = provider_get();
	return provider ? provider_digest(provider->sha256, bytes, ret_digest) : E_CRYPTO;
}

int digest_of_alg(enum sig_alg alg, struct str bytes, unsigned char ret_digest[DIGEST_MAX], size_t *ret_len)
{
	const struct provider *provider = provider_get();
	const EVP_MD *md = NULL;
	if (!provider)
		return E_CRYPTO;
	if (alg == SIG_ES256 || alg == SIG_RS256 || alg == SIG_PS256)
		md = provider->sha256;
	if (alg == SIG_ES384)
		md = provider->sha384;
	if (alg == SIG_EDDSA)
		md = provider->sha512;
	if (!md)
		return E_CRYPTO;
	TRY(provider_digest(md, bytes, ret_digest));
	*ret_len = (size_t)EVP_MD_get_size(md);
	return 0;
}

void digest_sha256_light(struct str bytes, unsigned char ret_digest[SHA256_LEN])
{
	_Static_assert(SHA256_LEN == crypto_hash_sha256_BYTES, "one length");
	(void)crypto_hash_sha256(ret_digest, (const unsigned char *)bytes.p, bytes.len); /* it cannot fail */
}

int digest_hkdf(struct str key, struct str salt, struct str info, unsigned char *ret_key, size_t len)
{
	const struct provider *provider = provider_get();
	EVP_KDF_CTX *ctx = provider ? EVP_KDF_CTX_new(provider->hkdf) : NULL;
	if (!ctx)
		return provider_fail(E_CRYPTO);
	OSSL_PARAM params[] = { /* the parameter type has no const; nothing is written through it */
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.p, key.len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.p, salt.len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.p, info.len),
		OSSL_PARAM_construct_end(),
	};
	int ok = EVP_KDF_derive(ctx, ret_key, len, params);
	EVP_KDF_CTX_free(ctx);
	return ok == 1 ? 0 : provider_fail(E_CRYPTO);
}

int digest_hmac_sha1(struct secret key, struct str message, unsigned char ret_mac[SHA1_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA1", 0),
		OSSL_PARAM_construct_end(),
	};
	unsigned char mac[SHA1_LEN];
	size_t len = 0;
	EVP_MAC *hmac = provider_get() ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL; /* a code a minute: not kept */
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	int ok = ctx && EVP_MAC_init(ctx, key.p, key.len, params) == 1 &&
		 EVP_MAC_update(ctx, (const unsigned char *)message.p, message.len) == 1 &&
		 EVP_MAC_final(ctx, mac, &len, sizeof(mac)) == 1 && len == sizeof(mac);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(hmac);
	if (!ok)
		return provider_fail(E_CRYPTO);
	memcpy(ret_mac, mac, sizeof(mac));
	secret_wipe(mac, sizeof(mac));
	return 0;
}

uint64_t digest_siphash(const unsigned char key[16], struct str bytes)
{
	unsigned char out[crypto_shorthash_siphash24_BYTES];
	uint64_t hash = 0;
	(void)crypto_shorthash_siphash24(out, (const unsigned char *)bytes.p, bytes.len, key);
	for (size_t i = sizeof(out); i-- > 0;)
		hash = hash << 8 | out[i];
	return hash;
}
