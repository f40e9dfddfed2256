/* Which passwords are taken; see account/strength.h. ATTACKS 31. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "account/strength.h"
#include "crypto/password.h"

static const struct strength_rules usual = {10, 3};

static enum strength check(const struct strength_rules *rules, struct str password)
{
	const struct str words[] = {STR("alice.miller@wonderland.example"), STR("Alice Miller")};
	return strength_check(rules, secret_of(password), words, 2);
}

static void refuses(void **state)
{
	static const struct {
		struct str password;
		enum strength why;
	} rows[] = {
		{STR(""), STRENGTH_SHORT},
		{STR("Xk9!mP2$q"), STRENGTH_SHORT},                         /* nine characters, whatever they are */
		{STR("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xE2\x82\xAC"), STRENGTH_SHORT}, /* 13 bytes, five characters */
		{STR("password123"), STRENGTH_GUESSABLE},
		{STR("aaaaaaaaaaaaaaaa"), STRENGTH_GUESSABLE},
		{STR("qwertyuiop"), STRENGTH_GUESSABLE},
		{STR("1234567890123"), STRENGTH_GUESSABLE},
		{STR("letmein2024"), STRENGTH_GUESSABLE},
		{STR("P@ssw0rd2023"), STRENGTH_GUESSABLE},
		{STR("alice.miller@wonderland.example"), STRENGTH_GUESSABLE}, /* what everybody knows of her */
		{STR("wonderland1"), STRENGTH_GUESSABLE},
		{STR("AliceMiller"), STRENGTH_GUESSABLE},
		{STR("mintmarkmintmark"), STRENGTH_GUESSABLE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum strength found = check(&usual, rows[i].password);
		if (found != rows[i].why)
			fail_msg("%.*s gives %d", STR_ARG(rows[i].password), (int)found);
		assert_true(strength_advice(found).len > 0);
	}
}

static void takes(void **state)
{
	static const struct str rows[] = {
		STR("correct horse battery staple"), STR("tr0mbone-gravel-Sunday-kiln"), STR("Xk9!mP2$qZ7&"),
		STR("\xE3\x81\x82\xE3\x81\x97\xE3\x81\x9F\xE3\x81\xAF\xE9\x9B\xA8\xE3\x81\xA0\xE3\x82\x8D\xE3\x81\x86"
		    "\xE3\x81\x8B\xE5\x82\x98"),
		STR(" leading and trailing count  "),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(check(&usual, rows[i]), STRENGTH_GOOD);
	assert_int_equal(strength_advice(STRENGTH_GOOD).len, 0);
}

static void follows_the_rules(void **state)
{
	static const struct strength_rules loose = {8, 0}, strict = {16, 4}, beyond = {8, 99};
	(void)state;
	assert_int_equal(check(&loose, STR("password")), STRENGTH_GOOD);
	assert_int_equal(check(&loose, STR("passwor")), STRENGTH_SHORT);
	assert_int_equal(check(&strict, STR("Xk9!mP2$qZ7&")), STRENGTH_SHORT);
	assert_int_equal(check(&strict, STR("tr0mbone-gravel-Sunday-kiln")), STRENGTH_GOOD);
	assert_int_equal(check(&beyond, STR("password123")), STRENGTH_GUESSABLE);
}

/* The cap stands before the hash, and up to it every byte counts. */
static void test_attack_31_no_byte_is_cut_off(void **state)
{
	char mem[STRENGTH_BYTES_MAX + 2], other[100];
	char phc_mem[PASSWORD_PHC_MAX + 1];
	struct buf phc;
	(void)state;
	for (size_t i = 0; i < sizeof(mem); i++)
		mem[i] = (char)('!' + (i * 37 + i / 7) % 90);
	assert_int_equal(check(&usual, str_mem(mem, STRENGTH_BYTES_MAX)), STRENGTH_GOOD);
	assert_int_equal(check(&usual, str_mem(mem, STRENGTH_BYTES_MAX + 1)), STRENGTH_LONG);
	assert_int_equal(check(&usual, str_mem(mem, 100)), STRENGTH_GOOD);
	buf_init_fixed(&phc, phc_mem, sizeof(phc_mem));
	assert_int_equal(password_hash(secret_of(str_mem(mem, 100)), &phc), 0);
	assert_int_equal(password_check(secret_of(str_mem(mem, 100)), buf_str(&phc)), 0);
	for (size_t i = 72; i < 100; i += 9) { /* bcrypt would not see these */
		memcpy(other, mem, 100);
		other[i] ^= 1;
		assert_int_equal(password_check(secret_of(str_mem(other, 100)), buf_str(&phc)), E_SIGNATURE);
	}
	assert_int_equal(password_check(secret_of(str_mem(mem, 99)), buf_str(&phc)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(str_mem(mem, 101)), buf_str(&phc)), E_SIGNATURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses), cmocka_unit_test(takes), cmocka_unit_test(follows_the_rules),
		cmocka_unit_test(test_attack_31_no_byte_is_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
