/* Each thing keyd refuses to sign, at both sides of every bound; and the claims' exact bytes when it does. */
#include "fixture.h"

enum { CAP = 86400 };

static struct keyd_policy policy(void)
{
	return (struct keyd_policy){.issuer = STR(ISSUER), .cap_s = {CAP, 3600, 120, 600}};
}

/* One change to claims that are right for their kind. */
struct row {
	const char *what;
	enum token_kind kind;
	void (*change)(struct sign_claims *c);
	bool good;
};

static void same(struct sign_claims *c) { (void)c; }
static void other_iss(struct sign_claims *c) { c->iss = STR("https://mint.example/"); }
static void upper_iss(struct sign_claims *c) { c->iss = STR("https://MINT.example"); }
static void no_iss(struct sign_claims *c) { c->iss = STR(""); }
static void no_sub(struct sign_claims *c) { c->sub = STR(""); }
static void no_aud(struct sign_claims *c) { c->aud = STR(""); }
static void no_jti(struct sign_claims *c) { c->jti = STR(""); }
static void no_client(struct sign_claims *c) { c->client_id = STR(""); }
static void no_scope(struct sign_claims *c) { c->scope = STR(""); }
static void no_client_no_scope(struct sign_claims *c)
{
	c->client_id = STR("");
	c->scope = STR("");
	if (c->kind == TOKEN_LOGOUT)
		c->extra = STR("{\"events\":{}}");
}
static void at_cap(struct sign_claims *c) { c->exp_s = c->iat_s + CAP; }
static void above_cap(struct sign_claims *c) { c->exp_s = c->iat_s + CAP + 1; }
static void ten_years(struct sign_claims *c) { c->exp_s = c->iat_s + 315360000; }
static void end_of_time(struct sign_claims *c) { c->exp_s = INT64_MAX; }
static void exp_zero(struct sign_claims *c) { c->exp_s = 0; }
static void exp_is_iat(struct sign_claims *c) { c->exp_s = c->iat_s; }
static void iat_old(struct sign_claims *c) { c->iat_s = NOW_S - KEYD_SKEW_S; }
static void iat_too_old(struct sign_claims *c) { c->iat_s = NOW_S - KEYD_SKEW_S - 1; }
static void iat_early(struct sign_claims *c) { c->iat_s = NOW_S + KEYD_SKEW_S; }
static void iat_too_early(struct sign_claims *c) { c->iat_s = NOW_S + KEYD_SKEW_S + 1; }
static void iat_zero(struct sign_claims *c) { c->iat_s = 0; }
static void early_and_capped(struct sign_claims *c) /* iat in the future must not stretch what is left from now */
{
	c->iat_s = NOW_S + KEYD_SKEW_S;
	c->exp_s = c->iat_s + CAP;
}
static void old_and_above_cap(struct sign_claims *c) /* nor may an iat in the past hide a long life */
{
	c->iat_s = NOW_S - KEYD_SKEW_S;
	c->exp_s = c->iat_s + CAP + 1;
}
static void sub_newline(struct sign_claims *c) { c->sub = STR("a\nb"); }
static void sub_nul(struct sign_claims *c) { c->sub = STR("a\0b"); }
static void sub_del(struct sign_claims *c) { c->sub = STR("a\x7F"); }
static void sub_latin1(struct sign_claims *c) { c->sub = STR("caf\xE9"); }
static void sub_overlong(struct sign_claims *c) { c->sub = STR("\xC0\xAF"); }
static void sub_surrogate(struct sign_claims *c) { c->sub = STR("\xED\xA0\x80"); }
static void sub_utf8(struct sign_claims *c) { c->sub = STR("caf\xC3\xA9"); }
static void jti_escape(struct sign_claims *c) { c->jti = STR("\x1b[2J"); }
static void extra_good(struct sign_claims *c)
{
	c->extra = STR("{\"email\":\"a@b\",\"roles\":[\"x\"],\"n\":{\"m\":1}}");
}
static void extra_empty(struct sign_claims *c) { c->extra = STR("{}"); }
static void extra_array(struct sign_claims *c) { c->extra = STR("[]"); }
static void extra_text(struct sign_claims *c) { c->extra = STR("\"x\""); }
static void extra_trailing(struct sign_claims *c) { c->extra = STR("{\"a\":1},\"exp\":1"); }
static void extra_injection(struct sign_claims *c) { c->extra = STR("{\"a\":1}} {"); }
static void extra_duplicate(struct sign_claims *c) { c->extra = STR("{\"a\":1,\"a\":2}"); }
static void extra_exp(struct sign_claims *c) { c->extra = STR("{\"exp\":9999999999}"); }
static void extra_iat(struct sign_claims *c) { c->extra = STR("{\"iat\":1}"); }
static void extra_iss(struct sign_claims *c) { c->extra = STR("{\"iss\":\"x\"}"); }
static void extra_sub_escaped(struct sign_claims *c) { c->extra = STR("{\"\\u0073ub\":\"x\"}"); }
static void extra_aud(struct sign_claims *c) { c->extra = STR("{\"aud\":[\"x\"]}"); }
static void extra_scope(struct sign_claims *c)
{
	c->scope = STR("");
	c->extra = STR("{\"scope\":\"admin\"}");
}
static void extra_deep(struct sign_claims *c) { c->extra = STR("{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}"); }
static void extra_bad_utf8(struct sign_claims *c) { c->extra = STR("{\"a\":\"\xFF\"}"); }
static void extra_large(struct sign_claims *c)
{
	static char text[SIGNER_EXTRA_MAX + 2];
	int n = snprintf(text, sizeof(text), "{\"a\":\"");
	memset(text + n, 'a', sizeof(text) - (size_t)n);
	memcpy(text + sizeof(text) - 2, "\"}", 2);
	c->extra = str_mem(text, sizeof(text));
}
static void logout_events(struct sign_claims *c)
{
	no_client_no_scope(c);
	c->exp_s = c->iat_s + 120;
	c->extra = STR("{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}}");
}
static void logout_no_events(struct sign_claims *c)
{
	logout_events(c);
	c->extra = STR("{\"sid\":\"x\"}");
}
static void logout_nothing(struct sign_claims *c)
{
	logout_events(c);
	c->extra = STR("");
}
static void logout_nonce(struct sign_claims *c)
{
	logout_events(c);
	c->extra = STR("{\"events\":{},\"nonce\":\"x\"}");
}
static void logout_with_client(struct sign_claims *c)
{
	logout_events(c);
	c->client_id = STR("x");
}
static void logout_too_long(struct sign_claims *c)
{
	logout_events(c);
	c->exp_s = c->iat_s + 121;
}
static void feed(struct sign_claims *c)
{
	no_client_no_scope(c);
	c->sub = c->aud = c->jti = STR("");
	c->exp_s = c->iat_s + 600;
	c->extra = STR("{\"feed\":\"f\",\"revocations\":[]}");
}
static void feed_without_list(struct sign_claims *c)
{
	feed(c);
	c->extra = STR("{\"feed\":\"f\"}");
}
static void feed_of_a_client(struct sign_claims *c)
{
	feed(c);
	c->client_id = STR("x");
}
static void feed_with_sub(struct sign_claims *c)
{
	feed(c);
	c->sub = STR("x");
}
static void feed_with_aud(struct sign_claims *c)
{
	feed(c);
	c->aud = STR("x");
}
static void feed_with_jti(struct sign_claims *c)
{
	feed(c);
	c->jti = STR("x");
}
static void feed_with_epoch(struct sign_claims *c)
{
	feed(c);
	c->epoch = 1;
}
static void feed_nonce(struct sign_claims *c)
{
	feed(c);
	c->extra = STR("{\"nonce\":\"x\",\"revocations\":[]}");
}
static void fill_feed(struct sign_claims *c, char *text, size_t size)
{
	feed(c);
	int n = snprintf(text, size, "{\"revocations\":[\"");
	memset(text + n, 'a', size - (size_t)n);
	memcpy(text + size - 3, "\"]}", 3);
	c->extra = str_mem(text, size);
}
static void feed_full(struct sign_claims *c)
{
	static char text[SIGNER_FEED_EXTRA_MAX];
	fill_feed(c, text, sizeof(text));
}
static void feed_over(struct sign_claims *c)
{
	static char text[SIGNER_FEED_EXTRA_MAX + 1];
	fill_feed(c, text, sizeof(text));
}
static void epochs(struct sign_claims *c)
{
	c->epoch = 3;
	c->account_epoch = 7;
}
static void id_with_epoch(struct sign_claims *c)
{
	no_client_no_scope(c);
	c->account_epoch = 1;
}
static void extra_epoch(struct sign_claims *c) { c->extra = STR("{\"epoch\":9}"); }
static void extra_account_epoch(struct sign_claims *c) { c->extra = STR("{\"account_epoch\":9}"); }
static void feed_too_long(struct sign_claims *c)
{
	feed(c);
	c->exp_s = c->iat_s + 601;
}

