/* Answers of a revocation feed: what is none (typ, iss, exp, key; order, kinds, numbers), and what is read from one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "forge.h"
#include "verify/feed_page.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TOP "\"feed\":\"f\",\"since\":10,\"seq\":20,\"iat\":1000,\"more\":false"
#define CLIENT "{\"seq\":11,\"client_id\":\"c\",\"epoch\":1,\"not_before\":900,\"until\":2000}"
#define LIST(entries) "{" TOP ",\"revocations\":[" entries "]}"

static int parse(const char *claims, struct feed_page *ret_page)
{
	return feed_page_parse(str_of(claims), &forge_arena, ret_page);
}

/* An answer is read whole or not at all: what is skipped would be honoured. */
static void attack_35_malformed_pages_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"[]",
		"{}",
		"{" TOP "}",
		"{" TOP ",\"revocations\":{}}",
		"{" TOP ",\"revocations\":[],\"seq\":20}",
		"{\"feed\":\"\",\"since\":0,\"seq\":0,\"iat\":0,\"more\":false,\"revocations\":[]}",
		"{\"feed\":7,\"since\":0,\"seq\":0,\"iat\":0,\"more\":false,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":-1,\"seq\":0,\"iat\":0,\"more\":false,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":1,\"seq\":0,\"iat\":0,\"more\":false,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":0,\"seq\":1e3,\"iat\":0,\"more\":false,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":0,\"seq\":0,\"iat\":0,\"more\":0,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":0,\"seq\":0,\"iat\":0,\"revocations\":[]}",
		"{\"feed\":\"f\",\"since\":0,\"seq\":9,\"iat\":0,\"more\":true,\"revocations\":[]}", /* no progress */
		LIST("1"),
		LIST("{}"),
		LIST("{\"seq\":11,\"until\":2000}"),
		LIST("{\"seq\":11,\"tenant\":\"t\",\"epoch\":1,\"until\":2000}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"account\":\"a\",\"epoch\":1,\"until\":2000}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"until\":2000}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"epoch\":0,\"until\":2000}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"epoch\":\"1\",\"until\":2000}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"epoch\":1}"),
		LIST("{\"seq\":11,\"client_id\":\"c\",\"epoch\":1,\"until\":0}"),
		LIST("{\"seq\":11,\"client_id\":\"\",\"epoch\":1,\"until\":2000}"),
		LIST("{\"seq\":11,\"jti\":7,\"until\":2000}"),
		LIST("{\"client_id\":\"c\",\"epoch\":1,\"until\":2000}"),
		LIST("{\"seq\":10,\"client_id\":\"c\",\"epoch\":1,\"until\":2000}"), /* not after since */
		LIST("{\"seq\":21,\"client_id\":\"c\",\"epoch\":1,\"until\":2000}"), /* beyond seq */
		LIST(CLIENT "," CLIENT),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct feed_page page = {.seq = 7};
		if (parse(rows[i], &page) != E_SYNTAX || page.seq != 7)
			fail_msg("%s", rows[i]);
	}
}

static void reads_a_page(void **state)
{
	struct feed_page page;
	(void)state;
	assert_int_equal(parse(LIST(CLIENT ",{\"seq\":13,\"account\":\"a\",\"epoch\":9007199254740993,\"until\":2001,"
					   "\"x\":[]},{\"seq\":20,\"jti\":\"j\",\"until\":2002}"),
			       &page),
			 0);
	assert_true(str_eq(page.feed, STR("f")) && page.since == 10 && page.seq == 20 && page.iat_s == 1000);
	assert_false(page.more);
	assert_int_equal(page.n, 3);
	const struct feed_entry *e = page.entries;
	assert_true(e[0].kind == FEED_CLIENT && str_eq(e[0].name, STR("c")) && e[0].epoch == 1 && e[0].until_s == 2000);
	assert_true(e[1].kind == FEED_ACCOUNT && str_eq(e[1].name, STR("a")) && e[1].epoch == 9007199254740993);
	assert_true(e[2].kind == FEED_JTI && str_eq(e[2].name, STR("j")) && e[2].epoch == 0 && e[2].seq == 20);
	assert_int_equal(
		parse("{\"feed\":\"f\",\"since\":0,\"seq\":0,\"iat\":0,\"more\":false,\"revocations\":[]}", &page), 0);
	assert_int_equal(page.n, 0);
}

#define SIGNED "\"alg\":\"ES256\",\"kid\":\"ES256\""
#define FEED "{" SIGNED ",\"typ\":\"revocations+jwt\"}"
#define LIFE "\"iat\":1000,\"exp\":1300"

