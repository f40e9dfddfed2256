/* base/arena.c. */
#include "test.h"

#include "base/arena.h"
#include "base/fault.h"

static void zeroed_and_aligned(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 100000);
	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = arena_alloc(&arena, size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xA5, size);
	}
	arena_done(&arena);
}

static void maximum(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 10000);
	assert_null(arena_alloc(&arena, 10001));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 7));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	size_t got = 0;
	while (arena_alloc(&arena, 1000))
		got += 1000;
	assert_in_range(got, 6000, 10000);
	arena_done(&arena);
	arena_init(&arena, 0);
	assert_null(arena_alloc(&arena, 1));
	arena_done(&arena);
}

/* Many small arenas take little; what does not fit a block gets one of its own, and the maximum holds. */
static void small_blocks(void **state)
{
	(void)state;
	struct arena arena;
	arena_init_blocks(&arena, 5000, 512);
	assert_non_null(arena_alloc(&arena, 100));
	assert_int_equal(arena.used, 512);
	assert_non_null(arena_alloc(&arena, 2000));
	assert_in_range(arena.used, 2512, 2700);
	assert_null(arena_alloc(&arena, 4000));
	arena_reset(&arena);
	assert_int_equal(arena.used, 512);
	arena_done(&arena);
	assert_non_null(arena_alloc(&arena, 100));
	assert_int_equal(arena.used, 512);
	arena_done(&arena);
}

/* Secrets of one request must not be there for the next one. */
static void reset_wipes_and_keeps_one_block(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 100000);
	unsigned char *first = arena_alloc(&arena, 100);
	assert_non_null(first);
	memset(first, 0xA5, 100);
	for (int i = 0; i < 10; i++)
		assert_non_null(arena_alloc(&arena, 4000));
	size_t before = arena.used;
	arena_reset(&arena);
	for (int i = 0; i < 100; i++)
		assert_int_equal(first[i], 0);
	assert_true(arena.used < before);
	assert_ptr_equal(arena_alloc(&arena, 100), first);
	arena_done(&arena);
	assert_int_equal(arena.used, 0);
}

static void reset_gives_a_large_block_back(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 100000);
	assert_non_null(arena_alloc(&arena, 65537));
	assert_non_null(arena_alloc(&arena, 100));
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_alloc(&arena, 100));
	assert_true(arena.used <= 8192);
	arena_done(&arena);
}

static void used_does_not_creep(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 20000);
	for (int round = 0; round < 1000; round++) {
		assert_non_null(arena_alloc(&arena, 3000));
		assert_non_null(arena_alloc(&arena, 9000));
		arena_reset(&arena);
	}
	arena_done(&arena);
	assert_non_null(arena_alloc(&arena, 15000));
	arena_done(&arena);
}

static void text(void **state)
{
	(void)state;
	struct arena arena;
	struct str s = STR("untouched");
	arena_init(&arena, 5000);
	assert_int_equal(arena_str(&arena, (struct str){"x", 6000}, &s), E_NOMEM);
	assert_int_equal(arena_str(&arena, (struct str){"x", SIZE_MAX}, &s), E_NOMEM);
	assert_int_equal(arena_printf(&arena, &s, "%6000d", 1), E_NOMEM);
	expect_str(s, STR("untouched"));
	assert_int_equal(arena_str(&arena, STR("a\0b"), &s), 0);
	expect_str(s, STR("a\0b"));
	assert_int_equal(s.p[3], 0);
	assert_int_equal(arena_str(&arena, (struct str){NULL, 0}, &s), 0);
	assert_int_equal(s.len, 0);
	assert_int_equal(arena_printf(&arena, &s, "%s=%d", "n", 42), 0);
	expect_str(s, STR("n=42"));
	arena_done(&arena);
}

static void heap_failure(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct arena arena;
	arena_init(&arena, 100000);
	fault_arm(FAULT_ALLOC, 1);
	assert_null(arena_alloc(&arena, 10));
	assert_true(fault_reached(FAULT_ALLOC));
	assert_non_null(arena_alloc(&arena, 10));
	fault_arm(FAULT_ALLOC, 1);
	assert_non_null(arena_alloc(&arena, 10)); /* no heap call, no fault */
	assert_null(arena_alloc(&arena, 8000));
	arena_done(&arena);
#else
	skip();
#endif
}

static void every_size_around_a_block_fits(void **state)
{
	(void)state;
	for (size_t size = 4000; size < 4200; size++) {
		struct arena arena;
		arena_init(&arena, 65536);
		char *p = arena_alloc(&arena, size);
		assert_non_null(p);
		memset(p, 0x55, size);
		assert_true(arena.left < 65536);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_and_aligned), cmocka_unit_test(maximum),
		cmocka_unit_test(small_blocks),
		cmocka_unit_test(reset_wipes_and_keeps_one_block), cmocka_unit_test(reset_gives_a_large_block_back),
		cmocka_unit_test(used_does_not_creep),
		cmocka_unit_test(text), cmocka_unit_test(heap_failure),
		cmocka_unit_test(every_size_around_a_block_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
