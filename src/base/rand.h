/* Entropy from the kernel. Thread-safe. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include "base/str.h"

/* n bytes of getrandom(2), unbuffered: secrets, keys, ids. E_RANDOM (then nothing may be issued). */
must_check int rand_bytes(void *ret_bytes, size_t n);
/*
 * n <= 64 bytes from a per-thread pool that one getrandom(2) call fills: unique, unpredictable ids that are public soon
 * after (jti, request id). Bytes are wiped from the pool when handed out. E_RANDOM.
 */
must_check int rand_public(void *ret_bytes, size_t n);
/*
 * The id of a request: RAND_ID_LEN characters of base64url and a NUL. Unguessable, so that nobody can plant an id into
 * our log; a convenience, so without entropy it is empty and nothing fails.
 */
enum { RAND_ID_LEN = 16 };
struct str rand_id(char ret_id[RAND_ID_LEN + 1]);

#endif