/*
 * RFC 8725 3.1, 3.8, 3.11; ATTACKS 33; ledger 8725-3.1, 8725-3.8, 8725-3.11, 8725-3.12: no access token, nor anything
 * else that the issuer signs, passes for a feed.
 */
static void attack_33_only_the_issuers_feed_is_one(void **state)
{
	static const struct {
		enum sig_alg alg;
		const char *header, *claims;
		enum verdict verdict;
	} rows[] = {
		{SIG_ES256, FEED, "{\"iss\":\"https://as\"," LIFE "}", VERDICT_VALID},
		{SIG_ES256, "{" SIGNED ",\"typ\":\"application/revocations+jwt\"}", "{\"iss\":\"https://as\"," LIFE "}",
		 VERDICT_VALID},
		{SIG_ES256, "{" SIGNED ",\"typ\":\"at+jwt\"}", "{\"iss\":\"https://as\"," LIFE "}", VERDICT_TYPE},
		{SIG_ES256, "{" SIGNED ",\"typ\":\"JWT\"}", "{\"iss\":\"https://as\"," LIFE "}", VERDICT_TYPE},
		{SIG_ES256, "{" SIGNED "}", "{\"iss\":\"https://as\"," LIFE "}", VERDICT_TYPE},
		{SIG_RS256, FEED, "{\"iss\":\"https://as\"," LIFE "}", VERDICT_SIGNATURE},
		{SIG_ES256, "{\"alg\":\"none\",\"typ\":\"revocations+jwt\"}", "{\"iss\":\"https://as\"," LIFE "}",
		 VERDICT_ALG_UNKNOWN},
		{SIG_ES256, "{\"alg\":\"HS256\",\"kid\":\"ES256\",\"typ\":\"revocations+jwt\"}",
		 "{\"iss\":\"https://as\"," LIFE "}", VERDICT_ALG_UNKNOWN},
		{SIG_ES256, "{\"alg\":\"ES256\",\"kid\":\"x\",\"typ\":\"revocations+jwt\"}",
		 "{\"iss\":\"https://as\"," LIFE "}", VERDICT_KEY_UNKNOWN},
		{SIG_ES256, FEED, "{\"iss\":\"https://as/\"," LIFE "}", VERDICT_ISSUER},
		{SIG_ES256, FEED, "{" LIFE "}", VERDICT_CLAIM_MISSING},
		{SIG_ES256, FEED, "{\"iss\":\"https://as\",\"iat\":1000}", VERDICT_CLAIM_MISSING},
		{SIG_ES256, FEED, "{\"iss\":\"https://as\",\"exp\":1300}", VERDICT_CLAIM_MISSING},
		{SIG_ES256, FEED, "{\"iss\":\"https://as\",\"iat\":900,\"exp\":1000}", VERDICT_EXPIRED},
		{SIG_ES256, FEED, "{\"iss\":\"https://as\",\"iat\":1021,\"exp\":1300}", VERDICT_FUTURE},
	};
	const struct feed_rules rules = {STR("https://as"), 10, 1010};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str token = forge_token(rows[i].alg, str_of(rows[i].header), str_of(rows[i].claims)), claims;
		if (feed_page_verify(token, forge_jwks, &rules, &forge_arena, &claims) != rows[i].verdict)
			fail_msg("row %zu", i);
	}
}

/* 32 KiB of claims are more than a token may have, and 64 KiB of text are the end. */
static void has_room_for_pages_and_no_more(void **state)
{
	static char text[40000], filler[30000];
	static char large[JWS_DOCUMENT_MAX + 1];
	const struct feed_rules rules = {STR("https://as"), 10, 1010};
	struct str claims;
	(void)state;
	memset(filler, 'x', sizeof(filler));
	memset(large, 'x', sizeof(large));
	snprintf(text, sizeof(text), "{\"iss\":\"https://as\"," LIFE ",\"x\":\"%.*s\"}", (int)sizeof(filler), filler);
	struct str token = forge_token(SIG_ES256, STR(FEED), str_of(text));
	assert_int_equal(feed_page_verify(token, forge_jwks, &rules, &forge_arena, &claims), VERDICT_VALID);
	assert_int_equal(claims.len, strlen(text));
	assert_int_equal(
		feed_page_verify(str_mem(large, sizeof(large)), forge_jwks, &rules, &forge_arena, &claims),
		VERDICT_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_35_malformed_pages_are_refused),
		cmocka_unit_test(reads_a_page),
		cmocka_unit_test(attack_33_only_the_issuers_feed_is_one),
		cmocka_unit_test(has_room_for_pages_and_no_more),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
