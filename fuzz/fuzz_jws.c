/*
 * Tokens against a fixed key set: nothing verifies but what the fixture's keys signed. Input is a token; or 'h' and a
 * header's JSON, or 'p' and claims, so that mutations need not fight base64.
 */
#include <stdlib.h>

#include "base/enc.h"
#include "jws_fixture.h"
#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jwks *keys;
static struct str wanted[] = {{"read", 4}};
static const struct verify_policy policy = {
	.issuer = {"https://as", 10}, .audience = {"api", 3}, .algs = JWK_ALGS_ALL, .skew_s = 5, .scopes = {wanted, 1}};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_signed_text(struct str input)
{
	for (size_t i = 0; i < sizeof(fixture_tokens) / sizeof(fixture_tokens[0]); i++)
		if (str_has_prefix(str_of(fixture_tokens[i]), input))
			return true;
	return false;
}

static void explain(const struct verify_report *report)
{
	struct buf out;
	buf_init(&out, 65536);
	verify_explain(&policy, report, &out);
	check(buf_status(&out) == 0 && out.len > 10 && str_is_utf8(buf_str(&out)));
	for (size_t i = 0; i < out.len; i++)
		check((unsigned char)out.p[i] >= 0x20);
	buf_done(&out);
}

static void check_token(struct str token, struct arena *arena)
{
	struct verify_report report;
	enum verdict verdict = verify_token(&policy, keys, token, 1500, arena, &report);
	check(verdict != VERDICT_UNCHECKED && verdict < VERDICTS && verdict != VERDICT_INTERNAL &&
	      verdict != VERDICT_POLICY);
	check(!report.has_claims || is_signed_text(report.jws.signing_input));
	check(verdict != VERDICT_VALID || report.has_claims);
	explain(&report);
}

static void check_header(struct str json, struct arena *arena)
{
	struct buf token;
	buf_init(&token, 1 << 20);
	enc_b64url(&token, json);
	buf_put(&token, STR(".e30.AAAA"));
	check_token(buf_str(&token), arena);
	buf_done(&token);
}

/* Claims as if they had been signed. */
static void check_claims(struct str json, struct arena *arena)
{
	const struct jwt_policy rules = {
		.issuer = policy.issuer, .audience = policy.audience, .require = JWT_ACCESS_TOKEN, .skew_s = 5};
	struct verify_report report = {.jws.alg = SIG_ES256, .has_header = true, .now_s = 1500};
	report.verdict = jwt_parse(json, arena, &report.claims);
	if (report.verdict != VERDICT_VALID)
		return;
	report.verdict = jwt_check(&report.jws, &report.claims, &rules, report.now_s);
	check(report.verdict != VERDICT_VALID ||
	      (report.claims.exp_s > 1494 && str_eq(report.claims.iss, policy.issuer)));
	explain(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size);
	struct arena arena;
	if (!keys)
		check(jwks_parse(str_of(fixture_jwks), 65536, &keys) == 0 && keys->n == SIG_ALGS - 1);
	arena_init(&arena, 256 * 1024);
	if (size > 0 && data[0] == 'h')
		check_header(str_mem(text.p + 1, size - 1), &arena);
	else if (size > 0 && data[0] == 'p')
		check_claims(str_mem(text.p + 1, size - 1), &arena);
	else
		check_token(text, &arena);
	arena_done(&arena);
	return 0;
}
