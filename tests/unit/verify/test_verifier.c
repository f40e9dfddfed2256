/*
 * The public verifier over a fixed key set: policies, ATTACKS 1 to 11, 33 and 35 by their numbers, kept tokens,
 * getters, explanations, threads, and a sweep over failing allocations. What the core refuses: tests/unit/jose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/fault.h"
#include "forge.h"
#include "verify/verifier.h"

#define V(name) MINTMARK_VERDICT_##name
#define OFF(name) MINTMARK_OFF_##name
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEADER(alg) "{\"alg\":\"" alg "\",\"kid\":\"" alg "\",\"typ\":\"at+jwt\"}"
#define ES256 "\"alg\":\"ES256\",\"typ\":\"at+jwt\""
#define IDS "\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\""
#define NAMES "\"iss\":\"https://as\",\"aud\":\"api\""
#define TIMES "\"iat\":1000,\"exp\":2000"
#define GOOD "{" NAMES "," IDS "," TIMES ",\"scope\":\"read write\"}"

static mintmark_keyset *keyset;
static struct clock clock_at;
static const struct mintmark_policy policy = {sizeof(policy), "https://as", "api", "ES256 RS256", NULL, 0, 0, 0};

static int setup(void **state)
{
	struct buf text;
	if (forge_setup(state) < 0)
		return -1;
	clock_at = clock_fixed(INT64_C(1500000000));
	buf_init(&text, 65536);
	buf_put(&text, STR("{\"keys\":["));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		if (jwk_emit(forge_keys[alg], str_of(sig_alg_row(alg)->name), &text) < 0)
			return -1;
		buf_put(&text, alg + 1 < SIG_ALGS ? STR(",") : STR("]}"));
	}
	int rc = mintmark_keyset_parse(text.p, text.len, &keyset);
	buf_done(&text);
	return rc;
}

static int teardown(void **state)
{
	mintmark_keyset_free(keyset);
	return forge_teardown(state);
}

static mintmark_verifier *make(struct mintmark_policy p)
{
	mintmark_verifier *verifier;
	assert_int_equal(mintmark_verifier_new(&p, keyset, &verifier), MINTMARK_OK);
	verifier->clock = &clock_at;
	return verifier;
}

static enum mintmark_verdict check(mintmark_verifier *verifier, struct str token, const char *scopes)
{
	mintmark_token *accepted = NULL;
	enum mintmark_verdict verdict = mintmark_verifier_check(verifier, token.p, token.len, scopes, &accepted);
	assert_true((verdict == V(VALID)) == (accepted != NULL));
	mintmark_token_free(accepted);
	return verdict;
}

static struct str token_of(const char *header, const char *payload)
{
	return forge_token(SIG_ES256, str_of(header), str_of(payload));
}

static void refuses_unusable_policies(void **state)
{
	const size_t size = sizeof(struct mintmark_policy);
	const struct mintmark_policy rows[] = {
		{0},
		{size - 1, "https://as", "api", "ES256", NULL, 0, 0, 0},
		{size, NULL, "api", "ES256", NULL, 0, 0, 0},
		{size, "", "api", "ES256", NULL, 0, 0, 0},
		{size, "https://as", NULL, "ES256", NULL, 0, 0, 0},
		{size, "https://as", "", "ES256", NULL, 0, 0, 0},
		{size, "https://as", "api", NULL, NULL, 0, 0, 0},
		{size, "https://as", "api", " ", NULL, 0, 0, 0},
		{size, "https://as", "api", "none", NULL, 0, 0, 0},
		{size, "https://as", "api", "ES256 HS256", NULL, 0, 0, 0},
		{size, "https://as", "api", "es256", NULL, 0, 0, 0},
		{size, "https://as", "api", "ES256,RS256", NULL, 0, 0, 0},
		{size, "https://as", "api", "ES256", "a\"b", 0, 0, 0},
		{size, "https://as", "api", "ES256", "a\tb", 0, 0, 0},
		{size, "https://as", "api", "ES256", NULL, 1024, 0, 0},
		{size, "https://as", "api", "ES256", NULL, 0, 61, 0},
		{size, "https://as", "api", "ES256", NULL, 0, 0, 1048577},
	};
	mintmark_verifier *verifier = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (mintmark_verifier_new(&rows[i], keyset, &verifier) != MINTMARK_ERROR_ARGUMENT || verifier)
			fail_msg("row %zu", i);
	struct mintmark_policy anyone = policy;
	anyone.issuer = NULL;
	anyone.off = MINTMARK_OFF_ISSUER;
	/* nobody whose keys could be asked for */
	assert_int_equal(mintmark_verifier_new(&anyone, NULL, &verifier), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_new(NULL, keyset, &verifier), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_new(&policy, keyset, NULL), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_check(NULL, "x", 1, NULL, NULL), V(POLICY));
	mintmark_verifier_free(NULL);
	mintmark_token_free(NULL);
}

