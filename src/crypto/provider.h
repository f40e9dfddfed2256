/*
 * What this folder fetches once from OpenSSL's default provider: looking algorithms up by name costs more than a
 * SHA-256. Internal to crypto/. Thread-safe: fetched under pthread_once, constant afterwards.
 */
#ifndef CRYPTO_PROVIDER_H
#define CRYPTO_PROVIDER_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/str.h"

struct provider {
	EVP_MD *sha256, *sha384, *sha512;
	EVP_CIPHER *aes_256_gcm;
	EVP_KDF *hkdf;
};

/* NULL when OpenSSL or libsodium does not come up; then nothing of crypto/ works. */
const struct provider *provider_get(void);

/* A digest with this thread's kept context; size of ret_digest as the algorithm has it. E_CRYPTO. */
must_check int provider_digest(const EVP_MD *md, struct str bytes, unsigned char *ret_digest);

/* Forget what a failed call left in OpenSSL's per-thread error queue, and give back code. */
int provider_fail(int code);

#endif
