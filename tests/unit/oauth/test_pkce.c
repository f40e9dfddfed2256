/* pkce.c: RFC 7636 4.1, 4.2, 4.6 and its appendix B. 7636-1, 7636-4, 7636-5, 7636-9. */
#include "oauth/pkce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static void the_published_pair_fits(void **state) /* RFC 7636 appendix B */
{
	(void)state;
	assert_int_equal(pkce_check(STR(VERIFIER), STR(CHALLENGE)), 0);
	assert_int_equal(pkce_check(STR(VERIFIER "x"), STR(CHALLENGE)), E_INVALID_GRANT);
	assert_int_equal(pkce_check(STR(CHALLENGE), STR(CHALLENGE)), E_INVALID_GRANT); /* plain: 7636-7 */
	assert_int_equal(pkce_check(STR(VERIFIER), STR(VERIFIER)), E_INVALID_GRANT);
	assert_int_equal(pkce_check(STR(""), STR("")), E_INVALID_GRANT);
}

static void verifiers_have_43_to_128_unreserved_characters(void **state) /* 7636-4 */
{
	char text[200];
	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++)
		assert_true(pkce_is_verifier(str_mem(text, len)) == (len >= 43 && len <= 128));
	static const char bad[] = "+/=%\" \\\n\x80!*";
	for (size_t i = 0; i < sizeof(bad); i++) {
		text[20] = bad[i];
		assert_false(pkce_is_verifier(str_mem(text, 50)));
	}
	assert_true(pkce_is_verifier(STR("-._~-._~-._~-._~-._~-._~-._~-._~-._~-._~-._")));
}

static void challenges_have_43_characters_of_32_bytes(void **state) /* 7636-5 */
{
	static const char *const bad[] = {
		"", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", CHALLENGE "x", CHALLENGE "=",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", /* base64 */
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", /* bits behind the end */
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM",
	};
	(void)state;
	assert_true(pkce_is_challenge(STR(CHALLENGE)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pkce_is_challenge(str_of(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_pair_fits),
		cmocka_unit_test(verifiers_have_43_to_128_unreserved_characters),
		cmocka_unit_test(challenges_have_43_characters_of_32_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