/* ATTACKS 33, RFC 9068 2.2 and 4; ledger 9068 1 to 5: refused by default,
	accepted when switched off by its own name. */
static void each_check_has_its_own_switch(void **state)
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
	};
	const unsigned all = 1023 & ~(unsigned)MINTMARK_OFF_ALGORITHMS;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str token = token_of(rows[i].header, rows[i].payload);
		struct mintmark_policy p = policy;
		enum mintmark_verdict verdicts[3];
		const unsigned off[] = {0, all & ~rows[i].off, rows[i].off};
		for (size_t k = 0; k < 3; k++) {
			p.off = off[k];
			mintmark_verifier *verifier = make(p);
			verdicts[k] = check(verifier, token, NULL);
			mintmark_verifier_free(verifier);
		}
		if (verdicts[0] != rows[i].verdict || verdicts[1] != rows[i].verdict ||
		    verdicts[2] != V(VALID))
			fail_msg("row %zu: %d %d %d", i, verdicts[0], verdicts[1], verdicts[2]);
	}
}

/* A switch takes away one check, not the others beside it. */
static void switches_keep_the_rest(void **state)
{
	struct mintmark_policy p = policy;
	(void)state;
	p.off = 1023;
	mintmark_verifier *verifier = make(p);
	assert_int_equal(check(verifier, token_of("{\"alg\":\"ES256\",\"kid\":\"ES256\"}", "{}"), NULL),
			 V(VALID));
	assert_int_equal(check(verifier, token_of(HEADER("ES256"), "{\"exp\":1500}"), NULL), V(EXPIRED));
	assert_int_equal(check(verifier, token_of(HEADER("ES256"), "{\"nbf\":1501}"), NULL), V(NOT_YET));
	assert_int_equal(check(verifier, token_of(HEADER("ES256"), "{\"iat\":1501}"), NULL), V(FUTURE));
	assert_int_equal(check(verifier, token_of(HEADER("ES256"), "{\"aud\":[]}"), NULL), V(CLAIMS));
	assert_int_equal(check(verifier, token_of("{\"alg\":\"none\"}", "{}"), NULL), V(ALG_UNKNOWN));
	assert_int_equal(check(verifier, forge_token(SIG_RS256, STR(HEADER("ES256")), STR("{}")), NULL),
			 V(SIGNATURE));
	assert_int_equal(check(verifier, forge_token(SIG_EDDSA, STR(HEADER("EdDSA")), STR("{}")), NULL),
			 V(VALID));
	mintmark_verifier_free(verifier);
}

/* ATTACKS 1 to 11, as whoever calls the library meets them. */
static void attacks_on_tokens(void **state)
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
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":1e300}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":9223372036854775808}", V(CLAIMS)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":-1,\"exp\":2000}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":null}", V(TIME)},
		{11, HEADER("ES256"), "{" NAMES "," IDS ",\"iat\":1000,\"exp\":\"2000\"}", V(TIME)},
	};
	mintmark_verifier *verifier = make(policy);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum mintmark_verdict verdict = check(verifier, token_of(rows[i].header, rows[i].payload), NULL);
		if (verdict != rows[i].verdict)
			fail_msg("ATTACKS %d, row %zu: %s", rows[i].attack, i, mintmark_verdict_name(verdict));
	}
	mintmark_verifier_free(verifier);
}

