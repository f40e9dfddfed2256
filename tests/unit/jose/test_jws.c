/* Compact JWS: form, header, choice of key (RFC 7515 4.1, 5.2, 7.1; RFC 8725 3.1, 3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "forge.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void refuses_headers(void **state)
{
	static const struct {
		const char *what;
		struct str header;
		enum verdict verdict;
	} rows[] = {
		{"no object", STR("[]"), VERDICT_HEADER},
		{"no JSON", STR("alg"), VERDICT_HEADER},
		{"member twice (7515-5)", STR("{\"alg\":\"ES256\",\"alg\":\"ES256\",\"kid\":\"ES256\"}"),
		 VERDICT_HEADER},
		{"invalid UTF-8", STR("{\"alg\":\"ES256\",\"kid\":\"\xFF\"}"), VERDICT_HEADER},
		{"NUL", STR("{\"alg\":\"ES256\",\"kid\":\"ES256\\u0000\"}"), VERDICT_HEADER},
		{"too deep", STR("{\"alg\":\"ES256\",\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}"), VERDICT_HEADER},
		{"no alg", STR("{\"kid\":\"ES256\"}"), VERDICT_ALG_UNKNOWN},
		{"alg null", STR("{\"alg\":null}"), VERDICT_ALG_UNKNOWN},
		{"alg array", STR("{\"alg\":[\"ES256\"]}"), VERDICT_ALG_UNKNOWN},
		{"alg in lower case", STR("{\"alg\":\"es256\"}"), VERDICT_ALG_UNKNOWN},
		{"alg ES512", STR("{\"alg\":\"ES512\"}"), VERDICT_ALG_UNKNOWN},
		{"kid number", STR("{\"alg\":\"ES256\",\"kid\":1}"), VERDICT_HEADER},
		{"kid empty", STR("{\"alg\":\"ES256\",\"kid\":\"\"}"), VERDICT_HEADER},
		{"typ number", STR("{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":1}"), VERDICT_HEADER},
		{"cty array", STR("{\"alg\":\"ES256\",\"kid\":\"ES256\",\"cty\":[]}"), VERDICT_HEADER},
		{"crit unknown", STR("{\"alg\":\"ES256\",\"kid\":\"ES256\",\"crit\":[\"x\"],\"x\":1}"),
		 VERDICT_CRITICAL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (forge_check(forge_token(SIG_ES256, rows[i].header, STR("{}")), JWK_ALGS_ALL) != rows[i].verdict)
			fail_msg("%s", rows[i].what);
}

/* Ledger 7515-8: the JSON serialisation is no form of a token. */
static void refuses_forms(void **state)
{
	static const struct {
		struct str token;
		enum verdict verdict;
	} rows[] = {
		{STR(""), VERDICT_SEGMENTS},
		{STR("."), VERDICT_SEGMENTS},
		{STR(".."), VERDICT_SEGMENTS},
		{STR("e30"), VERDICT_SEGMENTS},
		{STR("e30.e30"), VERDICT_SEGMENTS},
		{STR("e30.e30.AA.AA"), VERDICT_SEGMENTS},
		{STR("e30.e30.AA.AA.AA"), VERDICT_ENCRYPTED},
		{STR("e30.e30.AA.AA.AA.AA"), VERDICT_SEGMENTS},
		{STR("e30.e30."), VERDICT_SEGMENTS},
		{STR("e30..AA"), VERDICT_ALG_UNKNOWN},
		{STR(".e30.AA"), VERDICT_SEGMENTS},
		{STR("{\"payload\":\"e30\",\"signature\":\"AA\"}"), VERDICT_SEGMENTS},
		{STR("e3.e30.AA"), VERDICT_ENCODING},
		{STR(" e30.e30.AA"), VERDICT_ENCODING},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (forge_check(rows[i].token, JWK_ALGS_ALL) != rows[i].verdict)
			fail_msg("%.*s", STR_ARG(rows[i].token));
}

static void has_caps(void **state)
{
	static char big[JWS_TOKEN_MAX + 1];
	(void)state;
	struct jws jws = {.alg = SIG_RS256};
	memset(big, 'A', sizeof(big));
	assert_int_equal(jws_parse_document(str_mem(big, sizeof(big)), &forge_arena, &jws), VERDICT_SEGMENTS);
	assert_int_equal(forge_check(str_mem(big, sizeof(big)), JWK_ALGS_ALL), VERDICT_TOO_LARGE);
	big[6000] = big[6010] = '.';
	assert_int_equal(forge_check(str_mem(big, 6020), JWK_ALGS_ALL), VERDICT_TOO_LARGE); /* header above 4 KiB */
	static char bigger[JWS_DOCUMENT_MAX + 1];
	assert_int_equal(jws_parse_document(str_mem(bigger, sizeof(bigger)), &forge_arena, &jws), VERDICT_TOO_LARGE);
	struct arena small;
	arena_init(&small, 64);
	struct str good = forge_token(SIG_ES256, STR("{\"alg\":\"ES256\"}"),
				      STR("{\"a\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}"));
	assert_int_equal(jws_parse(good, &small, &jws), VERDICT_INTERNAL);
	assert_int_equal(jws.alg, SIG_RS256); /* untouched on failure */
	arena_done(&small);
}

/* RFC 8725 3.1, RFC 9068 4; ledger 7515-1, 9068-5, 9068-7: RS256 is among them. */
static void policy_decides_the_algorithm(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		char header[64];
		struct buf out;
		buf_init_fixed(&out, header, sizeof(header));
		assert_int_equal(jws_emit_header(alg, STR("at+jwt"), str_of(sig_alg_row(alg)->name), &out), 0);
		struct str token = forge_token(alg, buf_str(&out), STR("{}"));
		assert_int_equal(forge_check(token, JWK_ALG(alg)), VERDICT_VALID);
		assert_int_equal(forge_check(token, JWK_ALGS_ALL), VERDICT_VALID);
		assert_int_equal(forge_check(token, JWK_ALGS_ALL & ~JWK_ALG(alg)), VERDICT_ALG_REFUSED);
		assert_int_equal(forge_check(token, 0), VERDICT_ALG_REFUSED);
	}
}

