/* What the public faces (mintmark_*.c here and in src/client) share on their way in and out. Pure. */
#ifndef VERIFY_PUBLIC_H
#define VERIFY_PUBLIC_H

#include "base/buf.h"

/* A number of an options struct: 0 stands for the default. */
struct public_number {
	uint32_t given, least, most, preset;
	uint32_t *value; /* where it goes */
};

/* False: one is out of its range. */
bool public_numbers_read(const struct public_number *numbers, size_t n);
/* As much as fits into size bytes with the NUL, not ending in the middle of a character. size > 0. */
void public_put_text(const struct buf *text, char *ret_text, size_t size);

#endif
