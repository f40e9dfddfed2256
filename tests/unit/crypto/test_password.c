/* Argon2id: wrong, cut and foreign hashes are refused; every byte of a long password counts (ATTACKS 31). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "crypto/password.h"

static char mem[PASSWORD_PHC_MAX];
static struct buf phc;

static void hash_of(struct str password)
{
	buf_init_fixed(&phc, mem, sizeof(mem));
	assert_int_equal(password_hash(secret_of(password), &phc), 0);
}

static void refuses_others(void **state)
{
	(void)state;
	hash_of(STR("correct horse"));
	assert_int_equal(password_check(secret_of(STR("correct horsf")), buf_str(&phc)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("correct hors")), buf_str(&phc)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("")), buf_str(&phc)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("correct horse")), str_mem(phc.p, phc.len - 1)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("x")), STR("")), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("x")), STR("x")), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(STR("x")), STR("$argon2id$\0")), E_SIGNATURE);
	assert_int_equal(password_check_nothing(secret_of(STR("x"))), E_SIGNATURE);
}

static void long_tails_count(void **state)
{
	char a[100], b[100];
	(void)state;
	memset(a, 'a', sizeof(a));
	memcpy(b, a, sizeof(b));
	b[99] = 'b';
	hash_of(str_mem(a, sizeof(a)));
	assert_int_equal(password_check(secret_of(str_mem(b, sizeof(b))), buf_str(&phc)), E_SIGNATURE);
	assert_int_equal(password_check(secret_of(str_mem(a, sizeof(a))), buf_str(&phc)), 0);
}

static void writes_phc(void **state)
{
	static const char start[] = "$argon2id$v=19$m=19456,t=2,p=1$";
	char first[PASSWORD_PHC_MAX];
	(void)state;
	hash_of(STR("same"));
	assert_memory_equal(phc.p, start, sizeof(start) - 1);
	memcpy(first, phc.p, phc.len);
	hash_of(STR("same"));
	assert_memory_not_equal(first, phc.p, phc.len); /* salted */
}

static void fails_closed_without_entropy(void **state)
{
	(void)state;
#ifndef MINTMARK_FAULTS
	skip();
#else
	buf_init_fixed(&phc, mem, sizeof(mem));
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(password_hash(secret_of(STR("x")), &phc), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_int_equal(phc.len, 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_others),
		cmocka_unit_test(long_tails_count),
		cmocka_unit_test(writes_phc),
		cmocka_unit_test(fails_closed_without_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
