/*
 * The public verifier over a fixed key set: policies, kept tokens, getters, explanations, threads, and a sweep over
 * failing allocations. What it refuses: test_attacks.c; what the core refuses: tests/unit/jose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/fault.h"
#include "fixture.h"

static void refuses_unusable_policies(void **state)
{
	const size_t size = sizeof(struct mintmark_policy);
#define ROW .size = size, .issuer = "https://as", .audience = "api", .algorithms = "ES256"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
	const struct mintmark_policy rows[] = {
		{.size = 0},
		{ROW, .size = size - 1},
		{ROW, .issuer = NULL},
		{ROW, .issuer = ""},
		{ROW, .audience = NULL},
		{ROW, .audience = ""},
		{ROW, .algorithms = NULL},
		{ROW, .algorithms = " "},
		{ROW, .algorithms = "none"},
		{ROW, .algorithms = "ES256 HS256"},
		{ROW, .algorithms = "es256"},
		{ROW, .algorithms = "ES256,RS256"},
		{ROW, .scopes = "a\"b"},
		{ROW, .scopes = "a\tb"},
		{ROW, .off = 8192},
		{ROW, .off = MINTMARK_OFF_REVOCATION | MINTMARK_OFF_REVOCATION_AGE},
		{ROW, .issuer = NULL, .off = MINTMARK_OFF_ISSUER}, /* whose feed? */
		{ROW, .skew_s = 61},
		{ROW, .cache_tokens = 1048577},
	};
#pragma GCC diagnostic pop
	mintmark_verifier *verifier = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (mintmark_verifier_new(&rows[i], fixture_keyset, &verifier) != MINTMARK_ERROR_ARGUMENT || verifier)
			fail_msg("row %zu", i);
	struct mintmark_policy anyone = fixture_policy;
	anyone.issuer = NULL;
	anyone.off |= MINTMARK_OFF_ISSUER;
	/* nobody whose keys could be asked for */
	assert_int_equal(mintmark_verifier_new(&anyone, NULL, &verifier), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_new(NULL, fixture_keyset, &verifier), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_new(&fixture_policy, fixture_keyset, NULL), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_verifier_check(NULL, "x", 1, NULL, NULL), V(POLICY));
	mintmark_verifier_free(NULL);
	mintmark_token_free(NULL);
}

/* A switch takes away one check, not the others beside it. */
static void switches_keep_the_rest(void **state)
{
	struct mintmark_policy p = fixture_policy;
	(void)state;
	p.off = 2047 | MINTMARK_OFF_REVOCATION;
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

/* More tokens than there is room: each verdict stays right, and what was handed out lives on. */
static void cache_is_bounded(void **state)
{
	struct mintmark_policy p = fixture_policy;
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

static void getters_borrow(void **state)
{
	mintmark_verifier *verifier = make(fixture_policy);
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
		{"{" NAMES "," IDS "," TIMES ",\"cnf\":{\"jkt\":\"x\"}}", NULL, "cnf", V(BOUND)},
	};
	mintmark_verifier *verifier = make(fixture_policy);
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

/*
 * The numbers are a promise to compiled programs: 0 is never success, each has a name of its own and a status: RFC 6750
 * 3.1; ledger 6750-3, 9068-6.
 */
static void verdicts_are_numbered_for_good(void **state)
{
	(void)state;
	assert_int_equal(V(UNCHECKED), 0);
	assert_string_equal(mintmark_verdict_name(V(UNCHECKED)), "unchecked");
	assert_int_equal(mintmark_verdict_status(V(UNCHECKED)), 500);
	assert_string_equal(mintmark_verdict_name((enum mintmark_verdict)99), "unchecked");
	for (int i = 1; i <= V(STALE); i++) {
		int status = mintmark_verdict_status((enum mintmark_verdict)i);
		assert_string_not_equal(mintmark_verdict_name((enum mintmark_verdict)i), "unchecked");
		assert_true((status == 200) == (i == V(VALID)));
		assert_true((status == 403) == (i == V(SCOPE)));
	}
	assert_int_equal(mintmark_verdict_status(V(SIGNATURE)), 401);
	assert_int_equal(mintmark_verdict_status(V(BOUND)), 401);
	assert_int_equal(mintmark_verdict_status(V(REVOKED)), 401);
	assert_int_equal(mintmark_verdict_status(V(KEYS)), 503);
	assert_int_equal(mintmark_verdict_status(V(STALE)), 503);
	for (int code = MINTMARK_ERROR_UNTRUSTED; code <= 0; code++)
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
	struct mintmark_policy p = fixture_policy;
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
	int rc = mintmark_verifier_new(&fixture_policy, fixture_keyset, &verifier);
	if (rc < 0) {
		assert_int_equal(rc, MINTMARK_ERROR_MEMORY);
		return 0;
	}
	verifier->clock = &fixture_clock;
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
		cmocka_unit_test(refuses_unusable_policies),
		cmocka_unit_test(switches_keep_the_rest),
		cmocka_unit_test(cache_is_bounded),
		cmocka_unit_test(getters_borrow),
		cmocka_unit_test(explains_in_one_sentence),
		cmocka_unit_test(verdicts_are_numbered_for_good),
		cmocka_unit_test(key_sets_are_parsed_strictly),
		cmocka_unit_test(threads_share_a_verifier),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(survives_failing_allocations), cmocka_unit_test(key_sets_survive_failing_allocations),
#endif
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
