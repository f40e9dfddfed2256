/*
 * ATTACKS 1 to 11, 33, 34 and 35 as whoever calls the library meets them, over a fixed key set; on the core alone:
 * tests/unit/jose/test_attacks.c. 36 and 37: test_keyset.c, test_nowait.c; revocation: test_feed.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"

/*
 * ATTACKS 33, RFC 9068 2.2 and 4; ledger 9068-1, 9068-2, 9068-3, 9068-4, 8725-3.8, 8725-3.9, 8725-3.11, 8725-3.12:
 * refused by default, accepted when switched off by its own name.
 */
static void attack_33_each_check_has_its_own_switch(void **state)
{
	static const struct {
		const char *header, *payload;
		enum mintmark_verdict verdict;
		unsigned off;
	} rows[] = {
		{HEADER("ES256"), "{\"iss\":\"https://as/\",\"aud\":\"api\"," IDS "," TIMES "}", V(ISSUER),
		 OFF(ISSUER)},
		{HEADER("ES256"), "{\"iss\":\"https://AS\",\"aud\":\"api\"," IDS "," TIMES "}", V(ISSUER), OFF(ISSUER)},
		{HEADER("ES256"), "{\"aud\":\"api\"," IDS "," TIMES "}", V(CLAIM_MISSING), OFF(ISSUER)},
		{HEADER("ES256"), "{\"iss\":\"https://as\",\"aud\":[\"x\",\"API\"]," IDS "," TIMES "}", V(AUDIENCE),
		 OFF(AUDIENCE)},
		{HEADER("ES256"), "{\"iss\":\"https://as\"," IDS "," TIMES "}", V(CLAIM_MISSING), OFF(AUDIENCE)},
		{"{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"JWT\"}", GOOD, V(TYPE), OFF(TYP)},
		{"{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"dpop+jwt\"}", GOOD, V(TYPE), OFF(TYP)},
		{"{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"logout+jwt\"}", GOOD, V(TYPE), OFF(TYP)},
		{"{\"alg\":\"ES256\",\"kid\":\"ES256\"}", GOOD, V(TYPE), OFF(TYP)},
		{HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000}", V(CLAIM_MISSING), OFF(EXP)},
		{HEADER("ES256"), "{" NAMES "," TIMES ",\"client_id\":\"c\",\"jti\":\"j\"}", V(CLAIM_MISSING),
		 OFF(SUB)},
		{HEADER("ES256"), "{" NAMES "," TIMES ",\"sub\":\"s\",\"jti\":\"j\"}", V(CLAIM_MISSING),
		 OFF(CLIENT_ID)},
		{HEADER("ES256"), "{" NAMES "," TIMES ",\"sub\":\"s\",\"client_id\":\"c\"}", V(CLAIM_MISSING),
		 OFF(JTI)},
		{HEADER("ES256"), "{" NAMES "," IDS ",\"exp\":2000}", V(CLAIM_MISSING), OFF(IAT)},
		{HEADER("ES256"), "{" NAMES "," IDS "," TIMES ",\"cnf\":{\"jkt\":\"x\"}}", V(BOUND), OFF(BOUND)},
		{HEADER("ES256"), "{" NAMES "," IDS "," TIMES ",\"cnf\":null}", V(BOUND), OFF(BOUND)},
	};
	const unsigned all = 2047 & ~(unsigned)MINTMARK_OFF_ALGORITHMS;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str token = token_of(rows[i].header, rows[i].payload);
		struct mintmark_policy p = fixture_policy;
		enum mintmark_verdict verdicts[3];
		const unsigned off[] = {0, all & ~rows[i].off, rows[i].off};
		for (size_t k = 0; k < 3; k++) {
			p.off = off[k] | MINTMARK_OFF_REVOCATION;
			mintmark_verifier *verifier = make(p);
			verdicts[k] = check(verifier, token, NULL);
			mintmark_verifier_free(verifier);
		}
		if (verdicts[0] != rows[i].verdict || verdicts[1] != rows[i].verdict ||
		    verdicts[2] != V(VALID))
			fail_msg("row %zu: %d %d %d", i, verdicts[0], verdicts[1], verdicts[2]);
	}
}

/*
 * RFC 9449 7.2, RFC 8705 3, RFC 7800 3.1: a token that needs a proof of possession is no bearer token. Proofs
 * themselves are not checked here, so there is none to accept.
 */
