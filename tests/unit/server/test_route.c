/* route.c: paths below an issuer's path. RFC 8414 3.1, OpenID Connect Discovery 4. CC-01, CC-39. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/route.h"

struct row {
	const char *issuer, *path;
	int id; /* -1: nothing there */
};

static const struct row rows[] = {
	{"https://as.example", "/oauth2/token", ROUTE_TOKEN},
	{"https://as.example", "/connect/token", ROUTE_TOKEN},
	{"https://as.example/", "/oauth2/token", ROUTE_TOKEN},
	{"https://as.example", "/oauth2/token/", -1},
	{"https://as.example", "/OAuth2/token", -1},
	{"https://as.example", "/oauth2//token", -1},
	{"https://as.example", "//oauth2/token", -1},
	{"https://as.example", "/./oauth2/token", -1},
	{"https://as.example", "", -1},
	{"https://as.example", "/oauth2/revoke", ROUTE_REVOKE},
	{"https://as.example/t/one", "/t/one/connect/revocation", ROUTE_REVOKE},
	{"https://as.example", "/oauth2/introspect", ROUTE_INTROSPECT},
	{"https://as.example/t/one", "/t/one/connect/introspect", ROUTE_INTROSPECT},
	{"https://as.example", "/revocations", ROUTE_FEED},
	{"https://as.example/t/one/", "/t/one/revocations", ROUTE_FEED},
	{"https://as.example", "/.well-known/jwks.json", ROUTE_JWKS},
	{"https://as.example", "/.well-known/jwks", ROUTE_JWKS},
	{"https://as.example", "/.well-known/openid-configuration", ROUTE_METADATA},
	{"https://as.example", "/.well-known/oauth-authorization-server", ROUTE_METADATA},
	{"https://as.example/t/one", "/t/one/oauth2/token", ROUTE_TOKEN},
	{"https://as.example/t/one/", "/t/one/oauth2/token", ROUTE_TOKEN},
	{"https://as.example/t/one", "/oauth2/token", -1},
	{"https://as.example/t/one", "/t/one/.well-known/openid-configuration", ROUTE_METADATA},
	{"https://as.example/t/one", "/.well-known/oauth-authorization-server/t/one", ROUTE_METADATA},
	{"https://as.example/t/one/", "/.well-known/oauth-authorization-server/t/one", ROUTE_METADATA},
	{"https://as.example/t/one", "/t/one/.well-known/oauth-authorization-server", -1},
	{"https://as.example/t/one", "/.well-known/oauth-authorization-server", -1},
	{"https://as.example/t/one", "/t/one/.well-known/jwks.json", ROUTE_JWKS},
	{"https://as.example/t/one", "/healthz", ROUTE_HEALTHZ},
};

static void finds_by_issuer_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct routes *routes;
		assert_int_equal(route_table_new(str_of(rows[i].issuer), &routes), 0);
		const struct route *route = route_find(routes, str_of(rows[i].path));
		if (!route != (rows[i].id < 0) || (route && (int)route->id != rows[i].id))
			fail_msg("%s %s", rows[i].issuer, rows[i].path);
		route_table_free(routes);
	}
}

static void allows_only_its_methods(void **state) /* CC-01 */
{
	struct routes *routes;
	(void)state;
	assert_int_equal(route_table_new(STR("https://as.example"), &routes), 0);
	const struct route *token = route_find(routes, STR("/oauth2/token"));
	const struct route *jwks = route_find(routes, STR("/.well-known/jwks.json"));
	assert_true(route_allows(token, STR("POST")));
	assert_false(route_allows(token, STR("GET")));
	assert_false(route_allows(token, STR("HEAD")));
	assert_false(route_allows(token, STR("post")));
	assert_false(route_allows(token, STR("OPTIONS")));
	assert_string_equal(route_allow(token), "POST");
	assert_true(route_allows(jwks, STR("GET")));
	assert_true(route_allows(jwks, STR("HEAD")));
	assert_false(route_allows(jwks, STR("POST")));
	assert_string_equal(route_allow(jwks), "GET, HEAD");
	/* what a GET gives once is not lost by a HEAD */
	static const char *const once[] = {"/oauth2/authorize", "/connect/authorize", "/identity/bridge-token",
					   "/tokens/made", "/admin/clients/made", "/signin/upstream/1"};
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		const struct route *route = route_find(routes, str_of(once[i]));
		assert_true(route_allows(route, STR("GET")));
		assert_false(route_allows(route, STR("HEAD")));
		assert_null(strstr(route_allow(route), "HEAD"));
	}
	route_table_free(routes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_issuer_path),
		cmocka_unit_test(allows_only_its_methods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
