/*
 * Bytes that must not be seen: client secrets, keys, assertions, tokens on their way in. A type of its own, so that
 * log fields (base/log.h) do not accept it, comparing it takes constant time, and letting it go wipes it.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/str.h"

struct secret {
	const unsigned char *p;
	size_t len;
};

static inline struct secret secret_of(struct str s) { return (struct secret){(const unsigned char *)s.p, s.len}; }

/* Overwrite n bytes; never optimised away. */
void secret_wipe(void *p, size_t n);
/* Equality in time that depends on the lengths only. */
must_check bool secret_eq(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
