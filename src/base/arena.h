/*
 * An arena: memory that lives exactly as long as one request (or one parse). Allocation is a pointer bump;
 * everything is freed at once. It has a maximum from birth. Not thread-safe: one owner at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;                 /* the free part of the newest block */
	size_t left;
	size_t used, max;           /* bytes taken from the heap, and their bound */
	size_t room;                /* of a block of usual size */
};

/* Caller's memory. Nothing is taken from the heap before the first allocation. max in bytes. */
void arena_init(struct arena *arena, size_t max);
/* The same, taking blocks of this many bytes (128 or more) from the heap instead of 4096: for many that live long. */
void arena_init_blocks(struct arena *arena, size_t max, size_t block);
/* Forget all allocations, wipe; a first block of usual size is kept for the next request. */
void arena_reset(struct arena *arena);
/* Wipe and free everything; the arena may be used again as after arena_init. */
void arena_done(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL when the heap or the maximum is exhausted. */
must_check void *arena_alloc(struct arena *arena, size_t size);
/* n elements of size bytes; NULL on overflow too. */
must_check void *arena_array(struct arena *arena, size_t n, size_t size);
/* A copy of s (and a NUL behind it that is not counted). E_NOMEM. */
must_check int arena_str(struct arena *arena, struct str s, struct str *ret_copy);
/* printf into the arena. E_NOMEM. */
must_check int arena_printf(struct arena *arena, struct str *ret_text, const char *fmt, ...) printf_like(3, 4);

#endif