static const struct row rows[] = {
	{"right", TOKEN_ACCESS, same, true},
	{"iss with a slash more", TOKEN_ACCESS, other_iss, false},
	{"iss in capitals", TOKEN_ACCESS, upper_iss, false},
	{"no iss", TOKEN_ACCESS, no_iss, false},
	{"access: no sub", TOKEN_ACCESS, no_sub, false},
	{"access: no aud", TOKEN_ACCESS, no_aud, false},
	{"access: no jti", TOKEN_ACCESS, no_jti, false},
	{"access: no client_id", TOKEN_ACCESS, no_client, false},
	{"access: no scope", TOKEN_ACCESS, no_scope, true},
	{"exp at the cap", TOKEN_ACCESS, at_cap, true},
	{"exp above the cap", TOKEN_ACCESS, above_cap, false},
	{"ten years", TOKEN_ACCESS, ten_years, false},
	{"exp at the end of time", TOKEN_ACCESS, end_of_time, false},
	{"exp 0", TOKEN_ACCESS, exp_zero, false},
	{"exp = iat", TOKEN_ACCESS, exp_is_iat, false},
	{"iat two minutes ago", TOKEN_ACCESS, iat_old, true},
	{"iat earlier", TOKEN_ACCESS, iat_too_old, false},
	{"iat in two minutes", TOKEN_ACCESS, iat_early, true},
	{"iat later", TOKEN_ACCESS, iat_too_early, false},
	{"iat 0", TOKEN_ACCESS, iat_zero, false},
	{"cap counted from a future iat", TOKEN_ACCESS, early_and_capped, false},
	{"cap counted from now", TOKEN_ACCESS, old_and_above_cap, false},
	{"newline", TOKEN_ACCESS, sub_newline, false},
	{"NUL", TOKEN_ACCESS, sub_nul, false},
	{"DEL", TOKEN_ACCESS, sub_del, false},
	{"Latin-1", TOKEN_ACCESS, sub_latin1, false},
	{"overlong UTF-8", TOKEN_ACCESS, sub_overlong, false},
	{"surrogate", TOKEN_ACCESS, sub_surrogate, false},
	{"UTF-8", TOKEN_ACCESS, sub_utf8, true},
	{"escape sequence", TOKEN_ACCESS, jti_escape, false},
	{"extra claims", TOKEN_ACCESS, extra_good, true},
	{"extra: empty object", TOKEN_ACCESS, extra_empty, true},
	{"extra: array", TOKEN_ACCESS, extra_array, false},
	{"extra: text", TOKEN_ACCESS, extra_text, false},
	{"extra: trailing member", TOKEN_ACCESS, extra_trailing, false},
	{"extra: closes the claims", TOKEN_ACCESS, extra_injection, false},
	{"extra: duplicate", TOKEN_ACCESS, extra_duplicate, false},
	{"extra: exp", TOKEN_ACCESS, extra_exp, false},
	{"extra: iat", TOKEN_ACCESS, extra_iat, false},
	{"extra: iss", TOKEN_ACCESS, extra_iss, false},
	{"extra: sub, escaped", TOKEN_ACCESS, extra_sub_escaped, false},
	{"extra: aud", TOKEN_ACCESS, extra_aud, false},
	{"extra: scope", TOKEN_ACCESS, extra_scope, false},
	{"extra: deep", TOKEN_ACCESS, extra_deep, false},
	{"extra: no UTF-8", TOKEN_ACCESS, extra_bad_utf8, false},
	{"extra: large", TOKEN_ACCESS, extra_large, false},
	{"id", TOKEN_ID, no_client_no_scope, true},
	{"id with client_id and scope", TOKEN_ID, same, false},
	{"logout", TOKEN_LOGOUT, logout_events, true},
	{"logout without events", TOKEN_LOGOUT, logout_no_events, false},
	{"logout without extra claims", TOKEN_LOGOUT, logout_nothing, false},
	{"logout with nonce", TOKEN_LOGOUT, logout_nonce, false},
	{"logout with client_id", TOKEN_LOGOUT, logout_with_client, false},
	{"logout beyond its cap", TOKEN_LOGOUT, logout_too_long, false},
	{"epochs", TOKEN_ACCESS, epochs, true},
	{"id with an epoch", TOKEN_ID, id_with_epoch, false},
	{"extra: epoch", TOKEN_ACCESS, extra_epoch, false},
	{"extra: account_epoch", TOKEN_ACCESS, extra_account_epoch, false},
	{"feed", TOKEN_FEED, feed, true},
	{"feed without its list", TOKEN_FEED, feed_without_list, false},
	{"feed of a client", TOKEN_FEED, feed_of_a_client, false},
	{"feed with sub", TOKEN_FEED, feed_with_sub, false},
	{"feed with aud", TOKEN_FEED, feed_with_aud, false},
	{"feed with jti", TOKEN_FEED, feed_with_jti, false},
	{"feed with an epoch", TOKEN_FEED, feed_with_epoch, false},
	{"feed with nonce", TOKEN_FEED, feed_nonce, false},
	{"feed with as much as it may hold", TOKEN_FEED, feed_full, true},
	{"feed with more", TOKEN_FEED, feed_over, false},
	{"feed beyond its cap", TOKEN_FEED, feed_too_long, false},
};

