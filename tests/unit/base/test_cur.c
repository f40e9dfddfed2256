/* base/cur.c: every read fails on one byte too few and then takes nothing. */
#include "test.h"

#include "base/cur.h"

static const struct str bytes = STR("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17");

static void numbers(void **state)
{
	(void)state;
	struct cur cur = cur_of(bytes);
	uint8_t a = 0;
	uint16_t b = 0;
	uint32_t c = 0;
	uint64_t d = 0;
	assert_int_equal(cur_u8(&cur, &a), 0);
	assert_int_equal(cur_u16be(&cur, &b), 0);
	assert_int_equal(cur_u32be(&cur, &c), 0);
	assert_int_equal(cur_end(&cur), E_SYNTAX);
	assert_int_equal(cur_u64be(&cur, &d), 0);
	assert_int_equal(cur_end(&cur), 0);
	assert_int_equal(a, 0x01);
	assert_int_equal(b, 0x0203);
	assert_int_equal(c, 0x04050607);
	assert_true(d == 0x08090A0B0C0D0E0F);
}

static void too_short(void **state)
{
	(void)state;
	uint8_t a = 77;
	uint16_t b = 77;
	uint32_t c = 77;
	uint64_t d = 77;
	struct str s = STR("untouched");
	for (size_t len = 0; len < 8; len++) {
		struct cur cur = cur_of((struct str){bytes.p, len});
		if (len < 1)
			assert_int_equal(cur_u8(&cur, &a), E_SYNTAX);
		if (len < 2)
			assert_int_equal(cur_u16be(&cur, &b), E_SYNTAX);
		if (len < 4)
			assert_int_equal(cur_u32be(&cur, &c), E_SYNTAX);
		assert_int_equal(cur_u64be(&cur, &d), E_SYNTAX);
		assert_int_equal(cur_mem(&cur, len + 1, &s), E_SYNTAX);
		assert_int_equal(cur_mem(&cur, SIZE_MAX, &s), E_SYNTAX);
		assert_int_equal(cur.left, len);
	}
	assert_int_equal(a + b + (int)c + (int)d, 4 * 77);
	expect_str(s, STR("untouched"));
}

static void strings(void **state)
{
	(void)state;
	static const struct {
		struct str in;
		size_t max;
		int want16, want32;
	} rows[] = {
		{STR(""), 9, E_SYNTAX, E_SYNTAX},
		{STR("\0"), 9, E_SYNTAX, E_SYNTAX},
		{STR("\0\1"), 9, E_SYNTAX, E_SYNTAX},
		{STR("\0\3ab"), 9, E_SYNTAX, E_LIMIT},
		{STR("\0\2ab"), 1, E_LIMIT, E_LIMIT},
		{STR("\xFF\xFF\xFF\xFF"), SIZE_MAX, E_SYNTAX, E_SYNTAX},
		{STR("\0\0"), 0, 0, E_SYNTAX},
		{STR("\0\2abc"), 2, 0, E_LIMIT},
		{STR("\0\0\0\2abc"), 2, 0, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str s = STR("untouched");
		struct cur cur = cur_of(rows[i].in);
		assert_int_equal(cur_str16(&cur, rows[i].max, &s), rows[i].want16);
		assert_int_equal(cur.left, rows[i].want16 < 0 ? rows[i].in.len : rows[i].in.len - 2 - s.len);
		if (rows[i].want16 < 0)
			expect_str(s, STR("untouched"));
		cur = cur_of(rows[i].in);
		s = STR("untouched");
		assert_int_equal(cur_str32(&cur, rows[i].max, &s), rows[i].want32);
		expect_str(s, rows[i].want32 < 0 ? STR("untouched") : STR("ab"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(too_short), cmocka_unit_test(strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
