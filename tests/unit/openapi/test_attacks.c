/*
 * ATTACKS 38: path tricks. A small service in which /admin needs a scope and its neighbours do not; every way to spell
 * /admin otherwise must be judged as /admin, or refused. (Forwarded headers are the gate's part.)
 */
#include "set.h"

static const char document[] =
	"openapi: 3.1.0\n"
	"components: {securitySchemes: {b: {type: http, scheme: bearer}}}\n"
	"security: [{b: [admin]}]\n"
	"paths:\n"
	"  /admin: {get: {operationId: admin}}\n"
	"  /admin/users: {get: {operationId: users}}\n"
	"  /public: {get: {operationId: public, security: []}}\n"
	"  /public/{file}: {get: {operationId: file, security: []}}\n"
	"  /mirror/{rest}:\n"
	"    parameters: [{name: rest, in: path, x-mintmark-rest: true}]\n"
	"    get: {operationId: mirror, security: []}\n";

/* id: what it must be judged as; NULL: refused. */
struct row {
	const char *target, *id;
};

static void check(const struct row *rows, size_t n)
{
	struct openapi *set = set_load(document);
	for (size_t i = 0; i < n; i++) {
		struct openapi_match match = {0};
		int rc = set_find(set, "GET", rows[i].target, &match);
		if (rows[i].id ? rc < 0 || !str_eq(match.operation->id, str_of(rows[i].id)) : rc == 0)
			fail_msg("%s: %d, %.*s", rows[i].target, rc, rc < 0 ? 0 : (int)match.operation->id.len,
				 rc < 0 ? "" : match.operation->id.p);
	}
	openapi_free(set);
}

#define ATTACK(name, ...)                                           \
	static void name(void **state)                              \
	{                                                           \
		static const struct row rows[] = {__VA_ARGS__};     \
		(void)state;                                        \
		check(rows, COUNT(rows));                           \
	}

ATTACK(test_attack_38_double_slash, {"//admin", NULL}, {"/admin//", NULL}, {"/admin//users", NULL}, {"//", NULL},
       {"///admin", NULL}, {"/public//", NULL}, {"/public//x", NULL}, {"/public/", NULL})

ATTACK(test_attack_38_dot_segments, {"/a/../admin", NULL}, {"/public/../admin", NULL}, {"/./admin", NULL},
       {"/admin/.", NULL}, {"/public/..", NULL}, {"/public/../admin/users", NULL}, {"/mirror/../admin", NULL},
       {"/mirror/a/../../admin", NULL}, {"/public/...", "file"})

ATTACK(test_attack_38_encoded_dot_segments, {"/public/%2e%2e/admin", NULL}, {"/public/%2E%2E/admin", NULL},
       {"/public/.%2e/admin", NULL}, {"/public/%2e./admin", NULL}, {"/mirror/%2e%2e/admin", NULL},
       {"/public/%252e%252e", "file"}, {"/public/%252e%252e/admin", NULL}, {"/%61dmin", "admin"})

ATTACK(test_attack_38_encoded_slash, {"/public%2f..%2fadmin", NULL}, {"/public/%2fadmin", NULL}, {"/admin%2f", NULL},
       {"/admin%2Fusers", NULL}, {"/public/x%2F..", NULL}, {"/public/%252fadmin", "file"}, {"/mirror/a%2fb", NULL})

ATTACK(test_attack_38_backslash, {"/public\\..\\admin", NULL}, {"/public/..%5cadmin", NULL}, {"/\\admin", NULL},
       {"/public/%5c", NULL}, {"/mirror/a%5cb", NULL})

ATTACK(test_attack_38_semicolon, {"/admin;x", NULL}, {"/admin;", NULL}, {"/;/admin", NULL}, {"/public;/../admin", NULL},
       {"/public/..;/admin", NULL}, {"/admin%3bx", NULL}, {"/public/x;jsessionid=1", NULL}, {"/mirror/a;b", NULL})

ATTACK(test_attack_38_fragment, {"/admin#x", NULL}, {"/public#/../admin", NULL}, {"/public%23", NULL},
       {"/public/x?y#z", NULL}, {"/mirror/a%23b", NULL})