static void test_rows(void **state)
{
	char mem[KEYD_CLAIMS_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct keyd_policy p = policy();
		struct sign_claims claims = fixture_claims("kid");
		struct buf out;
		const char *why = NULL;
		claims.kind = rows[i].kind;
		rows[i].change(&claims);
		buf_init_fixed(&out, mem, sizeof(mem));
		int rc = keyd_policy_emit(&p, &claims, NOW_S, &out, &why);
		if ((rc == 0) != rows[i].good || (rc != 0 && rc != E_INVALID_REQUEST && rc != E_LIMIT))
			fail_msg("%s: %d (%s)", rows[i].what, rc, why ? why : "");
		if (rc == E_INVALID_REQUEST)
			assert_non_null(why);
		if (rc < 0)
			continue;
		struct json *doc;
		if (json_parse_object(buf_str(&out), &doc) < 0)
			fail_msg("%s: no JSON: %.*s", rows[i].what, STR_ARG(buf_str(&out)));
		json_free(doc);
	}
}

static void emit(const struct sign_claims *claims, const char *want)
{
	char mem[KEYD_CLAIMS_MAX];
	struct keyd_policy p = policy();
	struct buf out;
	const char *why;
	buf_init_fixed(&out, mem, sizeof(mem));
	assert_int_equal(keyd_policy_emit(&p, claims, NOW_S, &out, &why), 0);
	if (!str_eq(buf_str(&out), str_of(want)))
		fail_msg("%.*s instead of %s", STR_ARG(buf_str(&out)), want);
}

