/* Claims (RFC 7519 2, 4.1; RFC 9068 4; RFC 8725 3.8 to 3.11; ATTACKS 11, 33). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "forge.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct jwt_policy policy = {.typ = {"at+jwt", 6},
					 .issuer = {"https://as", 10},
					 .audience = {"api", 3},
					 .require = JWT_ACCESS_TOKEN,
					 .skew_s = 10};

static enum verdict check_at(struct str typ, const char *payload, int64_t now_s)
{
	struct jws jws = {.alg = SIG_ES256, .typ = typ};
	struct jwt_claims claims;
	enum verdict verdict = jwt_parse(str_of(payload), &forge_arena, &claims);
	return verdict == VERDICT_VALID ? jwt_check(&jws, &claims, &policy, now_s) : verdict;
}

#define ALL "\"iss\":\"https://as\",\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1000"
#define GOOD ALL ",\"aud\":\"api\",\"exp\":2000"
#define TAIL "\"aud\":\"api\",\"exp\":2000"
#define ISS ",\"iss\":\"https://as\""
#define REST ",\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1"

/*
 * RFC 7519 4, RFC 7519 4.1, RFC 7519 4.1.3, RFC 8725 3.8, RFC 8725 3.9, RFC 9068 2.2, RFC 9068 4; ledger
 * 7519-3, 7519-5, 7519-6, 7519-7, 7519-9, 9068-2, 9068-3, 9068-4, 8725-3.8, 8725-3.9.
 */
static void refuses_claims(void **state)
{
	static const struct {
		const char *payload;
		enum verdict verdict;
	} rows[] = {
		{"", VERDICT_CLAIMS},
		{"[]", VERDICT_CLAIMS},
		{"{" GOOD ",\"sub\":\"t\"}", VERDICT_CLAIMS}, /* 7519-5 */
		{"{" GOOD ",\"scope\":[\"a\"]}", VERDICT_CLAIMS},
		{"{" GOOD ",\"scope\":null}", VERDICT_CLAIMS},
		{"{" GOOD ",\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", VERDICT_CLAIMS}, /* 7519-9 */
		{"{\"iss\":1}", VERDICT_CLAIMS},
		{"{\"aud\":7}", VERDICT_CLAIMS},
		{"{\"aud\":[]}", VERDICT_CLAIMS},
		{"{\"aud\":[\"api\",1]}", VERDICT_CLAIMS},
		{"{\"aud\":{\"api\":1}}", VERDICT_CLAIMS},
		{"{}", VERDICT_CLAIM_MISSING},
		{"{" ALL ",\"exp\":2000}", VERDICT_CLAIM_MISSING}, /* 7519-7 */
		{"{" ALL ",\"aud\":\"api\"}", VERDICT_CLAIM_MISSING},
		{"{" TAIL ",\"iss\":\"\",\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1}",
		 VERDICT_CLAIM_MISSING},
		{"{" TAIL ISS ",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1}", VERDICT_CLAIM_MISSING},
		{"{" TAIL ISS ",\"sub\":\"s\",\"jti\":\"j\",\"iat\":1}", VERDICT_CLAIM_MISSING},
		{"{" TAIL ISS ",\"sub\":\"s\",\"client_id\":\"c\",\"iat\":1}", VERDICT_CLAIM_MISSING},
		{"{" TAIL ISS ",\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\"}", VERDICT_CLAIM_MISSING},
		{"{" TAIL REST ",\"iss\":\"https://as/\"}", VERDICT_ISSUER},
		{"{" TAIL REST ",\"iss\":\"https://AS\"}", VERDICT_ISSUER}, /* 7519-6 */
		{"{" TAIL REST ISS "}", VERDICT_VALID},
		{"{" ALL ",\"exp\":2000,\"aud\":\"ap\"}", VERDICT_AUDIENCE},
		{"{" ALL ",\"exp\":2000,\"aud\":\"API\"}", VERDICT_AUDIENCE},
		{"{" ALL ",\"exp\":2000,\"aud\":\"\"}", VERDICT_AUDIENCE},
		{"{" ALL ",\"exp\":2000,\"aud\":\"api other\"}", VERDICT_AUDIENCE},
		{"{" ALL ",\"exp\":2000,\"aud\":[\"other\",\"third\"]}", VERDICT_AUDIENCE},
		{"{" ALL ",\"exp\":2000,\"aud\":\"c\"}", VERDICT_AUDIENCE}, /* 9068-3: an ID token */
		{"{" ALL ",\"exp\":2000,\"aud\":[\"other\",\"api\"],\"unknown\":{}}", VERDICT_VALID},
		{"{" GOOD ",\"scope\":\"a b\"}", VERDICT_VALID},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (check_at(STR("at+jwt"), rows[i].payload, 1500) != rows[i].verdict)
			fail_msg("%s", rows[i].payload);
}

/* RFC 7519 2; ATTACKS 11; ledger 7519-4. */
static void refuses_times(void **state)
{
	static const struct {
		const char *value;
		enum verdict verdict;
	} rows[] = {
		{"1e300", VERDICT_TIME},  {"2e3", VERDICT_TIME},
		{"-1", VERDICT_TIME},     {"-9223372036854775808", VERDICT_TIME},
		{"9223372036854775807", VERDICT_TIME},
		{"9223372036854775808", VERDICT_CLAIMS}, /* jansson reads no such integer: no JSON for us */
		{"1e999", VERDICT_CLAIMS},
		{"253402300800", VERDICT_TIME},
		{"2000.5", VERDICT_TIME}, {"2000.0", VERDICT_TIME},
		{"\"2000\"", VERDICT_TIME}, {"null", VERDICT_TIME},
		{"true", VERDICT_TIME},   {"[2000]", VERDICT_TIME},
	};
	static const char *const names[] = {"exp", "nbf", "iat"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t n = 0; n < COUNT(names); n++) {
			char payload[128];
			struct buf out;
			buf_init_fixed(&out, payload, sizeof(payload));
			buf_printf(&out, "{\"%s\":%s}", names[n], rows[i].value);
			buf_put_char(&out, '\0');
			if (check_at(STR("at+jwt"), payload, 1500) != rows[i].verdict)
				fail_msg("%s", payload);
		}
	}
	assert_int_equal(check_at(STR("at+jwt"), "{" ALL ",\"aud\":\"api\",\"exp\":253402300799}", 1500),
			 VERDICT_VALID);
}