static void attack_34_bound_token_as_bearer(void **state)
{
	static const char *const rows[] = {
		"{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}",
		"{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
		"{}", "null", "\"x\"", "[]",
	};
	char payload[512];
	(void)state;
	for (unsigned off = 0; off <= MINTMARK_OFF_CACHE; off += MINTMARK_OFF_CACHE) {
		struct mintmark_policy p = fixture_policy;
		p.off |= off;
		mintmark_verifier *verifier = make(p);
		for (size_t i = 0; i < 2 * COUNT(rows); i++) {
			snprintf(payload, sizeof(payload), "{" NAMES "," IDS "," TIMES ",\"cnf\":%s}",
				 rows[i % COUNT(rows)]);
			assert_int_equal(check(verifier, token_of(HEADER("ES256"), payload), NULL), V(BOUND));
		}
		mintmark_verifier_free(verifier);
	}
	assert_int_equal(mintmark_verdict_status(V(BOUND)), 401);
}

/* ATTACKS 1 to 11, as whoever calls the library meets them. */
static void attack_01_to_11_on_the_library(void **state)
{
	static const struct {
		int attack;
		const char *header, *payload;
		enum mintmark_verdict verdict;
	} rows[] = {
		{1, "{\"alg\":\"none\",\"kid\":\"ES256\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{1, "{\"alg\":\"None\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{1, "{\"alg\":\"NONE\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{1, "{\"kid\":\"ES256\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{2, "{\"alg\":\"HS256\",\"kid\":\"RS256\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{3, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", GOOD, V(ALG_UNKNOWN)},
		{4, "{\"alg\":\"ES256\",\"kid\":\"ES384\",\"typ\":\"at+jwt\"}", GOOD, V(KEY_ALG)},
		{4, "{\"alg\":\"RS256\",\"kid\":\"PS256\",\"typ\":\"at+jwt\"}", GOOD, V(KEY_ALG)},
		{4, HEADER("PS256"), GOOD, V(ALG_REFUSED)},
		{5, "{" ES256 ",\"kid\":\"x\",\"jku\":\"http://127.0.0.1:1/\",\"jwk\":{\"kty\":\"EC\"}}", GOOD,
		 V(KEY_UNKNOWN)},
		{6, "{" ES256 ",\"kid\":\"../../dev/null\"}", GOOD, V(KEY_UNKNOWN)},
		{6, "{" ES256 ",\"kid\":\"' OR 1=1--\"}", GOOD, V(KEY_UNKNOWN)},
		{6, "{" ES256 ",\"kid\":\"ES256\\u0000\"}", GOOD, V(HEADER)},
		{6, "{" ES256 ",\"kid\":7}", GOOD, V(HEADER)},
		{7, "{" ES256 ",\"kid\":\"ES256\",\"crit\":[\"x\"],\"x\":1}", GOOD, V(CRITICAL)},
		{7, "{" ES256 ",\"kid\":\"ES256\",\"crit\":[]}", GOOD, V(CRITICAL)},
		{7, "{" ES256 ",\"kid\":\"ES256\",\"b64\":false}", GOOD, V(CRITICAL)},
		{9, "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", GOOD, V(HEADER)},
		{9, HEADER("ES256"), "{" NAMES "," IDS "," TIMES ",\"sub\":\"t\"}", V(CLAIMS)},
		{9, HEADER("ES256"), "{" NAMES "," IDS "," TIMES ",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}",
		 V(CLAIMS)},
		{9, HEADER("ES256"), "{" NAMES "," IDS "," TIMES ",\"x\":\"\xff\"}", V(CLAIMS)},
		{10, "{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}", GOOD, V(ENCRYPTED)},
		{10, "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"zip\":\"DEF\"}", GOOD, V(ENCRYPTED)},
		{10, "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483648}", GOOD, V(ALG_UNKNOWN)},
		{10, "{\"alg\":\"RSA1_5\",\"kid\":\"RS256\"}", GOOD, V(ALG_UNKNOWN)},
		{10, "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"kid\":\"RS256\"}", GOOD, V(ENCRYPTED)},
		{10, "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"at+jwt\",\"cty\":\"JWT\"}", "\"nested\"",
		 V(CLAIMS)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":1e300}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":9223372036854775808}", V(CLAIMS)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":-1,\"exp\":2000}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":null}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":\"2000\"}", V(TIME)},
	};
	mintmark_verifier *verifier = make(fixture_policy);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum mintmark_verdict verdict = check(verifier, token_of(rows[i].header, rows[i].payload), NULL);
		if (verdict != rows[i].verdict)
			fail_msg("ATTACKS %d, row %zu: %s", rows[i].attack, i, mintmark_verdict_name(verdict));
	}
	mintmark_verifier_free(verifier);
}

/* ATTACKS 8, 9, 41: every cut and every flipped bit of a good token, which is kept in memory meanwhile. */
static void attack_08_09_41_altered_tokens_fail(void **state)
{
	mintmark_verifier *verifier = make(fixture_policy);
	struct str good = token_of(HEADER("ES256"), GOOD);
	char copy[1024];
	(void)state;
	assert_int_equal(check(verifier, good, NULL), V(VALID));
	for (size_t len = 0; len < good.len; len++)
		assert_int_not_equal(check(verifier, str_mem(good.p, len), NULL), V(VALID));
	for (size_t i = 0; i < good.len; i++) {
		memcpy(copy, good.p, good.len);
		copy[i] = (char)(copy[i] ^ 1 << i % 8);
		assert_int_not_equal(check(verifier, str_mem(copy, good.len), NULL), V(VALID));
	}
	memcpy(copy, good.p, good.len);
	copy[good.len] = '\n';
	assert_int_not_equal(check(verifier, str_mem(copy, good.len + 1), NULL), V(VALID));
	copy[good.len] = '=';
	assert_int_not_equal(check(verifier, str_mem(copy, good.len + 1), NULL), V(VALID));
	assert_int_equal(check(verifier, good, NULL), V(VALID));
	mintmark_verifier_free(verifier);
}

/* ATTACKS 35 (GHSA-qvp4-rpmr-xwrr), RFC 6750 3.1; ledger 9068-9: scopes belong to the call, kept token or not. */
static void attack_35_scopes_are_judged_at_every_call(void **state)
{
	static const struct {
		const char *scopes;
		enum mintmark_verdict verdict;
	} rows[] = {{"read", V(VALID)},	     {"admin", V(SCOPE)},
		    {"write  read ", V(VALID)}, {"read admin", V(SCOPE)},
		    {"rea", V(SCOPE)},	     {"READ", V(SCOPE)},
		    {NULL, V(VALID)},	     {"", V(VALID)},
		    {"read\twrite", V(SCOPE)}};
	struct str token = token_of(HEADER("ES256"), GOOD);
	(void)state;
	for (unsigned off = 0; off <= MINTMARK_OFF_CACHE; off += MINTMARK_OFF_CACHE) {
		struct mintmark_policy p = fixture_policy;
		p.off = off | MINTMARK_OFF_REVOCATION;
		p.scopes = " write ";
		mintmark_verifier *verifier = make(p);
		for (size_t i = 0; i < 2 * COUNT(rows); i++)
			assert_int_equal(check(verifier, token, rows[i % COUNT(rows)].scopes),
				rows[i % COUNT(rows)].verdict);
		mintmark_verifier_free(verifier);
		p.scopes = "owner";
		verifier = make(p);
		assert_int_equal(check(verifier, token, NULL), V(SCOPE));
		assert_int_equal(check(verifier, token, "read"), V(SCOPE));
		mintmark_verifier_free(verifier);
	}
}

/* ATTACKS 35, 11: a kept token ends when a fresh one would, at both edges of the skew. */
static void attack_35_kept_tokens_expire(void **state)
{
	struct mintmark_policy p = fixture_policy;
	struct clock before = fixture_clock;
	(void)state;
	p.skew_s = 10;
	mintmark_verifier *verifier = make(p);
	struct str token = token_of(HEADER("ES256"), GOOD);
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	fixture_clock = clock_fixed(INT64_C(2009999999));
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	fixture_clock = clock_fixed(INT64_C(2010000000));
	assert_int_equal(check(verifier, token, NULL), V(EXPIRED));
	fixture_clock = before;
	mintmark_verifier_free(verifier);
}

/* A different set of keys makes kept tokens unknown (ATTACKS 35); tests/flow does it with a running issuer. */
static void attack_35_kept_tokens_go_with_their_key(void **state)
{
	struct token_cache *cache;
	struct mintmark_token *token, *found;
	const unsigned char digest[SHA256_LEN] = {1}, other[SHA256_LEN] = {1, 0, 1};
	(void)state;
	assert_int_equal(token_cache_new(1, &cache), 0);
	assert_int_equal(token_new(&token), 0);
	token->claims.exp_s = 2000;
	token_cache_put(cache, digest, 1, token);
	assert_null(token_cache_find(cache, other, 1, 0));
	assert_non_null(found = token_cache_find(cache, digest, 1, 1999));
	token_unref(found);
	assert_null(token_cache_find(cache, digest, 2, 0));
	assert_null(token_cache_find(cache, digest, 1, 0)); /* thrown out, not hidden */
	token_cache_put(cache, digest, 1, token);
	assert_null(token_cache_find(cache, digest, 1, 2000));
	assert_null(token_cache_find(cache, digest, 1, 0));
	assert_int_equal(token->refs, 1);
	token_unref(token);
	token_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_33_each_check_has_its_own_switch),
		cmocka_unit_test(attack_34_bound_token_as_bearer),
		cmocka_unit_test(attack_01_to_11_on_the_library),
		cmocka_unit_test(attack_08_09_41_altered_tokens_fail),
		cmocka_unit_test(attack_35_scopes_are_judged_at_every_call),
		cmocka_unit_test(attack_35_kept_tokens_expire),
		cmocka_unit_test(attack_35_kept_tokens_go_with_their_key),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
