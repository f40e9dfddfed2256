/* UUIDs as 16 bytes (RFC 9562 4). Pure functions, thread-safe. */
#ifndef SERIES_UUID_H
#define SERIES_UUID_H

#include "base/buf.h"
#include "base/str.h"

enum { UUID_TEXT_LEN = 36 };

struct uuid {
	unsigned char b[16];
};

/* The form 8-4-4-4-12 in either case, nothing else (no braces, no "urn:uuid:"). E_SYNTAX. */
must_check int uuid_parse(struct str text, struct uuid *ret_uuid);
/* UUID_TEXT_LEN characters in lower case, no NUL. */
void uuid_write(const struct uuid *uuid, char *ret_text);
static inline bool uuid_eq(const struct uuid *a, const struct uuid *b) { return memcmp(a->b, b->b, 16) == 0; }

#endif
