/* user_code.c: RFC 8628 6.1; ledger 8628-6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fault.h"
#include "oauth/user_code.h"

static void refuses_what_can_be_no_code(void **state)
{
	static const struct str bad[] = {
		STR(""),          STR("BCDFGHJ"),   STR("BCDFGHJKL"),     STR("BCDF-GHJA"), STR("BCDF-GHJ0"),
		STR("BCDFGHJ\n"), STR("BCDFGHJ\t"), {"BCDF\0GHJK", 9},    STR("--------"),  STR("BCDFGH\xc3\x84"),
		STR("BCDFGHJ\xd0\x9a"), /* a Cyrillic look-alike */
		STR("B-C-D-F-G-H-J-K------------------------------------------------------------------------------"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char code[USER_CODE_LEN + 1] = "kept";
		assert_int_equal(user_code_parse(bad[i], code), E_SYNTAX);
		assert_string_equal(code, "kept");
	}
}

static void neither_case_nor_separators_count(void **state) /* 8628-6: RFC 8628 6.1 */
{
	static const struct str same[] = {
		STR("BCDFGHJK"), STR("BCDF-GHJK"), STR("bcdf-ghjk"), STR(" b c d f g h j k "), STR("BcDf.gHjK"),
		STR("bcdf_ghjk"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		char code[USER_CODE_LEN + 1];
		assert_int_equal(user_code_parse(same[i], code), 0);
		assert_string_equal(code, "BCDFGHJK");
	}
}

static void makes_codes_of_few_letters(void **state) /* 8628-6 */
{
	(void)state;
	unsigned seen[26] = {0};
	for (int i = 0; i < 500; i++) {
		char code[USER_CODE_LEN + 1], shown[USER_CODE_SHOWN_LEN + 1], again[USER_CODE_LEN + 1];
		assert_int_equal(user_code_new(code), 0);
		user_code_show(code, shown);
		assert_int_equal(strlen(shown), USER_CODE_SHOWN_LEN);
		assert_int_equal(shown[4], '-');
		assert_int_equal(user_code_parse(str_of(shown), again), 0);
		assert_string_equal(code, again);
		assert_null(strpbrk(code, "AEIOUY"));
		for (size_t k = 0; k < USER_CODE_LEN; k++)
			seen[code[k] - 'A']++;
	}
	unsigned letters = 0;
	for (size_t i = 0; i < 26; i++)
		letters += seen[i] > 0;
	assert_int_equal(letters, 20); /* missing one in 4000 draws: 1 in 10^87 */
}

static void without_entropy_there_is_no_code(void **state) /* ATTACKS 48 */
{
	char code[USER_CODE_LEN + 1] = "kept";
	(void)state;
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(user_code_new(code), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_string_equal(code, "kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_can_be_no_code),
		cmocka_unit_test(neither_case_nor_separators_count),
		cmocka_unit_test(makes_codes_of_few_letters),
		cmocka_unit_test(without_entropy_there_is_no_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
