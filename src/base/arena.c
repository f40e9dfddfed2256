/* Request-lifetime memory; see arena.h. Blocks are wiped before they go back: requests carry secrets. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

enum { BLOCK_USUAL = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data[] */
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t max) { arena_init_blocks(arena, max, BLOCK_USUAL); }

void arena_init_blocks(struct arena *arena, size_t max, size_t block)
{
	*arena = (struct arena){.max = max, .room = block - sizeof(struct arena_block)};
}

static void wipe_block(struct arena_block *block, size_t used) { explicit_bzero(block->data, used); }

void arena_reset(struct arena *arena)
{
	struct arena_block *block = arena->blocks;
	if (!block)
		return;
	size_t used = block->size - arena->left;
	/* A large first block goes too: recycled arenas must not hold what the largest request ever took. */
	while (block && (block->next || block->size > arena->room)) {
		struct arena_block *next = block->next;
		wipe_block(block, used);
		arena->used -= block->size + sizeof(*block);
		free(block);
		block = next;
		used = block ? block->size : 0;
	}
	if (block)
		wipe_block(block, used);
	arena->blocks = block;
	arena->next = block ? block->data : NULL;
	arena->left = block ? block->size : 0;
}

void arena_done(struct arena *arena)
{
	arena_reset(arena);
	free(arena->blocks);
	*arena = (struct arena){.max = arena->max, .room = arena->room};
}

static int grow(struct arena *arena, size_t size)
{
	size_t want = size > arena->room ? size : arena->room;
	size_t total = want + sizeof(struct arena_block);
	if (want > arena->max || arena->used > arena->max - want || fault_hit(FAULT_ALLOC))
		return E_NOMEM;
	struct arena_block *block = malloc(total);
	if (!block)
		return E_NOMEM;
	block->next = arena->blocks;
	block->size = want;
	arena->blocks = block;
	arena->next = block->data;
	arena->left = want;
	arena->used += total;
	return 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	if (size > SIZE_MAX - align)
		return NULL;
	size = size > 0 ? (size + align - 1) / align * align : align; /* an empty array is no failure */
	if (size > arena->left && grow(arena, size) < 0)
		return NULL;
	void *p = arena->next;
	arena->next += size;
	arena->left -= size;
	memset(p, 0, size);
	return p;
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, n * size);
}

int arena_str(struct arena *arena, struct str s, struct str *ret_copy)
{
	if (s.len == SIZE_MAX)
		return E_NOMEM;
	char *p = arena_alloc(arena, s.len + 1);
	if (!p)
		return E_NOMEM;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	*ret_copy = (struct str){p, s.len};
	return 0;
}

int arena_printf(struct arena *arena, struct str *ret_text, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *p = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
	if (p)
		vsnprintf(p, (size_t)len + 1, fmt, again);
	va_end(again);
	if (!p)
		return E_NOMEM;
	*ret_text = (struct str){p, (size_t)len};
	return 0;
}
