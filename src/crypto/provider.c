/* Algorithms fetched once, and the digest context every thread keeps; see provider.h. */
#include "crypto/provider.h"

#include <openssl/err.h>
#include <pthread.h>
#include <sodium.h>

#include "base/fault.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct provider fetched;
static bool ready;

static pthread_key_t context_key; /* only for its destructor */
static _Thread_local EVP_MD_CTX *context;

static void free_context(void *ctx) { EVP_MD_CTX_free(ctx); }

static void fetch(void)
{
	fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	fetched.sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
	fetched.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	fetched.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ready = sodium_init() >= 0 && fetched.sha256 && fetched.sha384 && fetched.sha512 &&
		fetched.aes_256_gcm && fetched.hkdf && pthread_key_create(&context_key, free_context) == 0;
}

const struct provider *provider_get(void)
{
	return pthread_once(&once, fetch) == 0 && ready ? &fetched : NULL;
}

int provider_fail(int code)
{
	ERR_clear_error();
	return code;
}

static EVP_MD_CTX *kept_context(void)
{
	if (context)
		return context;
	EVP_MD_CTX *fresh = fault_hit(FAULT_ALLOC) ? NULL : EVP_MD_CTX_new();
	if (!fresh || pthread_setspecific(context_key, fresh) != 0) {
		EVP_MD_CTX_free(fresh);
		return NULL;
	}
	return context = fresh;
}

int provider_digest(const EVP_MD *md, struct str bytes, unsigned char *ret_digest)
{
	EVP_MD_CTX *ctx = kept_context();
	if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, bytes.p, bytes.len) != 1 ||
	    EVP_DigestFinal_ex(ctx, ret_digest, NULL) != 1)
		return provider_fail(E_CRYPTO);
	return 0;
}
