/*
 * As much of CBOR (RFC 8949) as taking an attestation object apart needs: heads, and skipping a value. Definite lengths
 * only (CTAP 2.1 8). Pure functions over borrowed bytes, thread-safe; fuzzed by way of crypto/webauthn.h.
 */
#ifndef CRYPTO_CBOR_H
#define CRYPTO_CBOR_H

#include "base/cur.h"

enum cbor_major { CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };
enum { CBOR_DEPTH_MAX = 4 };

/* The first bytes of a value: what it is, and its number, length or count. E_SYNTAX. */
must_check int cbor_head(struct cur *cur, enum cbor_major *ret_major, uint64_t *ret_arg);
/* A value of this kind, CBOR_BYTES or CBOR_TEXT, borrowed. E_SYNTAX. */
must_check int cbor_string(struct cur *cur, enum cbor_major major, struct str *ret_bytes);
/* Over one value, whatever it is, not nested deeper than CBOR_DEPTH_MAX. E_SYNTAX. */
must_check int cbor_skip(struct cur *cur);

#endif
