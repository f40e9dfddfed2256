/*
 * Digests and keyed hashes. Thread-safe: each thread keeps its own context. Source: FIPS 180-4 by OpenSSL EVP,
 * SipHash-2-4 by libsodium.
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/secret.h"
#include "base/str.h"
#include "crypto/sig.h"

enum { SHA256_LEN = 32, SHA1_LEN = 20, DIGEST_MAX = 64 };

/* E_CRYPTO. */
must_check int digest_sha256(struct str bytes, unsigned char ret_digest[SHA256_LEN]);
/*
 * The hash of a signature algorithm (RFC 7518 3.3 to 3.5; EdDSA with Ed25519: SHA-512, RFC 8032 5.1): what OpenID
 * Connect Core 3.1.3.6 builds at_hash from. E_CRYPTO: no such algorithm.
 */
must_check int digest_of_alg(enum sig_alg alg, struct str bytes, unsigned char ret_digest[DIGEST_MAX],
			     size_t *ret_len);
/* The same without OpenSSL, whose start takes a millisecond: for programs that live for four. Thread-safe. */
void digest_sha256_light(struct str bytes, unsigned char ret_digest[SHA256_LEN]);
/* HKDF-SHA-256 (RFC 5869): len <= 255 * 32 bytes of key from secret key material. E_CRYPTO. */
must_check int digest_hkdf(struct str key, struct str salt, struct str info, unsigned char *ret_key, size_t len);
/* HMAC-SHA-1 (RFC 2104), for one-time codes alone: apps understand no other digest (RFC 4226 5.2). E_CRYPTO. */
must_check int digest_hmac_sha1(struct secret key, struct str message, unsigned char ret_mac[SHA1_LEN]);
/* A 64-bit keyed hash for tables whose keys the peer chooses. key: 16 bytes. Cannot fail. */
uint64_t digest_siphash(const unsigned char key[16], struct str bytes);

#endif
