/* credential.c: RFC 6750 2.1 to 2.3 and 3.1; RFC 9449 4.3 and 7.1; ATTACKS 40. */
#include "test.h"

#include "gate/credential.h"

#define FORM "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"

/* Ledger 6750-7: the scheme in any case; 6750-10: a cookie is no credential. */
static void how_a_token_is_presented(void **state)
{
	static const struct {
		const char *headers;
		int rc;
		const char *token;
	} rows[] = {
		{"", E_ABSENT, NULL},
		{"Authorization: Basic YTpi\r\n", E_ABSENT, NULL},
		{"Authorization: Bearerx abc\r\n", E_ABSENT, NULL},
		{"Authorization:\r\n", E_ABSENT, NULL},
		{"Proxy-Authorization: Bearer abc\r\n", E_ABSENT, NULL},
		{"Cookie: access_token=abc; Authorization=Bearer abc\r\n", E_ABSENT, NULL},
		{"Authorization: Bearer\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer =\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer a=b\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer a b\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer a,b\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer \"a\"\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer \ta\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: Bearer a%20\r\n", E_INVALID_REQUEST, NULL},
		{"Authorization: DPoP abc\r\n", E_INVALID_TOKEN, NULL},
		{"Authorization: dpop abc\r\nDPoP: x\r\n", E_INVALID_TOKEN, NULL},
		{"Authorization: Bearer abc\r\nDPoP: x\r\nDPoP: x\r\n", E_INVALID_TOKEN, NULL},
		{"Authorization: Bearer abc\r\nDPoP: x\r\n", 0, "abc"},
		{"Authorization: Bearer abc\r\n", 0, "abc"},
		{"authorization: bEARER   a.b-c_d~e+f/g==\r\n", 0, "a.b-c_d~e+f/g=="},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[1024];
		struct http_request request = request_of("GET /", rows[i].headers, mem, sizeof(mem));
		struct str token = {0};
		if (credential_token(&request, &token) != rows[i].rc)
			fail_msg("row %zu", i);
		assert_true(str_eq(token, str_of(rows[i].token)));
	}
}

/* Ledger 6750-4, 6750-5, 6750-6. */
static void one_way_only(void **state)
{
	static const struct {
		const char *headers, *query, *body;
		int rc;
	} rows[] = {
		{"Authorization: Bearer a\r\nAuthorization: Bearer a\r\n", "", "", E_INVALID_REQUEST},
		{"Authorization: Bearer a\r\nauthorization: Basic a\r\n", "", "", E_INVALID_REQUEST},
		{"", "access_token=a", "", E_INVALID_REQUEST},
		{"", "x=1&access_token", "", E_INVALID_REQUEST},
		{"", "a&%61ccess%5Ftoken=&b", "", E_INVALID_REQUEST},
		{FORM, "", "access_token=a", E_INVALID_REQUEST},
		{FORM, "", "a=b&access_token=a", E_INVALID_REQUEST},
		{"Content-Type: text/plain\r\n", "", "access_token=a", 0},
		{FORM, "", "a=access_token", 0},
		{"", "access_tokens=a&a=access_token&&=", "", 0},
		{"", "%zz=a", "", 0},
		{"Authorization: Bearer a\r\n", "", "", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[1024];
		struct http_request request = request_of("POST /", rows[i].headers, mem, sizeof(mem));
		request.body = str_of(rows[i].body);
		if (credential_check(&request, str_of(rows[i].query)) != rows[i].rc)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_a_token_is_presented),
		cmocka_unit_test(one_way_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
