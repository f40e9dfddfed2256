/* redirect.c: RFC 6749 3.1.2, RFC 8252 7 and 8, RFC 9700 2.1, 2.6, 4.1.3. ATTACKS 44, 45; 6749-13, 8252-1 ... 8252-4,
 * 8252-8, 8252-10, 9700-1, 9700-11. */
#include "oauth/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	const char *uri;
	bool web, native;
} may[] = {
	{"", false, false},
	{"https://app.example/cb#x", false, false},          /* 6749-13 */
	{"https://app.example/cb#", false, false},
	{"https://user@app.example/cb", false, false},
	{"https://user:pw@app.example/cb", false, false},
	{"https://app.example@evil.example/cb", false, false},
	{"https://app.example\\@evil.example/cb", false, false},
	{"https://app.example/a/../b", false, false},        /* CVE-2026-22752 */
	{"https://app.example/a/./b", false, false},
	{"https://app.example/..", false, false},
	{"https://app.example/a/%2e%2E/b", false, false},
	{"https://app.example/a/.%2e", false, false},
	{"https://app.example/%0d%0aSet-Cookie:x", false, false},
	{"https://app.example/%00", false, false},
	{"https://app.example/%7f", false, false},
	{"https://app.example/%zz", false, false},
	{"https://app.example/%4", false, false},
	{"https://app.example/*", false, false},             /* 8252-8: no wildcard */
	{"https://*.example/cb", false, false},
	{"https://app.example/a b", false, false},
	{"https://app.example/\xc3\xa4", false, false},
	{"https://\xd0\xb0pp.example/cb", false, false},     /* a look-alike; its xn-- form is another name */
	{"https://app.example:0/cb", false, false},
	{"https://app.example:65536/cb", false, false},
	{"https://app.example:/cb", false, false},
	{"https://app.example:x/cb", false, false},
	{"https:///cb", false, false},
	{"https:app.example/cb", false, false},
	{"//app.example/cb", false, false},
	{"/cb", false, false},
	{"http://app.example/cb", false, false},             /* 9700-11 */
	{"http://127.0.0.1.evil.example/cb", false, false},
	{"http://127.0.0.1@evil.example/cb", false, false},
	{"http://localhost.evil.example/cb", false, false},
	{"http://[::1].evil.example/cb", false, false},
	{"http://127.0.0.2/cb", false, false},
	{"https://[::1;sandbox;]/cb", false, false},         /* it goes into a header as a source */
	{"https://[app.example]/cb", false, false},
	{"https://[2001:db8::1]:8443/cb", true, true},
	{"http://0/cb", false, false},
	{"http://2130706433/cb", false, false},
	{"javascript:alert(1)", false, false},
	{"data:text/html,x", false, false},
	{"file:///etc/passwd", false, false},
	{"vbscript:/x", false, false},
	{"myapp:/cb", false, false},                         /* 8252-3: no dot, nobody's own */
	{"com.example.app://cb", false, false},              /* 8252-3: one slash */
	{"com.example.app:cb", false, false},
	{"COM.example.app:/cb", false, false},
	{"urn:ietf:wg:oauth:2.0:oob", false, false},
	{"com.example.app:/cb", false, true},                /* 8252-3 */
	{"http://127.0.0.1/cb", false, true},                /* 8252-1 */
	{"http://127.0.0.1:8080/cb", false, true},
	{"http://[::1]/cb", false, true},
	{"http://localhost:3000/cb", false, true},
	{"https://app.example/cb", true, true},              /* 8252-4 */
	{"https://app.example", true, true},
	{"https://app.example?x=1", true, true},
	{"https://app.example:8443/cb?a=1&b=%20", true, true},
	{"https://[2001:db8::1]/cb", true, true},
	{"https://xn--pple-43d.example/cb", true, true},
};

static void what_may_be_registered(void **state) /* ATTACKS 44, 45 */
{
	(void)state;
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
		const char *why = NULL;
		if (redirect_may_register(str_of(may[i].uri), false, NULL) != may[i].web ||
		    redirect_may_register(str_of(may[i].uri), true, &why) != may[i].native)
			fail_msg("%s: %s", may[i].uri, why ? why : "allowed");
		assert_true(may[i].native == !why);
	}
}