static void kid_decides_the_key(void **state)
{
	(void)state;
	/* right alg, another key's kid */
	assert_int_equal(forge_check(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES384\"}"), STR("{}")),
				     JWK_ALGS_ALL),
			 VERDICT_KEY_ALG);
	assert_int_equal(forge_check(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES25\"}"), STR("{}")),
				     JWK_ALGS_ALL),
			 VERDICT_KEY_UNKNOWN);
	assert_int_equal(forge_check(forge_token(SIG_ES384, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\"}"), STR("{}")),
				     JWK_ALGS_ALL),
			 VERDICT_SIGNATURE);
	/* no kid: the only ES256 key */
	assert_int_equal(forge_check(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\"}"), STR("{}")), JWK_ALGS_ALL),
			 VERDICT_VALID);
	struct jws jws;
	struct jwks twice = {.n = 2};
	twice.keys[0] = twice.keys[1] = *jwks_find(forge_jwks, STR("ES256"));
	assert_int_equal(jws_parse(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\"}"), STR("{}")), &forge_arena, &jws),
			 VERDICT_VALID);
	assert_int_equal(jws_verify(&jws, &twice, JWK_ALGS_ALL), VERDICT_KEY_AMBIGUOUS);
	twice.n = 0;
	assert_int_equal(jws_verify(&jws, &twice, JWK_ALGS_ALL), VERDICT_KEY_UNKNOWN);
	jws.alg = SIG_NONE;
	assert_int_equal(jws_verify(&jws, forge_jwks, ~0U), VERDICT_ALG_UNKNOWN);
}

static void every_character_counts(void **state)
{
	(void)state;
	struct str good = forge_token(SIG_EDDSA, STR("{\"alg\":\"EdDSA\",\"kid\":\"EdDSA\"}"), STR("{\"sub\":\"me\"}"));
	char copy[256];
	assert_true(good.len < sizeof(copy));
	for (size_t i = 0; i < good.len; i++) {
		memcpy(copy, good.p, good.len);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		assert_int_not_equal(forge_check(str_mem(copy, good.len), JWK_ALGS_ALL), VERDICT_VALID);
		assert_int_not_equal(forge_check(str_mem(good.p, i), JWK_ALGS_ALL), VERDICT_VALID);
	}
	assert_int_equal(forge_check(good, JWK_ALGS_ALL), VERDICT_VALID);
}

