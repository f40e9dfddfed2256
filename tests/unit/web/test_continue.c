/* web_continue.c: no value leads a browser anywhere but below our own issuer. RFC 9700 4.11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/web.h"

static void leads_nowhere_else(void **state) /* RFC 9700 4.11 */
{
	static const struct str bad[] = {
		STR(""), STR(" "), STR("tokens"), STR("https://evil.example/"), STR("//evil.example"),
		STR("///evil.example"),
		STR("/\\evil.example"), STR("\\\\evil.example"), STR("/a//b"), STR("/tokens\\..\\x"),
		STR("/tokens\r\nX: y"),
		STR("/\tevil"), STR("/ evil"), STR("/\x7f"), STR("/\xc3\xa9"), {"/a\0b", 4}, STR("javascript:alert(1)"),
		STR("/../other"), STR("/.."), STR("/."), STR("/a/./b"), STR("/%2e%2E/other"), STR("/.%2e/x"),
		STR("/%2E"),
		STR("?x=1"), STR("#x"), STR("/x#y"), STR("/x?y=\\"), STR("/x?<script>"), STR("/x?a b"), STR("/x?\"y"),
	};
	struct call call = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!str_eq(web_continue(&call, bad[i]), STR("/")))
			fail_msg("%.*s was followed", STR_ARG(bad[i]));
}

static void follows_what_is_ours(void **state)
{
	static const struct str good[] = {
		STR("/"), STR("/tokens"), STR("/tokens/show?id=mmc_1"), STR("/account/"), STR("/.well-known/x"),
		STR("/..."),
		STR("/oauth2/authorize?client_id=a&redirect_uri=https://app.example//cb&scope=openid%20a&state=../.."),
	};
	struct call call = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!str_eq(web_continue(&call, good[i]), good[i]))
			fail_msg("%.*s was not followed", STR_ARG(good[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_nowhere_else),
		cmocka_unit_test(follows_what_is_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