static const struct {
	const char *uri;
	bool web, native;
} matches[] = {
	{"https://app.example/cb", true, true},
	{"https://app.example/cb2?a=1", true, true},
	{"com.example.app:/cb", true, true},
	{"http://127.0.0.1/cb", true, true},
	{"http://[::1]:1/x?y", true, true},
	{"http://localhost:3000/cb", true, true},
	{"http://127.0.0.1:49152/cb", false, true},  /* RFC 8252 7.3 */
	{"http://127.0.0.1:65535/cb", false, true},
	{"http://[::1]/x?y", false, true},
	{"http://[::1]:50000/x?y", false, true},
	{"http://127.0.0.1:0/cb", false, false},
	{"http://127.0.0.1:65536/cb", false, false},
	{"http://127.0.0.1:080/cb", false, false},
	{"http://127.0.0.1:/cb", false, false},
	{"http://127.0.0.1:1/cb/", false, false},
	{"http://127.0.0.1:1/CB", false, false},
	{"http://127.0.0.1:1/cb?x", false, false},
	{"http://127.0.0.1:1@evil.example/cb", false, false},
	{"http://127.0.0.1:1.evil.example/cb", false, false},
	{"http://[::1]:1/cb", false, false},          /* of another address */
	{"http://localhost/cb", false, false},        /* 8252-2: not alike */
	{"http://localhost:1/cb", false, false},
	{"http://localhost:3000/cb2", false, false},
	{"https://127.0.0.1:1/cb", false, false},
	{"HTTP://127.0.0.1/cb", false, false},
	{"https://app.example/c", false, false},      /* prefix */
	{"https://app.example/cb/", false, false},    /* suffix */
	{"https://app.example/cb?", false, false},
	{"https://app.example/cb?a=1", false, false},
	{"https://app.example/cb2?a=1&b=2", false, false},
	{"https://app.example/cb2", false, false},
	{"https://app.example/cb#x", false, false},
	{"https://app.example/cb%0d%0a", false, false},
	{"https://app.example/cb\\", false, false},
	{"https://app.example/x/../cb", false, false},
	{"https://app.example:443/cb", false, false},
	{"https://user@app.example/cb", false, false},
	{"https://APP.example/cb", false, false},
	{"https://\xd0\xb0pp.example/cb", false, false},
	{"com.example.app2:/cb", false, false},       /* 8252-10 */
	{"com.example.app:/cb2", false, false},
	{"", false, false},
};

static void test_attack_45_redirect_uris_are_equal_or_refused(void **state)
{
	struct str registered[] = {STR("https://app.example/cb"), STR("https://app.example/cb2?a=1"),
				   STR("com.example.app:/cb"), STR("http://127.0.0.1/cb"),
				   STR("http://[::1]:1/x?y"), STR("http://localhost:3000/cb")};
	struct client_app app = {.redirect_uris = {registered, 6}};
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		app.native = false;
		bool web = redirect_is_registered(&app, str_of(matches[i].uri));
		app.native = true;
		if (web != matches[i].web || redirect_is_registered(&app, str_of(matches[i].uri)) != matches[i].native)
			fail_msg("%s", matches[i].uri);
	}
	app.logout_uris = app.redirect_uris;
	assert_true(redirect_is_logout(&app, STR("http://127.0.0.1/cb")));
	assert_false(redirect_is_logout(&app, STR("http://127.0.0.1:1/cb"))); /* no port rule there */
}

static void a_query_is_kept_and_the_origin_is_cut_out(void **state)
{
	struct arena arena;
	struct str uri;
	(void)state;
	arena_init(&arena, 4096);
	assert_int_equal(redirect_with_query(STR("https://a.example/cb"), STR("code=1"), &arena, &uri), 0);
	assert_true(str_eq(uri, STR("https://a.example/cb?code=1")));
	assert_int_equal(redirect_with_query(STR("https://a.example/cb?x=1"), STR("code=1"), &arena, &uri), 0);
	assert_true(str_eq(uri, STR("https://a.example/cb?x=1&code=1"))); /* RFC 6749 3.1.2 */
	assert_true(str_eq(redirect_origin(STR("https://a.example:8443/cb")), STR("https://a.example:8443")));
	assert_true(str_eq(redirect_origin(STR("https://a.example?x")), STR("https://a.example")));
	assert_true(str_eq(redirect_origin(STR("com.example.app:/cb")), STR("com.example.app:")));
	assert_true(str_eq(redirect_form_source(STR("https://a.example:8443/cb")), STR("https:")));
	assert_true(str_eq(redirect_form_source(STR("http://[::1]:8443/cb")), STR("http:")));
	assert_true(str_eq(redirect_form_source(STR("com.example.app:/cb")), STR("com.example.app:")));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_registered),
		cmocka_unit_test(test_attack_45_redirect_uris_are_equal_or_refused),
		cmocka_unit_test(a_query_is_kept_and_the_origin_is_cut_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
