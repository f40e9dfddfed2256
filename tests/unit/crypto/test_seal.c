/* Sealing: any flipped bit, any cut, another purpose, another row, another master key must not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "crypto/seal.h"

static const unsigned char master[SEAL_MASTER_LEN] = {1, 2, 3};
static char sealed_mem[128], plain_mem[128];
static struct buf sealed, plain;

static void seal(struct str text)
{
	buf_init_fixed(&sealed, sealed_mem, sizeof(sealed_mem));
	assert_int_equal(seal_close(master, STR("key"), STR("row 1"), secret_of(text), &sealed), 0);
	assert_int_equal(sealed.len, text.len + SEAL_OVERHEAD);
}

static int open_with(const unsigned char *key, struct str purpose, struct str bound, struct str text)
{
	buf_init_fixed(&plain, plain_mem, sizeof(plain_mem));
	return seal_open(key, purpose, bound, text, &plain);
}

static void refuses_every_change(void **state)
{
	static const unsigned char other[SEAL_MASTER_LEN] = {1, 2, 4};
	(void)state;
	seal(STR("secret"));
	for (size_t bit = 8; bit < sealed.len * 8; bit++) {
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ (1 << bit % 8));
		assert_int_equal(open_with(master, STR("key"), STR("row 1"), buf_str(&sealed)), E_SIGNATURE);
		assert_int_equal(plain.len, 0);
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_true(open_with(master, STR("key"), STR("row 1"), str_mem(sealed.p, len)) < 0);
	assert_int_equal(open_with(other, STR("key"), STR("row 1"), buf_str(&sealed)), E_SIGNATURE);
	assert_int_equal(open_with(master, STR("kez"), STR("row 1"), buf_str(&sealed)), E_SIGNATURE);
	assert_int_equal(open_with(master, STR("key"), STR("row 2"), buf_str(&sealed)), E_SIGNATURE);
	assert_int_equal(open_with(master, STR("key"), STR(""), buf_str(&sealed)), E_SIGNATURE);
	sealed.p[0] = 2;
	assert_int_equal(open_with(master, STR("key"), STR("row 1"), buf_str(&sealed)), E_SYNTAX);
}

static void opens_what_it_closed(void **state)
{
	(void)state;
	seal(STR("secret"));
	assert_int_equal(open_with(master, STR("key"), STR("row 1"), buf_str(&sealed)), 0);
	assert_true(str_eq(buf_str(&plain), STR("secret")));
	seal(STR(""));
	assert_int_equal(open_with(master, STR("key"), STR("row 1"), buf_str(&sealed)), 0);
	assert_int_equal(plain.len, 0);
}

static void never_repeats_a_nonce(void **state)
{
	char first[64];
	(void)state;
	seal(STR("secret"));
	memcpy(first, sealed.p, sealed.len);
	seal(STR("secret"));
	assert_memory_not_equal(first + 1, sealed.p + 1, 12);
}

static void fails_closed(void **state)
{
	(void)state;
	buf_init_fixed(&sealed, sealed_mem, SEAL_OVERHEAD + 5);
	assert_int_equal(seal_close(master, STR("key"), STR(""), secret_of(STR("secret")), &sealed), E_LIMIT);
	assert_int_equal(sealed.len, 0);
#ifdef MINTMARK_FAULTS
	buf_init_fixed(&sealed, sealed_mem, sizeof(sealed_mem));
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(seal_close(master, STR("key"), STR(""), secret_of(STR("secret")), &sealed), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_int_equal(sealed.len, 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_change),
		cmocka_unit_test(opens_what_it_closed),
		cmocka_unit_test(never_repeats_a_nonce),
		cmocka_unit_test(fails_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
