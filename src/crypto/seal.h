/*
 * AES-256-GCM sealing under a purpose key: key = HKDF-SHA-256(master, info = "mintmark seal v1:" purpose). A sealed
 * text is version byte 0x01 || 12-byte random nonce || ciphertext || 16-byte tag; `bound` is authenticated and not
 * stored (AAD), so a sealed text only opens beside the row it belongs to. Thread-safe. NIST SP 800-38D.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/buf.h"
#include "base/secret.h"

enum { SEAL_MASTER_LEN = 32, SEAL_OVERHEAD = 1 + 12 + 16 };

/* Appends the sealed text. E_RANDOM, E_CRYPTO, or the buffer's failure. */
must_check int seal_close(const unsigned char master[SEAL_MASTER_LEN], struct str purpose, struct str bound,
			  struct secret plain, struct buf *out);
/* Appends the plain text. E_SIGNATURE when anything was altered, E_SYNTAX when it is no sealed text. */
must_check int seal_open(const unsigned char master[SEAL_MASTER_LEN], struct str purpose, struct str bound,
			 struct str sealed, struct buf *out);

#endif
