/* What an operation asks for; OpenAPI 3.1.0 4.8.10, 4.8.27, 4.8.30. */
#include "set.h"

#define HEAD(version) \
	"openapi: " version "\n" \
	"info: {title: t, version: '1'}\n" \
	"components:\n" \
	"  securitySchemes:\n" \
	"    oidc: {type: openIdConnect, openIdConnectUrl: '" ISSUER "/.well-known/openid-configuration'}\n" \
	"    meta: {type: openIdConnect, " \
	"openIdConnectUrl: '" ISSUER "/.well-known/oauth-authorization-server'}\n" \
	"    other: {type: openIdConnect, openIdConnectUrl: 'https://evil.test/.well-known/openid-configuration'}\n" \
	"    oauth:\n" \
	"      type: oauth2\n" \
	"      flows:\n" \
	"        clientCredentials: {tokenUrl: 'https://auth.example/oauth2/token', scopes: {a: '', b: '', c: ''}}\n" \
	"        authorizationCode: {authorizationUrl: 'https://auth.example/a', tokenUrl: 'https://auth.example/t', " \
	"scopes: {d: ''}}\n" \
	"    theirs: {type: oauth2, flows: {password: {tokenUrl: 'https://auth.example.evil/t', scopes: {a: ''}}}}\n" \
	"    half: {type: oauth2, flows: {password: {tokenUrl: 'https://auth.example/t', scopes: {a: ''}}, " \
	"clientCredentials: {tokenUrl: 'https://other.example/t', scopes: {a: ''}}}}\n" \
	"    dots: {type: oauth2, flows: {password: {tokenUrl: 'https://auth.example/../t', scopes: {a: ''}}}}\n" \
	"    bearer: {type: http, scheme: Bearer}\n" \
	"    basic: {type: http, scheme: basic}\n" \
	"    key: {type: apiKey, in: header, name: x}\n"

enum {
	R = OPENAPI_REFUSED,
	T = OPENAPI_NEEDS_TOKEN,
	S = OPENAPI_NEEDS_SCOPE,
	A = OPENAPI_ALLOWED,
	P = OPENAPI_PUBLIC,
};

static const struct {
	const char *document, *security; /* NULL: not given */
	const char *scope;               /* NULL: no token */
	int verdict;
	const char *needed;
} rows[] = {
	/* nothing anywhere: nothing is asked for */
	{NULL, NULL, NULL, P, ""},
	{NULL, "[]", NULL, P, ""},
	{NULL, "[{}]", NULL, P, ""},
	/* the operation's own replaces the document's */
	{"[{oidc: [a]}]", NULL, NULL, T, "a"},
	{"[{oidc: [a]}]", NULL, "a", A, "a"},
	{"[{oidc: [a]}]", "[]", NULL, P, ""},
	{"[{oidc: [a]}]", "[{oidc: [b]}]", "a", S, "b"},
	{"[]", "[{oidc: [b]}]", NULL, T, "b"},
	/* optional */
	{NULL, "[{oidc: [a]}, {}]", NULL, P, ""},
	{NULL, "[{}, {oidc: [a]}]", "x", P, ""},
	{NULL, "[{key: []}, {}]", NULL, P, ""},
	/* a token, whatever its scopes */
	{NULL, "[{oidc: []}]", NULL, T, ""},
	{NULL, "[{oidc: []}]", "", A, ""},
	{NULL, "[{bearer: []}]", "x", A, ""},
	/* AND inside an entry */
	{NULL, "[{oidc: [a, b]}]", "a", S, "a b"},
	{NULL, "[{oidc: [a, b]}]", "b", S, "a b"},
	{NULL, "[{oidc: [a, b]}]", "b a", A, "a b"},
	{NULL, "[{oidc: [b, a, b]}]", "a b c", A, "a b"},
	{NULL, "[{oidc: [a], oauth: [b]}]", "a", S, "a b"},
	{NULL, "[{oidc: [a], oauth: [b]}]", "a b", A, "a b"},
	{NULL, "[{oidc: [a], bearer: []}]", "a", A, "a"},
	/* OR between entries; the one that lacks least is named */
	{NULL, "[{oidc: [a]}, {oidc: [b]}]", "b", A, "b"},
	{NULL, "[{oidc: [a]}, {oidc: [b]}]", "c", S, "a"},
	{NULL, "[{oidc: [a, b, c]}, {oidc: [d]}]", "a b", S, "a b c"},
	{NULL, "[{oidc: [a, b, c]}, {oidc: [d]}]", NULL, T, "d"},
	/* names are compared whole, byte by byte */
	{NULL, "[{oidc: [a]}]", "aa", S, "a"},
	{NULL, "[{oidc: [a]}]", "A", S, "a"},
	{NULL, "[{oidc: [a]}]", "xa ax", S, "a"},
	{NULL, "[{oidc: ['a:b']}]", "a b", S, "a:b"},
	/* schemes that are not a token of ours */
	{NULL, "[{key: []}]", "a", R, ""},
	{NULL, "[{basic: []}]", "a", R, ""},
	{NULL, "[{other: [a]}]", "a", R, ""},
	{NULL, "[{theirs: [a]}]", "a", R, ""},
	{NULL, "[{half: [a]}]", "a", R, ""},
	{NULL, "[{dots: [a]}]", "a", R, ""},
	{NULL, "[{oidc: [a], key: []}]", "a", R, ""},
	{NULL, "[{key: []}, {oidc: [a]}]", NULL, T, "a"},
	{NULL, "[{key: []}, {oidc: [a]}]", "a", A, "a"},
	{NULL, "[{key: []}, {oidc: [a], other: [b]}]", "a b", R, ""},
	{NULL, "[{meta: [a]}]", "a", A, "a"},
	{NULL, "[{oauth: [d]}]", "d", A, "d"},
};