/* RFC 7519 4.1.4, RFC 7519 4.1.5, RFC 7519 4.1.6; ledger 7519-1, 7519-2: both edges of the skew. */
static void times_have_sharp_edges(void **state)
{
	(void)state;
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD "}", 2009), VERDICT_VALID);
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD "}", 2010), VERDICT_EXPIRED);
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD "}", 990), VERDICT_VALID);
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD "}", 989), VERDICT_FUTURE);
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD ",\"nbf\":1500}", 1490), VERDICT_VALID);
	assert_int_equal(check_at(STR("at+jwt"), "{" GOOD ",\"nbf\":1500}", 1489), VERDICT_NOT_YET);
	struct jwt_policy sharp = policy;
	struct jws jws = {.typ = STR("at+jwt")};
	struct jwt_claims claims;
	sharp.skew_s = 0;
	assert_int_equal(jwt_parse(STR("{" GOOD "}"), &forge_arena, &claims), VERDICT_VALID);
	assert_int_equal(jwt_check(&jws, &claims, &sharp, 1999), VERDICT_VALID);
	assert_int_equal(jwt_check(&jws, &claims, &sharp, 2000), VERDICT_EXPIRED);
}

/* What is no epoch is older than every epoch. RFC 7800 3.1: cnf. */
static void reads_epochs_and_binding(void **state)
{
	static const struct {
		const char *payload;
		int64_t epoch, account_epoch;
		bool is_bound;
	} rows[] = {
		{"{}", 0, 0, false},
		{"{\"epoch\":3,\"account_epoch\":9223372036854775807}", 3, INT64_MAX, false},
		{"{\"epoch\":-1,\"account_epoch\":\"7\"}", -1, -1, false},
		{"{\"epoch\":1.0,\"account_epoch\":null}", -1, -1, false},
		{"{\"cnf\":{\"jkt\":\"x\"},\"epoch\":0}", 0, 0, true},
		{"{\"cnf\":null}", 0, 0, true},
		{"{\"CNF\":{}}", 0, 0, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jwt_claims claims;
		assert_int_equal(jwt_parse(str_of(rows[i].payload), &forge_arena, &claims), VERDICT_VALID);
		if (claims.epoch != rows[i].epoch || claims.account_epoch != rows[i].account_epoch ||
		    claims.is_bound != rows[i].is_bound)
			fail_msg("%s", rows[i].payload);
	}
}

/* RFC 7515 4.1.9, RFC 2045 5.1, RFC 9068 2.1, RFC 9068 4, RFC 8725 3.11; ledger 9068-1, 9068-11, 7519-10. */
static void typ_is_explicit(void **state)
{
	static const struct {
		struct str typ;
		enum verdict verdict;
	} rows[] = {
		{{NULL, 0}, VERDICT_TYPE},
		{STR(""), VERDICT_TYPE},
		{STR("JWT"), VERDICT_TYPE},
		{STR("at"), VERDICT_TYPE},
		{STR("jwt+at"), VERDICT_TYPE},
		{STR("at+jwt "), VERDICT_TYPE},
		{STR("/at+jwt"), VERDICT_TYPE},
		{STR("text/at+jwt"), VERDICT_TYPE},
		{STR("application/application/at+jwt"), VERDICT_TYPE},
		{STR("dpop+jwt"), VERDICT_TYPE},
		{STR("logout+jwt"), VERDICT_TYPE},
		{STR("at+jwt"), VERDICT_VALID},
		{STR("application/at+jwt"), VERDICT_VALID},
		{STR("AT+JWT"), VERDICT_VALID},
		{STR("Application/At+Jwt"), VERDICT_VALID},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (check_at(rows[i].typ, "{" GOOD "}", 1500) != rows[i].verdict)
			fail_msg("%.*s", STR_ARG(rows[i].typ));
}

/* Ledger 7519-8: a minute of skew at the most. */
static void refuses_unusable_policies(void **state)
{
	struct jws jws = {.typ = STR("at+jwt")};
	struct jwt_claims claims;
	struct jwt_policy p;
	(void)state;
	assert_int_equal(jwt_parse(STR("{" GOOD "}"), &forge_arena, &claims), VERDICT_VALID);
	p = policy, p.issuer.len = 0;
	assert_int_equal(jwt_check(&jws, &claims, &p, 1500), VERDICT_POLICY);
	p = policy, p.audience.len = 0;
	assert_int_equal(jwt_check(&jws, &claims, &p, 1500), VERDICT_POLICY);
	p = policy, p.skew_s = -1;
	assert_int_equal(jwt_check(&jws, &claims, &p, 1500), VERDICT_POLICY);
	p = policy, p.skew_s = JWT_SKEW_MAX_S + 1;
	assert_int_equal(jwt_check(&jws, &claims, &p, 1500), VERDICT_POLICY);
	assert_int_equal(jwt_check(&jws, &claims, &policy, -1), VERDICT_POLICY);
	assert_int_equal(jwt_check(&jws, &claims, &policy, INT64_MAX), VERDICT_POLICY);
}

static void scopes_are_whole_words(void **state)
{
	static const struct str scope = {"read write:all admin", 20};
	(void)state;
	assert_true(jwt_has_scope(scope, STR("read")) && jwt_has_scope(scope, STR("write:all")) &&
		    jwt_has_scope(scope, STR("admin")));
	assert_false(jwt_has_scope(scope, STR("write")) || jwt_has_scope(scope, STR("adm")) ||
		     jwt_has_scope(scope, STR("READ")));
	assert_false(jwt_has_scope(scope, STR("")) || jwt_has_scope(scope, STR("read write:all")));
	assert_false(jwt_has_scope(STR(""), STR("read")) || jwt_has_scope((struct str){NULL, 0}, STR("read")));
	assert_false(jwt_has_scope(STR("a  b"), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_claims),
		cmocka_unit_test(refuses_times),
		cmocka_unit_test(times_have_sharp_edges),
		cmocka_unit_test(reads_epochs_and_binding),
		cmocka_unit_test(typ_is_explicit),
		cmocka_unit_test(refuses_unusable_policies),
		cmocka_unit_test(scopes_are_whole_words),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
