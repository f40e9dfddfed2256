/* Inside of a signature key; internal to crypto/. See sig.h for what a key is. */
#ifndef CRYPTO_SIG_KEY_H
#define CRYPTO_SIG_KEY_H

#include <openssl/evp.h>
#include <sodium.h>
#include <stdatomic.h>

#include "crypto/sig.h"

struct sig_key {
	_Atomic unsigned refs;
	const struct sig_alg_row *row;
	EVP_PKEY *pkey;                                   /* EC and RSA */
	unsigned char ed_public[crypto_sign_PUBLICKEYBYTES]; /* OKP */
	unsigned char ed_secret[crypto_sign_SECRETKEYBYTES]; /* OKP, seed || public; zero in a public key */
	bool is_private;
	_Atomic(EVP_PKEY_CTX *) spare;                    /* for verifying; whoever takes it has it alone */
	struct sig_public members;                        /* point into bytes */
	unsigned char bytes[SIG_MAX + 8];                 /* x || y, x, or n || e */
};

/* The digest that an algorithm signs; NULL for EdDSA (which signs the message) or when crypto does not come up. */
const EVP_MD *sig_key_digest(const struct sig_key *key);

/*
 * RFC 7518 3.3 and 6.3.1: 2048 to 4096 bits, odd modulus without leading zero, odd exponent from 65537 up to 64 bits,
 * and not a modulus of the predictable family of CVE-2017-15361. E_SYNTAX.
 */
must_check int sig_rsa_check(struct str n, struct str e);

#endif