/* ATTACKS 8, 9, 41: every cut and every flipped bit of a good token, which is kept in memory meanwhile. */
static void altered_tokens_fail(void **state)
{
	mintmark_verifier *verifier = make(policy);
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

/* ATTACKS 35 (GHSA-qvp4-rpmr-xwrr): scopes belong to the call, with and without kept tokens. */
static void scopes_are_judged_at_every_call(void **state)
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
		struct mintmark_policy p = policy;
		p.off = off;
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
static void kept_tokens_expire(void **state)
{
	struct mintmark_policy p = policy;
	struct clock before = clock_at;
	(void)state;
	p.skew_s = 10;
	mintmark_verifier *verifier = make(p);
	struct str token = token_of(HEADER("ES256"), GOOD);
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	clock_at = clock_fixed(INT64_C(2009999999));
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	clock_at = clock_fixed(INT64_C(2010000000));
	assert_int_equal(check(verifier, token, NULL), V(EXPIRED));
	clock_at = before;
	mintmark_verifier_free(verifier);
}

/* More tokens than there is room: each verdict stays right, and what was handed out lives on. */
static void cache_is_bounded(void **state)
{
	struct mintmark_policy p = policy;
	mintmark_token *held[64];
	char payload[256];
	(void)state;
	p.cache_tokens = 8;
	mintmark_verifier *verifier = make(p);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 64; i++) {
			snprintf(payload, sizeof(payload), "{" NAMES ","
				TIMES ",\"client_id\":\"c\",\"sub\":\"%d\",\"jti\":\"j\"}", i);
			struct str token = token_of(HEADER("ES256"), payload);
			assert_int_equal(mintmark_verifier_check(verifier, token.p, token.len, NULL, &held[i]),
					 V(VALID));
			if (round == 0)
				mintmark_token_free(held[i]);
		}
	mintmark_verifier_free(verifier);
	for (int i = 0; i < 64; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		assert_string_equal(mintmark_token_subject(held[i]), payload);
		mintmark_token_free(held[i]);
	}
}

/* A different set of keys makes kept tokens unknown (ATTACKS 35); tests/flow does it with a running issuer. */
static void generations_part(void **state)
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

static void getters_borrow(void **state)
{
	mintmark_verifier *verifier = make(policy);
	mintmark_token *token;
	struct str text = token_of(HEADER("ES256"), "{" NAMES "," IDS ","
		TIMES ",\"scope\":\"read\",\"n\":1.50,\"o\":{\"a\":[1,\"\\u00e9\"]},"
						    "\"email\":\"a\\u002fb\",\"empty\":\"\",\"nul\":null}");
	(void)state;
	assert_int_equal(mintmark_verifier_check(verifier, text.p, text.len, NULL, &token), V(VALID));
	mintmark_verifier_free(verifier);
	assert_string_equal(mintmark_token_subject(token), "s");
	assert_string_equal(mintmark_token_client_id(token), "c");
	assert_string_equal(mintmark_token_issuer(token), "https://as");
	assert_string_equal(mintmark_token_jti(token), "j");
	assert_string_equal(mintmark_token_scopes(token), "read");
	assert_int_equal(mintmark_token_expiry(token), 2000);
	assert_int_equal(mintmark_token_issued_at(token), 1000);
	assert_int_equal(mintmark_token_has_scope(token, "read"), 1);
	assert_int_equal(mintmark_token_has_scope(token, "rea"), 0);
	assert_int_equal(mintmark_token_has_scope(token, ""), 0);
	assert_int_equal(mintmark_token_has_scope(token, NULL), 0);
	assert_string_equal(mintmark_token_claim(token, "email"), "a/b");
	assert_string_equal(mintmark_token_claim(token, "empty"), "");
	assert_string_equal(mintmark_token_claim_json(token, "email"), "\"a/b\"");
	assert_string_equal(mintmark_token_claim_json(token, "o"), "{\"a\":[1,\"\xc3\xa9\"]}");
	assert_string_equal(mintmark_token_claim_json(token, "nul"), "null");
	assert_string_equal(mintmark_token_claim_json(token, "exp"), "2000");
	assert_null(mintmark_token_claim(token, "exp"));
	assert_null(mintmark_token_claim(token, "Email"));
	assert_null(mintmark_token_claim(token, NULL));
	mintmark_token_free(token);
}

static void explains_in_one_sentence(void **state)
{
	static const struct {
		const char *payload, *scopes, *says;
		enum mintmark_verdict verdict;
	} rows[] = {
		{GOOD, "read", "The token is valid.", V(VALID)},
		{GOOD, "admin read", "missing: \"admin\"", V(SCOPE)},
		{GOOD, "a\"", "policy", V(POLICY)},
		{"{\"iss\":\"x\",\"aud\":\"api\"," IDS "," TIMES "}", NULL, "iss is \"x\", expected \"https://as\"",
		 V(ISSUER)},
		{"{" NAMES "," IDS ",\"iat\":1000,\"exp\":1490}", NULL, "exp was 10 s ago", V(EXPIRED)},
	};
	mintmark_verifier *verifier = make(policy);
	char text[1024], tiny[12];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str token = token_of(HEADER("ES256"), rows[i].payload);
		assert_int_equal(mintmark_verifier_explain(verifier, token.p, token.len, rows[i].scopes, text,
			sizeof(text)),
				 rows[i].verdict);
		if (!strstr(text, rows[i].says))
			fail_msg("%s", text);
	}
	assert_int_equal(mintmark_verifier_explain(verifier, "x", 1, NULL, tiny, sizeof(tiny)), V(SEGMENTS));
	assert_string_equal(tiny, "The token i");
	assert_int_equal(mintmark_verifier_explain(verifier, "x", 1, NULL, NULL, 0), V(SEGMENTS));
	assert_int_equal(mintmark_verifier_explain(NULL, "x", 1, NULL, text, sizeof(text)), V(POLICY));
	mintmark_verifier_free(verifier);
}

