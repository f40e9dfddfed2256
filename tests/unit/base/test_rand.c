/* base/rand.c. */
#include "test.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"

static int order(const void *a, const void *b) { return memcmp(a, b, 16); }

static void no_repeats(void **state)
{
	(void)state;
	enum { N = 20000 };
	unsigned char(*ids)[16] = calloc(N, 16);
	assert_non_null(ids);
	for (int i = 0; i < N; i++)
		assert_int_equal(i % 2 ? rand_bytes(ids[i], 16) : rand_public(ids[i], 16), 0);
	qsort(ids, N, 16, order);
	for (int i = 1; i < N; i++)
		assert_true(memcmp(ids[i - 1], ids[i], 16) != 0);
	free(ids);
}

/* Every bit takes both values: no part of a piece stays unwritten, whatever its length. */
static void every_bit_moves(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 64; n++) {
		unsigned char ones[64] = {0}, zeros[64] = {0}, piece[65];
		piece[n] = 0xA5;
		for (int round = 0; round < 64; round++) {
			assert_int_equal(rand_public(piece, n), 0);
			for (size_t i = 0; i < n; i++) {
				ones[i] |= piece[i];
				zeros[i] |= (unsigned char)~piece[i];
			}
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(ones[i] & zeros[i], 0xFF);
		assert_int_equal(piece[n], 0xA5);
	}
}

static void bounds(void **state)
{
	(void)state;
	unsigned char bytes[300];
	assert_int_equal(rand_public(bytes, 65), E_RANDOM);
	assert_int_equal(rand_public(bytes, 0), 0);
	assert_int_equal(rand_bytes(bytes, 0), 0);
	assert_int_equal(rand_bytes(bytes, sizeof(bytes)), 0); /* getrandom(2) may return 256 at a time */
}

static void no_entropy_is_an_error(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	unsigned char bytes[64];
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(rand_bytes(bytes, 16), E_RANDOM);
	fault_arm(FAULT_RANDOM, 1);
	int rc = 0;
	for (int i = 0; i < 17 && rc == 0; i++) /* the pool of 1024 bytes runs dry meanwhile */
		rc = rand_public(bytes, 64);
	assert_int_equal(rc, E_RANDOM);
	assert_int_equal(rand_public(bytes, 64), 0);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_repeats), cmocka_unit_test(every_bit_moves), cmocka_unit_test(bounds),
		cmocka_unit_test(no_entropy_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
