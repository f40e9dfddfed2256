/* The verifier as a whole: one row per way to fail, its verdict and its explanation (RFC 9068 4; ATTACKS 33). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "forge.h"
#include "verify/verify.h"

static struct str wanted_scopes[] = {{"read", 4}, {"write", 5}};
static const struct verify_policy policy = {.issuer = {"https://as", 10},
					    .audience = {"api", 3},
					    .algs = JWK_ALG(SIG_ES256) | JWK_ALG(SIG_RS256),
					    .skew_s = 5,
					    .scopes = {wanted_scopes, 2}};

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"at+jwt\"}"
#define BODY "\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1000,\"exp\":2000"
#define GOOD "{\"iss\":\"https://as\",\"aud\":\"api\",\"scope\":\"write read\"," BODY "}"

static const struct row {
	const char *header, *payload, *says;
	enum sig_alg alg;
	enum verdict verdict;
} rows[] = {
	{HEADER, GOOD, "valid", SIG_ES256, VERDICT_VALID},
	{HEADER, GOOD, "kid is \"ES256\"", SIG_EDDSA, VERDICT_SIGNATURE},
	{"{\"alg\":\"EdDSA\",\"kid\":\"EdDSA\",\"typ\":\"at+jwt\"}", GOOD, "alg is \"EdDSA\"", SIG_EDDSA,
	 VERDICT_ALG_REFUSED},
	{"{\"alg\":\"HS256\",\"kid\":\"ES256\"}", GOOD, "HMAC tokens are never accepted", SIG_ES256,
	 VERDICT_ALG_UNKNOWN},
	{"{\"alg\":\"ES256\",\"kid\":\"gone\"}", GOOD, "kid is \"gone\"; the set has 5 usable", SIG_ES256,
	 VERDICT_KEY_UNKNOWN},
	{"{\"alg\":\"RS256\",\"kid\":\"ES256\"}", GOOD, "another algorithm", SIG_RS256, VERDICT_KEY_ALG},
	{"{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"JWT\"}", GOOD, "typ is \"JWT\"", SIG_ES256,
	 VERDICT_TYPE}, /* an ID token */
	{"{\"alg\":\"ES256\",\"kid\":\"ES256\"}", GOOD, "typ is absent", SIG_ES256, VERDICT_TYPE},
	{HEADER, "{}", "missing: iss, sub, aud, exp, iat, jti, client_id", SIG_ES256, VERDICT_CLAIM_MISSING},
	{HEADER, "[]", "claims are not", SIG_ES256, VERDICT_CLAIMS},
	{HEADER, "{\"exp\":1e300}", "time", SIG_ES256, VERDICT_TIME},
	{HEADER, "{\"iss\":\"https://AS\",\"aud\":\"api\"," BODY "}", "iss is \"https://AS\", expected \"https://as\"",
	 SIG_ES256, VERDICT_ISSUER},
	{HEADER, "{\"iss\":\"https://as\",\"aud\":[\"x\\u001b\",\"y\"]," BODY "}",
	 "aud is \"x\\u001b\", \"y\"; expected \"api\"", SIG_ES256, VERDICT_AUDIENCE},
	{HEADER, "{\"iss\":\"https://as\",\"aud\":\"api\",\"scope\":\"read\"," BODY "}", "missing: \"write\"",
	 SIG_ES256, VERDICT_SCOPE},
	{HEADER, "{\"iss\":\"https://as\",\"aud\":\"api\"," BODY "}", "missing: \"read\", \"write\"", SIG_ES256,
	 VERDICT_SCOPE},
	{HEADER, "{\"iss\":\"https://as\",\"aud\":\"api\",\"nbf\":1600," BODY "}", "nbf is in 100 s", SIG_ES256,
	 VERDICT_NOT_YET},
};