ATTACK(test_attack_38_question_mark, {"/admin?x", "admin"}, {"/admin?/public", "admin"},
       {"/public?/../admin", "public"}, {"/admin%3fx", NULL},
       {"/public/x%3f", "file"}, {"/admi?n", NULL}, {"?/admin", NULL})

ATTACK(test_attack_38_mixed_case, {"/Admin", NULL}, {"/ADMIN", NULL}, {"/admin/Users", NULL}, {"/%41dmin", NULL},
       {"/PUBLIC/x", NULL})

ATTACK(test_attack_38_trailing_dot, {"/admin.", NULL}, {"/admin%2e", NULL}, {"/admin/", NULL}, {"/admin.json", NULL},
       {"/admin%20", NULL}, {"/admin ", NULL})

ATTACK(test_attack_38_absolute_form, {"http://x/admin", "admin"}, {"http://x/admin?/public", "admin"},
       {"HTTP://x/admin", "admin"}, {"https://x/public/../admin", NULL}, {"http://x//admin", NULL},
       {"http:/admin", NULL}, {"//x/admin", NULL}, {"http://public/admin", "admin"}, {"http://x@y/public", NULL},
       {"http://x?/admin", NULL}, {"http:///public", NULL}, {"gopher://x/public", NULL})

ATTACK(test_attack_38_bytes, {"/admin%00", NULL}, {"/public/x%00.png", NULL}, {"/public/%0a", NULL},
       {"/public/%0d%0aX:1", NULL}, {"/public/%7f", NULL}, {"/public/%c0%af", NULL}, {"/public/%e0%80%af", NULL},
       {"/public/\xFF", NULL}, {"/public/%", NULL}, {"/public/%4", NULL}, {"/public/%u002f", NULL},
       {"/public/%ef%bc%8f", "file"})

/* Patterns are no regular expressions: nothing in a template or a path is special but the braces. */
static void test_attack_38_regex(void **state)
{
	struct openapi *set = set_load("openapi: 3.1.0\npaths:\n  /a.c: {get: {}}\n  /a+: {get: {}}\n"
				       "  '/(x|y)': {get: {}}\n"
				       "  '/[z]': {get: {}}\n  /^b$: {get: {}}\n  '/*': {get: {}}\n");
	static const char *const not_there[] = {"/abc", "/aa", "/a", "/x", "/y", "/z", "/b", "/", "/any"};
	static const char *const there[] = {"/a.c", "/a+", "/(x|y)", "/[z]", "/^b$", "/*", "/%2A"};
	struct openapi_match match;
	(void)state;
	for (size_t i = 0; i < COUNT(not_there); i++)
		assert_true(set_find(set, "GET", not_there[i], &match) < 0);
	for (size_t i = 0; i < COUNT(there); i++)
		assert_int_equal(set_find(set, "GET", there[i], &match), 0);
	openapi_free(set);
}

/* ATTACKS 40: methods are what they are; nothing stands in for another. */
static void test_attack_38_methods(void **state)
{
	static const char *const methods[] = {"get", "Get", "HEAD", "OPTIONS", "POST", "TRACE", "GET ", "",
					      "CONNECT", "*"};
	struct openapi *set = set_load(document);
	struct openapi_match match;
	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++)
		assert_int_equal(set_find(set, methods[i], "/public", &match), E_METHOD_NOT_ALLOWED);
	openapi_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attack_38_double_slash),
		cmocka_unit_test(test_attack_38_dot_segments),
		cmocka_unit_test(test_attack_38_encoded_dot_segments),
		cmocka_unit_test(test_attack_38_encoded_slash),
		cmocka_unit_test(test_attack_38_backslash),
		cmocka_unit_test(test_attack_38_semicolon),
		cmocka_unit_test(test_attack_38_fragment),
		cmocka_unit_test(test_attack_38_question_mark),
		cmocka_unit_test(test_attack_38_mixed_case),
		cmocka_unit_test(test_attack_38_trailing_dot),
		cmocka_unit_test(test_attack_38_absolute_form),
		cmocka_unit_test(test_attack_38_bytes),
		cmocka_unit_test(test_attack_38_regex),
		cmocka_unit_test(test_attack_38_methods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
