/* base/secret.c. */
#include "test.h"

#include "base/secret.h"

static void one_bit_makes_a_difference(void **state)
{
	(void)state;
	unsigned char a[40], b[40];
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (unsigned char)(i * 7);
	assert_true(secret_eq(a, sizeof(a), b, sizeof(b)));
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		b[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(secret_eq(a, sizeof(a), b, sizeof(b)));
		b[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

static void lengths(void **state)
{
	(void)state;
	assert_false(secret_eq("ab", 2, "abc", 3));
	assert_false(secret_eq("abc", 3, "ab", 2));
	assert_false(secret_eq("", 0, "\0", 1));
	assert_true(secret_eq("", 0, "", 0));
	assert_true(secret_eq(NULL, 0, NULL, 0));
	assert_true(secret_eq("a\0b", 3, "a\0b", 3));
	assert_false(secret_eq("a\0b", 3, "a\0c", 3));
}

static void wipe(void **state)
{
	(void)state;
	char bytes[8] = "1234567";
	secret_wipe(bytes + 1, 5);
	assert_memory_equal(bytes, "1\0\0\0\0\0" "7", 8);
	secret_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_bit_makes_a_difference), cmocka_unit_test(lengths), cmocka_unit_test(wipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