static void check_row(size_t i)
{
	static char text[8192], needed[256];
	struct openapi_match match;
	struct str_list list;
	struct buf out;
	snprintf(text, sizeof(text), "%s%s%s\npaths:\n  /x:\n    get:\n      summary: s\n%s%s\n", HEAD("3.0.3"),
		 rows[i].document ? "security: " : "", rows[i].document ? rows[i].document : "",
		 rows[i].security ? "      security: " : "", rows[i].security ? rows[i].security : "");
	struct openapi *set = set_load(text);
	assert_int_equal(set_find(set, "GET", "/x", &match), 0);
	struct str scope = str_of(rows[i].scope);
	enum openapi_verdict verdict = openapi_judge(match.operation, rows[i].scope ? &scope : NULL, &list);
	buf_init_fixed(&out, needed, sizeof(needed));
	for (size_t k = 0; k < list.n; k++) {
		buf_put(&out, k > 0 ? STR(" ") : STR(""));
		buf_put(&out, list.v[k]);
	}
	if ((int)verdict != rows[i].verdict || !str_eq(buf_str(&out), str_of(rows[i].needed)))
		fail_msg("row %zu, %s: verdict %d, needed '%.*s'", i, rows[i].security, verdict,
			 STR_ARG(buf_str(&out)));
	assert_int_equal(match.operation->declared, rows[i].document || rows[i].security);
	openapi_free(set);
}

static void judges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(i);
}

static void notes(void **state)
{
	struct openapi *set = set_load(HEAD("3.0.3") "paths: {/x: {get: {security: [{key: []}, {key: []}, {basic: []}, "
						     "{other: []}, {theirs: [a]}]}}}\n");
	const struct openapi_operation *operation = openapi_at(set, 0);
	static const char *const want[] = {"apiKey", "not bearer", "another issuer", "another issuer"};
	(void)state;
	assert_int_equal(operation->access, OPENAPI_ACCESS_REFUSED);
	assert_int_equal(operation->notes.n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_non_null(strstr(operation->notes.v[i].p, want[i]));
	openapi_free(set);
}

/* OpenAPI 3.1.0 4.8.30.1: role names count as scopes; 3.0 knows none for http. */
static void roles(void **state)
{
	static const char paths[] = "paths: {/x: {get: {security: [{bearer: [a]}]}}}\n";
	static char text[8192], why[OPENAPI_WHY_MAX];
	struct openapi *set = NULL;
	struct str_list needed;
	(void)state;
	snprintf(text, sizeof(text), "%s%s", HEAD("3.0.3"), paths);
	assert_int_equal(set_try("t.yaml", text, NULL, &set, why), E_CONFIG);
	assert_non_null(strstr(why, "can not have scopes"));
	snprintf(text, sizeof(text), "%s%s", HEAD("3.1.0"), paths);
	assert_int_equal(set_try("t.yaml", text, NULL, &set, why), 0);
	assert_int_equal(openapi_judge(openapi_at(set, 0), NULL, &needed), OPENAPI_NEEDS_TOKEN);
	assert_int_equal(needed.n, 1);
	openapi_free(set);
}

/* Whose tokens: every byte of the issuer counts. */
static void issuers(void **state)
{
	static const struct {
		const char *issuer, *url;
		bool ours;
	} cases[] = {
		{"https://a.example", "https://a.example/.well-known/openid-configuration", true},
		{"https://a.example/", "https://a.example/.well-known/openid-configuration", true},
		{"https://a.example/t", "https://a.example/t/.well-known/openid-configuration", true},
		{"https://a.example/t", "https://a.example/.well-known/oauth-authorization-server/t", true},
		{"https://a.example/t/", "https://a.example/.well-known/oauth-authorization-server/t", true},
		{"https://a.example/t", "https://a.example/.well-known/openid-configuration", false},
		{"https://a.example/t", "https://a.example/.well-known/oauth-authorization-server", false},
		{"https://a.example", "http://a.example/.well-known/openid-configuration", false},
		{"https://a.example", "https://a.example.evil/.well-known/openid-configuration", false},
		{"https://a.example", "https://a.example:444/.well-known/openid-configuration", false},
		{"https://a.example", "https://a.example/.well-known/openid-configuration/", false},
		{"https://a.example", "https://a.example/.well-known/openid-configuration?x", false},
		{"https://a.example", "/.well-known/openid-configuration", false},
		{"https://a.example", "", false},
		{"", "/.well-known/openid-configuration", true}, /* nobody asks */
	};
	static char text[1024], why[OPENAPI_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct openapi *set = NULL;
		struct buf out;
		snprintf(text, sizeof(text),
			 "openapi: 3.0.0\ncomponents: {securitySchemes: {s: {type: openIdConnect, "
			 "openIdConnectUrl: '%s'}}}\nsecurity: [{s: []}]\npaths: {/x: {get: {}}}\n", cases[i].url);
		const struct openapi_source source = {"t.yaml", str_of(text), NULL};
		buf_init_fixed(&out, why, sizeof(why));
		assert_int_equal(openapi_load(&source, 1, str_of(cases[i].issuer), &set, &out), 0);
		bool ours = openapi_at(set, 0)->access == OPENAPI_ACCESS_TOKEN;
		if (ours != cases[i].ours)
			fail_msg("issuer %s, url %s", cases[i].issuer, cases[i].url);
		openapi_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges),
		cmocka_unit_test(notes),
		cmocka_unit_test(roles),
		cmocka_unit_test(issuers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
