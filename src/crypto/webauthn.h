/*
 * What WebAuthn says in binary: attestation objects, authenticator data, COSE keys, signatures (WebAuthn 6, RFC 9052,
 * RFC 9053), by libfido2 as a verifier. The only user of libfido2; no device is ever opened. JSON and challenges:
 * account/passkey.h. Thread-safe: nothing is kept between calls.
 *
 * All input is a stranger's and bounded here before libfido2's CBOR reader sees it.
 */
#ifndef CRYPTO_WEBAUTHN_H
#define CRYPTO_WEBAUTHN_H

#include "base/str.h"
#include "crypto/digest.h"

enum {
	WEBAUTHN_OBJECT_MAX = 16384,  /* attestation object: with a chain of certificates that nobody looks at */
	WEBAUTHN_DATA_MAX = 2048,     /* authenticator data */
	WEBAUTHN_SIG_MAX = 512,
	WEBAUTHN_ID_MAX = 256,
	WEBAUTHN_KEY_MAX = 300,       /* COSE; the largest is RS256 with 2048 bits */
};

/* What may sign: COSE algorithm numbers (RFC 9053 2.1, RFC 8812 2), the best first. Ends with 0. */
extern const int webauthn_algs[];

struct webauthn_created {
	unsigned char id[WEBAUTHN_ID_MAX], key[WEBAUTHN_KEY_MAX];
	size_t id_len, key_len;
	uint32_t counter;
};

/*
 * A new credential (WebAuthn 7.1, steps that concern the attestation object): made for this rp_id, by somebody who was
 * there and verified (UP, UV), with a key of an algorithm above. The attestation is not looked at: `none` is asked for,
 * and no other is worth more. E_SYNTAX: malformed, too large, a weak key. E_ACCESS_DENIED: sound, but for another
 * rp_id, or without one of the flags. E_NOMEM, E_CRYPTO.
 */
must_check int webauthn_create(struct str object, struct str rp_id, struct webauthn_created *ret_created);

struct webauthn_assertion {
	struct str data;                          /* authenticator data as signed */
	unsigned char client_sha256[SHA256_LEN];  /* of the client data */
	struct str sig;
	struct str key;                           /* as webauthn_create gave it */
};

/*
 * A proof of possession (WebAuthn 7.2 steps 13 to 21). E_SYNTAX: malformed. E_ACCESS_DENIED: another rp_id, a flag is
 * missing, or the signature does not fit. E_NOMEM, E_CRYPTO.
 */
must_check int webauthn_check(const struct webauthn_assertion *assertion, struct str rp_id, uint32_t *ret_counter);

#endif