/* The numbers are a promise to compiled programs: 0 is never success, each has a name of its own and a status. */
static void verdicts_are_numbered_for_good(void **state)
{
	(void)state;
	assert_int_equal(V(UNCHECKED), 0);
	assert_string_equal(mintmark_verdict_name(V(UNCHECKED)), "unchecked");
	assert_int_equal(mintmark_verdict_status(V(UNCHECKED)), 500);
	assert_string_equal(mintmark_verdict_name((enum mintmark_verdict)99), "unchecked");
	for (int i = 1; i <= V(INTERNAL); i++) {
		int status = mintmark_verdict_status((enum mintmark_verdict)i);
		assert_string_not_equal(mintmark_verdict_name((enum mintmark_verdict)i), "unchecked");
		assert_true((status == 200) == (i == V(VALID)));
		assert_true((status == 403) == (i == V(SCOPE)));
	}
	assert_int_equal(mintmark_verdict_status(V(SIGNATURE)), 401);
	assert_int_equal(mintmark_verdict_status(V(KEYS)), 503);
	for (int code = MINTMARK_ERROR_SYSTEM; code <= 0; code++)
		assert_string_not_equal(mintmark_error_text(code), mintmark_error_text(1));
}

static void key_sets_are_parsed_strictly(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {{"", MINTMARK_ERROR_SYNTAX},
		    {"[]", MINTMARK_ERROR_SYNTAX},
		    {"{}", MINTMARK_ERROR_SYNTAX},
		    {"{\"keys\":[]}", MINTMARK_ERROR_SYNTAX},
		    {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}", MINTMARK_ERROR_SYNTAX}};
	mintmark_keyset *none = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(mintmark_keyset_parse(rows[i].text, strlen(rows[i].text), &none), rows[i].rc);
	assert_int_equal(mintmark_keyset_parse(NULL, 0, &none), MINTMARK_ERROR_ARGUMENT);
	static char blank[FETCH_DOCUMENT_MAX + 1];
	memset(blank, ' ', sizeof(blank));
	assert_int_equal(mintmark_keyset_parse(blank, sizeof(blank), &none), MINTMARK_ERROR_LIMIT);
	assert_null(none);
}

struct lane {
	pthread_t thread;
	mintmark_verifier *verifier;
	struct str good, bad;
	int wrong;
};

static void *run_lane(void *arg)
{
	struct lane *lane = arg;
	for (int i = 0; i < 300; i++) {
		mintmark_token *token = NULL;
		lane->wrong += mintmark_verifier_check(lane->verifier, lane->good.p, lane->good.len, "read", &token) !=
			       V(VALID);
		lane->wrong += !token || strcmp(mintmark_token_claim(token, "scope"), "read write") != 0;
		mintmark_token_free(token);
		lane->wrong += mintmark_verifier_check(lane->verifier, lane->good.p, lane->good.len, "admin", NULL) !=
			       V(SCOPE);
		lane->wrong += mintmark_verifier_check(lane->verifier, lane->bad.p, lane->bad.len, NULL, NULL) !=
			       V(KEY_UNKNOWN);
	}
	return NULL;
}

/* One verifier, many threads, few places to keep tokens. Built with ThreadSanitizer too. */
static void threads_share_a_verifier(void **state)
{
	struct lane lanes[8];
	struct mintmark_policy p = policy;
	char payload[256];
	(void)state;
	p.cache_tokens = 4;
	mintmark_verifier *verifier = make(p);
	struct str bad = token_of("{\"alg\":\"ES256\",\"kid\":\"gone\",\"typ\":\"at+jwt\"}", GOOD);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		snprintf(payload, sizeof(payload), "{" NAMES "," IDS ","
			TIMES ",\"scope\":\"read write\",\"n\":%zu}", i / 2);
		lanes[i] = (struct lane){.verifier = verifier, .good = token_of(HEADER("ES256"), payload), .bad = bad};
	}
	for (size_t i = 0; i < COUNT(lanes); i++)
		assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		pthread_join(lanes[i].thread, NULL);
		assert_int_equal(lanes[i].wrong, 0);
	}
	mintmark_verifier_free(verifier);
}