static void test_bytes(void **state)
{
	struct sign_claims c = {.kind = TOKEN_ACCESS,
				.iss = STR(ISSUER),
				.sub = STR("a\"b\\c/\xC3\xA9"),
				.aud = STR("x"),
				.client_id = STR("y"),
				.jti = STR("z"),
				.iat_s = NOW_S,
				.exp_s = NOW_S + 1,
				.extra = STR(" { \"b\\u0022\" : [ 1 , true , null , \"\\n\" ] , \"a\" : { } } ")};
	(void)state;
	emit(&c, "{\"iss\":\"https://mint.example\",\"sub\":\"a\\\"b\\\\c/\xC3\xA9\",\"aud\":\"x\",\"exp\":1800000001,"
		 "\"iat\":1800000000,\"jti\":\"z\",\"client_id\":\"y\",\"b\\\"\":[1,true,null,\"\\n\"],\"a\":{}}");
	c = (struct sign_claims){.kind = TOKEN_FEED, .iss = STR(ISSUER), .iat_s = NOW_S, .exp_s = NOW_S + 1,
				 .extra = STR("{\"revocations\":[]}")};
	emit(&c, "{\"iss\":\"https://mint.example\",\"exp\":1800000001,\"iat\":1800000000,\"revocations\":[]}");
	c = (struct sign_claims){.kind = TOKEN_ACCESS, .iss = STR(ISSUER), .sub = STR("s"), .aud = STR("a"),
				 .jti = STR("j"), .client_id = STR("c"), .iat_s = NOW_S, .exp_s = NOW_S + 1,
				 .epoch = 3, .account_epoch = 12};
	emit(&c, "{\"iss\":\"https://mint.example\",\"sub\":\"s\",\"aud\":\"a\",\"exp\":1800000001,\"iat\":1800000000,"
		 "\"jti\":\"j\",\"client_id\":\"c\",\"epoch\":3,\"account_epoch\":12}");
}

/* Whatever room there is: whole or refused, never cut. */
static void test_room(void **state)
{
	struct keyd_policy p = policy();
	struct sign_claims claims = fixture_claims("kid");
	char mem[1024];
	const char *why;
	(void)state;
	claims.extra = STR("{\"a\":1}");
	for (size_t size = 0; size < sizeof(mem); size++) {
		struct buf out;
		buf_init_fixed(&out, mem, size);
		int rc = keyd_policy_emit(&p, &claims, NOW_S, &out, &why);
		assert_true(rc == 0 || rc == E_LIMIT);
		assert_true(rc < 0 || (mem[0] == '{' && mem[out.len - 1] == '}'));
	}
}

static void test_types(void **state)
{
	static const char *const want[TOKEN_KINDS] = {"at+jwt", "JWT", "logout+jwt", "revocations+jwt"};
	(void)state;
	for (int kind = 0; kind < TOKEN_KINDS; kind++)
		assert_string_equal(keyd_policy_typ((enum token_kind)kind), want[kind]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_types),
	};
	return cmocka_run_group_tests_name("keyd_policy", tests, NULL, NULL);
}
