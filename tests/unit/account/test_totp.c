/* One-time codes and recovery codes: RFC 6238 appendix B, RFC 4226 appendix D; what is wrong first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "account/recovery.h"
#include "account/totp.h"
#include "base/fault.h"

static const struct secret key = {(const unsigned char *)"12345678901234567890", 20};

static void check_refuses(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"", "28708", "2870822", "28708x", "287 08", "-87082", "287082\n", "٢٨٧٠٨٢", "287083", "000000",
	};
	int64_t step = -7;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (totp_check(key, str_of(rows[i]), 59, &step) != E_ACCESS_DENIED)
			fail_msg("%s", rows[i]);
	assert_int_equal(step, -7);
}

/* RFC 6238 5.2: one step of delay, and one of a clock that runs ahead. */
static void check_has_a_window(void **state)
{
	(void)state;
	static const struct {
		int64_t now_s;
		int rc;
	} rows[] = {
		{1111111080 - 31, E_ACCESS_DENIED}, {1111111080 - 30, 0}, {1111111109, 0}, {1111111139, 0},
		{1111111140, E_ACCESS_DENIED}, {0, E_ACCESS_DENIED},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t step = -1;
		if (totp_check(key, STR("081 804"), rows[i].now_s, &step) != rows[i].rc)
			fail_msg("%lld", (long long)rows[i].now_s);
		assert_int_equal(step, rows[i].rc == 0 ? 1111111109 / 30 : -1);
	}
}

/* RFC 6238 appendix B, the last six of its eight digits (the truncated number is the same). */
static void rfc6238_vectors(void **state)
{
	(void)state;
	static const struct {
		int64_t now_s;
		const char *code;
	} rows[] = {
		{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
		{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char code[TOTP_DIGITS + 1];
		int64_t step;
		assert_int_equal(totp_code(key, totp_step(rows[i].now_s), code), 0);
		assert_string_equal(code, rows[i].code);
		assert_int_equal(totp_check(key, str_of(code), rows[i].now_s, &step), 0);
		assert_int_equal(step, rows[i].now_s / 30);
	}
}

/* RFC 4226 appendix D. */
static void rfc4226_vectors(void **state)
{
	(void)state;
	static const char *const rows[] = {"755224", "287082", "359152", "969429", "338314",
					   "254676", "287922", "162583", "399871", "520489"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char code[TOTP_DIGITS + 1];
		assert_int_equal(totp_code(key, (int64_t)i, code), 0);
		assert_string_equal(code, rows[i]);
	}
}

/* RFC 4648 10, without padding. */
static void base32_vectors(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"}, {"fooba", "MZXW6YTB"},
		{"foobar", "MZXW6YTBOI"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char mem[64];
		struct buf out;
		buf_init_fixed(&out, mem, sizeof(mem));
		totp_base32(secret_of(str_of(rows[i][0])), &out);
		assert_true(str_eq(buf_str(&out), str_of(rows[i][1])));
	}
}

static void uri_is_encoded(void **state)
{
	(void)state;
	char mem[512];
	struct buf out;
	buf_init_fixed(&out, mem, sizeof(mem));
	assert_int_equal(totp_uri(STR("a:b & c"), STR("p?x=1@ex\xc3\xa4mple"), key, &out), 0);
	assert_true(str_eq(buf_str(&out),
			   STR("otpauth://totp/a%3Ab%20%26%20c:p%3Fx%3D1%40ex%C3%A4mple?secret="
			       "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=a%3Ab%20%26%20c")));
	buf_init_fixed(&out, mem, 20);
	assert_int_equal(totp_uri(STR("issuer"), STR("account"), key, &out), E_LIMIT);
}

static void recovery_refuses(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "0000-0000-0000-000", "0000-0000-0000-0000-0", "0000-0000-0000-000u",
					   "0000 0000 0000 000\xc3\xa4", "287082", "0000_0000_0000_0000"};
	unsigned char sha256[SHA256_LEN];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (recovery_parse(str_of(rows[i]), sha256) != E_SYNTAX)
			fail_msg("%s", rows[i]);
}

static void recovery_is_read_as_people_type(void **state)
{
	(void)state;
	unsigned char first[SHA256_LEN], second[SHA256_LEN];
	assert_int_equal(recovery_parse(STR("0101-abcd-efgh-jkmn"), first), 0);
	assert_int_equal(recovery_parse(STR(" oLiI ABCD efgh-JKMN "), second), E_OK);
	assert_memory_not_equal(first, second, SHA256_LEN); /* 0111 */
	assert_int_equal(recovery_parse(STR("oLoI ABCDefgh JKMN"), second), 0);
	assert_memory_equal(first, second, SHA256_LEN);
}

static void recovery_codes_differ(void **state)
{
	(void)state;
	struct recovery recovery;
	assert_int_equal(recovery_new(&recovery), 0);
	for (unsigned i = 0; i < RECOVERY_CODES; i++) {
		unsigned char sha256[SHA256_LEN];
		assert_int_equal(strlen(recovery.codes[i]), RECOVERY_LEN);
		assert_int_equal(recovery_parse(str_of(recovery.codes[i]), sha256), 0);
		assert_memory_equal(sha256, recovery.sha256[i], SHA256_LEN);
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(recovery.sha256[i], recovery.sha256[k], SHA256_LEN);
	}
}

/* ATTACKS 48: without entropy there are no codes. */
static void test_attack_48_recovery_without_entropy(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct recovery recovery;
	for (long n = 1; n <= RECOVERY_CODES; n++) {
		fault_arm(FAULT_RANDOM, n);
		assert_int_equal(recovery_new(&recovery), E_RANDOM);
	}
	fault_arm(FAULT_RANDOM, 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_refuses),     cmocka_unit_test(check_has_a_window),
		cmocka_unit_test(rfc6238_vectors),   cmocka_unit_test(rfc4226_vectors),
		cmocka_unit_test(base32_vectors),    cmocka_unit_test(uri_is_encoded),
		cmocka_unit_test(recovery_refuses),  cmocka_unit_test(recovery_is_read_as_people_type),
		cmocka_unit_test(recovery_codes_differ), cmocka_unit_test(test_attack_48_recovery_without_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