#ifdef MINTMARK_FAULTS
/* One life of a verifier; 1 when every step succeeded. Whatever fails fails closed. */
static int live(struct str good, struct str forged)
{
	mintmark_verifier *verifier;
	mintmark_token *token = NULL;
	char text[512];
	int rc = mintmark_verifier_new(&policy, keyset, &verifier);
	if (rc < 0) {
		assert_int_equal(rc, MINTMARK_ERROR_MEMORY);
		return 0;
	}
	verifier->clock = &clock_at;
	enum mintmark_verdict verdict = mintmark_verifier_check(verifier, good.p, good.len, "read", &token);
	enum mintmark_verdict refused = mintmark_verifier_check(verifier, forged.p, forged.len, NULL, NULL);
	enum mintmark_verdict explained = mintmark_verifier_explain(verifier, good.p, good.len, "read", text,
		sizeof(text));
	assert_true(verdict == V(VALID) || verdict == V(INTERNAL));
	assert_true(refused == V(SIGNATURE) || refused == V(INTERNAL));
	assert_true(explained == V(VALID) || explained == V(INTERNAL));
	assert_true((verdict == V(VALID)) == (token != NULL));
	const char *claim = token ? mintmark_token_claim(token, "sub") : NULL;
	int fine = claim && refused == V(SIGNATURE) && explained == V(VALID);
	assert_true(!claim || strcmp(claim, "s") == 0);
	mintmark_token_free(token);
	mintmark_verifier_free(verifier);
	return fine;
}

static void survives_failing_allocations(void **state)
{
	struct str good = token_of(HEADER("ES256"), GOOD), forged = forge_token(SIG_ES384, STR(HEADER("ES256")),
		STR(GOOD));
	long nth = 1;
	(void)state;
	for (bool reached = true; reached && nth < 5000; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		int fine = live(good, forged);
		reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(reached || fine);
	}
	assert_in_range(nth, 20, 4999);
}

static void key_sets_survive_failing_allocations(void **state)
{
	mintmark_keyset *set = NULL;
	struct buf text;
	int rc = MINTMARK_ERROR_MEMORY;
	(void)state;
	buf_init(&text, 65536);
	buf_put(&text, STR("{\"keys\":["));
	assert_int_equal(jwk_emit(forge_keys[SIG_ES256], STR("k"), &text), 0);
	buf_put(&text, STR("]}"));
	for (long nth = 1; rc != MINTMARK_OK && nth < 5000; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		rc = mintmark_keyset_parse(text.p, text.len, &set);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == MINTMARK_OK || rc == MINTMARK_ERROR_MEMORY || rc == MINTMARK_ERROR_SYSTEM);
	}
	assert_int_equal(rc, MINTMARK_OK);
	mintmark_keyset_free(set);
	buf_done(&text);
	for (long nth = 1; nth < 4; nth++) { /* the set, its strings, its thread */
		fault_arm(FAULT_ALLOC, nth);
		rc = mintmark_keyset_url("http://127.0.0.1:1/", NULL, &set);
		fault_arm(FAULT_ALLOC, 0);
		assert_int_equal(rc, nth < 3 ? MINTMARK_ERROR_MEMORY : MINTMARK_ERROR_SYSTEM);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_unusable_policies), cmocka_unit_test(each_check_has_its_own_switch),
		cmocka_unit_test(switches_keep_the_rest), cmocka_unit_test(attacks_on_tokens),
		cmocka_unit_test(altered_tokens_fail), cmocka_unit_test(scopes_are_judged_at_every_call),
		cmocka_unit_test(kept_tokens_expire), cmocka_unit_test(cache_is_bounded),
		cmocka_unit_test(generations_part), cmocka_unit_test(getters_borrow),
		cmocka_unit_test(explains_in_one_sentence), cmocka_unit_test(verdicts_are_numbered_for_good),
		cmocka_unit_test(key_sets_are_parsed_strictly), cmocka_unit_test(threads_share_a_verifier),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(survives_failing_allocations), cmocka_unit_test(key_sets_survive_failing_allocations),
#endif
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