static void reads_header_and_payload(void **state)
{
	struct jws jws;
	(void)state;
	struct str token =
		forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"at+jwt\",\"cty\":\"c\"}"),
			    STR("payload \0 bytes"));
	assert_int_equal(jws_parse(token, &forge_arena, &jws), VERDICT_VALID);
	assert_int_equal(jws.alg, SIG_ES256);
	assert_true(str_eq(jws.kid, STR("k")) && str_eq(jws.typ, STR("at+jwt")) && str_eq(jws.cty, STR("c")));
	assert_true(str_eq(jws.payload, STR("payload \0 bytes")));
	assert_int_equal(jws.sig.len, 64);
	assert_int_equal(jws.signing_input.len, token.len - 1 - ENC_B64URL_LEN(64));
}

/*
 * RFC 7515 appendix F: a detached payload is not filled in; an empty payload is what was signed or the signature does
 * not fit.
 */
static void empty_payload_is_not_detached(void **state)
{
	static const struct str header = {"{\"alg\":\"ES256\",\"kid\":\"ES256\"}", 29};
	(void)state;
	struct str full = forge_token(SIG_ES256, header, STR("{}"));
	struct str empty = forge_token(SIG_ES256, header, STR(""));
	assert_int_equal(forge_check(empty, JWK_ALGS_ALL), VERDICT_VALID);
	char copy[512];
	struct buf out;
	buf_init_fixed(&out, copy, sizeof(copy));
	size_t dot = str_find(full, '.');
	buf_put(&out, str_mem(full.p, dot + 1));
	buf_put(&out, str_mem(full.p + dot + 4, full.len - dot - 4)); /* without "e30" */
	assert_int_equal(forge_check(buf_str(&out), JWK_ALGS_ALL), VERDICT_SIGNATURE);
}

static void emits_no_unknown_algorithm(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 100);
	assert_int_equal(jws_emit_header(SIG_NONE, STR(""), STR(""), &out), E_CRYPTO);
	assert_int_equal(out.len, 0);
	assert_int_equal(jws_emit_header(SIG_ES256, STR(""), STR(""), &out), 0);
	assert_true(str_eq(buf_str(&out), STR("{\"alg\":\"ES256\"}")));
	buf_done(&out);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
#ifndef MINTMARK_FAULTS
	skip();
#else
	struct str token = forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"at+jwt\"}"),
				       STR("{\"sub\":\"me\"}"));
	enum verdict verdict = VERDICT_UNCHECKED;
	for (long nth = 1; verdict != VERDICT_VALID; nth++) {
		struct arena arena;
		struct jws jws;
		arena_init(&arena, 65536);
		fault_arm(FAULT_ALLOC, nth);
		verdict = jws_parse(token, &arena, &jws);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(verdict == VERDICT_VALID || verdict == VERDICT_INTERNAL);
		arena_done(&arena);
	}
#endif
}

static void verdicts_never_start_at_success(void **state)
{
	(void)state;
	assert_int_equal(VERDICT_UNCHECKED, 0);
	assert_int_not_equal(VERDICT_VALID, 0);
	assert_int_equal(verdict_code(VERDICT_VALID), 0);
	assert_true(verdict_code(VERDICT_UNCHECKED) < 0 && verdict_code((enum verdict)999) < 0);
	for (enum verdict v = VERDICT_VALID + 1; v < VERDICTS; v++)
		assert_true(verdict_code(v) < 0 && strlen(verdict_text(v)) > 20 && strlen(verdict_name(v)) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_headers),
		cmocka_unit_test(refuses_forms),
		cmocka_unit_test(has_caps),
		cmocka_unit_test(policy_decides_the_algorithm),
		cmocka_unit_test(kid_decides_the_key),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(reads_header_and_payload),
		cmocka_unit_test(empty_payload_is_not_detached),
		cmocka_unit_test(emits_no_unknown_algorithm),
		cmocka_unit_test(survives_want_of_memory),
		cmocka_unit_test(verdicts_never_start_at_success),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