static enum verdict check(const struct verify_policy *p, struct str token, int64_t now_s, char *ret_text, size_t size)
{
	struct verify_report report;
	struct buf out;
	enum verdict verdict = verify_token(p, forge_jwks, token, now_s, &forge_arena, &report);
	buf_init_fixed(&out, ret_text, size - 1);
	verify_explain(p, &report, &out);
	ret_text[out.len] = '\0';
	assert_int_equal(buf_status(&out), 0);
	assert_int_equal(report.verdict, verdict);
	assert_int_equal(ret_text[out.len - 1], '.');
	return verdict;
}

/* RFC 9068 4, RFC 6750 3.1; ledger 9068-9: a token without scope has none of those wanted. */
static void judges_and_explains(void **state)
{
	char text[1024];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str token = forge_token(rows[i].alg, str_of(rows[i].header), str_of(rows[i].payload));
		enum verdict verdict = check(&policy, token, 1500, text, sizeof(text));
		if (verdict != rows[i].verdict || !strstr(text, rows[i].says))
			fail_msg("row %zu: %s: %s", i, verdict_name(verdict), text);
	}
}

static void judges_time(void **state)
{
	char text[1024];
	struct str token = forge_token(SIG_ES256, STR(HEADER), STR(GOOD));
	(void)state;
	assert_int_equal(check(&policy, token, 2004, text, sizeof(text)), VERDICT_VALID);
	assert_int_equal(check(&policy, token, 2005, text, sizeof(text)), VERDICT_EXPIRED);
	assert_non_null(strstr(text, "exp was 5 s ago"));
	assert_int_equal(check(&policy, token, 900, text, sizeof(text)), VERDICT_FUTURE);
	assert_non_null(strstr(text, "iat is in 100 s"));
}

/* Ledger 7519-8, 9068-5. */
static void refuses_lax_policies(void **state)
{
	char text[1024];
	struct str token = forge_token(SIG_ES256, STR(HEADER), STR(GOOD));
	struct verify_policy p;
	(void)state;
	p = policy, p.issuer = (struct str){NULL, 0};
	assert_int_equal(check(&p, token, 1500, text, sizeof(text)), VERDICT_POLICY);
	p = policy, p.audience = STR("");
	assert_int_equal(check(&p, token, 1500, text, sizeof(text)), VERDICT_POLICY);
	p = policy, p.algs = 0;
	assert_int_equal(check(&p, token, 1500, text, sizeof(text)), VERDICT_POLICY);
	p = policy, p.algs = JWK_ALG(SIG_NONE);
	assert_int_equal(check(&p, token, 1500, text, sizeof(text)), VERDICT_POLICY);
	p = policy, p.skew_s = 61;
	assert_int_equal(check(&p, token, 1500, text, sizeof(text)), VERDICT_POLICY);
}

/* Nothing of a token whose signature does not fit is reported as a claim. */
static void forged_claims_stay_unseen(void **state)
{
	struct verify_report report;
	(void)state;
	struct str token = forge_token(SIG_ES384, STR(HEADER), STR(GOOD));
	assert_int_equal(verify_token(&policy, forge_jwks, token, 1500, &forge_arena, &report), VERDICT_SIGNATURE);
	assert_false(report.has_claims);
	assert_null(report.claims.sub.p);
	assert_int_equal(verify_token(&policy, forge_jwks, STR("x"), 1500, &forge_arena, &report), VERDICT_SEGMENTS);
	assert_false(report.has_header || report.has_claims);
}

static void cuts_long_values(void **state)
{
	char text[1024], payload[3000] = "{\"iss\":\"";
	(void)state;
	memset(payload + 8, 'i', 2000);
	memcpy(payload + 2008, "\",\"aud\":\"api\"," BODY "}", sizeof("\",\"aud\":\"api\"," BODY "}"));
	struct str token = forge_token(SIG_ES256, STR(HEADER), str_of(payload));
	assert_int_equal(check(&policy, token, 1500, text, sizeof(text)), VERDICT_ISSUER);
	assert_non_null(strstr(text, "(cut)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_and_explains),
		cmocka_unit_test(judges_time),
		cmocka_unit_test(refuses_lax_policies),
		cmocka_unit_test(forged_claims_stay_unseen),
		cmocka_unit_test(cuts_long_values),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
