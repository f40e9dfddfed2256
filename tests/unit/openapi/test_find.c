/* From method and path to operation; OpenAPI 3.1.0 4.8.8, 4.8.9. */
#include "set.h"

static const char document[] =
	"openapi: 3.0.3\n"
	"info: {title: t, version: '1'}\n"
	"servers: [{url: 'https://api.example/v1/'}]\n"
	"paths:\n"
	"  /: {get: {operationId: root}}\n"
	"  /pets: {get: {operationId: pets}, post: {operationId: addPet}}\n"
	"  /pets/: {get: {operationId: petsSlash}}\n"
	"  /pets/mine: {get: {operationId: mine}}\n"
	"  /pets/{id}: {get: {operationId: pet}, delete: {operationId: deletePet}}\n"
	"  /pets/{id}/toys/{toy}: {get: {operationId: toy}}\n"
	"  '/pets/{id}:feed': {post: {operationId: feed}}\n"
	"  /files/{name}.{format}: {get: {operationId: file}}\n"
	"  /files/readme.txt: {get: {operationId: readme}}\n"
	"  /compare/{base}...{head}: {get: {operationId: compare}}\n"
	"  /a%20b/%C3%A9: {get: {operationId: encoded}}\n"
	"  /m/{domain}/{expression}:\n"
	"    parameters: [{name: expression, in: path, x-mintmark-rest: true}]\n"
	"    get: {operationId: measure}\n"
	"  /m/id/{uuids}: {get: {operationId: byId}}\n"
	"  /options: {options: {operationId: opts}, head: {operationId: head}}\n";

static void finds(void **state)
{
	static const struct {
		const char *method, *target, *id; /* id NULL: refused */
		int code;
		const char *first, *second;
	} rows[] = {
		{"GET", "/", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/", "root", 0, NULL, NULL},
		{"GET", "/pets", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets", "pets", 0, NULL, NULL},
		{"POST", "/v1/pets", "addPet", 0, NULL, NULL},
		{"PUT", "/v1/pets", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"HEAD", "/v1/pets", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"OPTIONS", "/v1/pets", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"get", "/v1/pets", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"", "/v1/pets", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"OPTIONS", "/v1/options", "opts", 0, NULL, NULL},
		{"HEAD", "/v1/options", "head", 0, NULL, NULL},
		{"GET", "/v1/options", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"GET", "/v1/pets/", "petsSlash", 0, NULL, NULL},
		{"GET", "/v1//pets", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets//", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/Pets", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets.", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets/mine", "mine", 0, NULL, NULL},
		/* the literal path is the one that is meant, whatever its methods */
		{"DELETE", "/v1/pets/mine", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL},
		{"GET", "/v1/pets/Mine", "pet", 0, "Mine", NULL},
		{"GET", "/v1/pets/7", "pet", 0, "7", NULL},
		{"GET", "/v1/pets/7/", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets/a%20b", "pet", 0, "a b", NULL},
		{"GET", "/v1/pets/%7Bid%7D", "pet", 0, "{id}", NULL},
		{"POST", "/v1/pets/7:feed", "feed", 0, "7", NULL},
		{"POST", "/v1/pets/:feed", NULL, E_METHOD_NOT_ALLOWED, NULL, NULL}, /* a pet called ":feed" */
		{"POST", "/v1/pets/7:feed:feed", "feed", 0, "7:feed", NULL},
		{"GET", "/v1/pets/mine/toys/ball", "toy", 0, "mine", "ball"}, /* taken back from /pets/mine */
		{"GET", "/v1/pets/7/toys/", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets//toys/ball", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/pets/7/toys/ball/x", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/files/a.txt", "file", 0, "a", "txt"},
		{"GET", "/v1/files/a.b.txt", "file", 0, "a", "b.txt"},
		{"GET", "/v1/files/readme.txt", "readme", 0, NULL, NULL},
		{"GET", "/v1/files/.txt", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/files/a.", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/files/atxt", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/compare/a...b", "compare", 0, "a", "b"},
		{"GET", "/v1/compare/a..b", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/compare/....b", "compare", 0, ".", "b"},
		{"GET", "/v1/a%20b/%c3%a9", "encoded", 0, NULL, NULL},
		{"GET", "/v1/%61%20b/%c3%a9", "encoded", 0, NULL, NULL},
		{"GET", "/v1/m/raalabs/IMO12/ME%20ShaftPower", "measure", 0, "raalabs", "IMO12/ME ShaftPower"},
		{"GET", "/v1/m/jsmea/a//b///c/", "measure", 0, "jsmea", "a//b///c/"},
		{"GET", "/v1/m/jsmea//", "measure", 0, "jsmea", "/"},
		{"GET", "/v1/m/jsmea/x", "measure", 0, "jsmea", "x"},
		{"GET", "/v1/m/jsmea/", NULL, E_NOT_FOUND, NULL, NULL}, /* nothing is left to take */
		{"GET", "/v1/m//x", NULL, E_NOT_FOUND, NULL, NULL},
		{"GET", "/v1/m/id/1,2", "byId", 0, "1,2", NULL},
		{"GET", "/v1/m/id/1/2", "measure", 0, "id", "1/2"},
		{"GET", "/v1/m/a/../x", NULL, E_SYNTAX, NULL, NULL}, /* the rule holds inside a rest too */
	};
	struct openapi *set = set_load(document);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct openapi_match match = {0};
		int rc = set_find(set, rows[i].method, rows[i].target, &match);
		if (rc != rows[i].code)
			fail_msg("%s %s: %d", rows[i].method, rows[i].target, rc);
		if (rc < 0)
			continue;
		if (!str_eq(match.operation->id, str_of(rows[i].id)))
			fail_msg("%s %s: %.*s", rows[i].method, rows[i].target, STR_ARG(match.operation->id));
		if (!str_eq(match.values[0], str_of(rows[i].first)) ||
		    !str_eq(match.values[1], str_of(rows[i].second)))
			fail_msg("%s %s: values %.*s and %.*s", rows[i].method, rows[i].target,
				 STR_ARG(match.values[0]), STR_ARG(match.values[1]));
	}
	openapi_free(set);
}

static void lists(void **state)
{
	struct openapi *set = set_load(document);
	(void)state;
	for (size_t i = 0; i < openapi_count(set); i++) {
		const struct openapi_operation *operation = openapi_at(set, i);
		const struct openapi_operation *before = i > 0 ? openapi_at(set, i - 1) : NULL;
		assert_int_equal(operation->index, i);
		assert_true(operation->line > 4);
		assert_true(str_has_prefix(operation->path, STR("/v1/")));
		assert_null(strstr(operation->shape.p, "{id}"));
		if (before)
			assert_true(str_cmp(before->shape, operation->shape) <= 0);
	}
	openapi_free(set);
}

static void allows(void **state)
{
	struct openapi *set = set_load(document);
	static char mem[64], out_mem[64];
	struct buf out;
	struct path path;
	(void)state;
	buf_init_fixed(&out, out_mem, sizeof(out_mem));
	assert_int_equal(path_parse(STR("/v1/pets"), mem, sizeof(mem), &path), 0);
	openapi_allow(set, &path, &out);
	assert_true(str_eq(buf_str(&out), STR("GET, POST")));
	buf_reset(&out);
	assert_int_equal(path_parse(STR("/nowhere"), mem, sizeof(mem), &path), 0);
	openapi_allow(set, &path, &out);
	assert_int_equal(out.len, 0);
	openapi_free(set);
}

static void several_documents(void **state)
{
	const struct openapi_source sources[] = {
		{"a.yaml", STR("openapi: 3.0.0\npaths: {/x: {get: {operationId: a}}}\n"), "/a"},
		{"b.json", STR("{\"openapi\":\"3.1.0\",\"paths\":{\"/x\":{\"get\":{\"operationId\":\"a\"}}}}"), "/b/"},
		{"c", STR(" {\"openapi\":\"3.1.0\",\"paths\":{\"/x\":{\"get\":{\"operationId\":\"c\"}}}}"), NULL},
		{"d", STR("openapi: 3.0.0\npaths: {/y: {get: {operationId: d}}}\n"), "/{env}"},
	};
	struct openapi_match match;
	struct openapi *set = NULL;
	char why[OPENAPI_WHY_MAX];
	struct buf out;
	(void)state;
	buf_init_fixed(&out, why, sizeof(why));
	assert_int_equal(openapi_load(sources, COUNT(sources), STR(""), &set, &out), 0);
	assert_int_equal(openapi_count(set), 4);
	assert_int_equal(set_find(set, "GET", "/a/x", &match), 0);
	assert_true(str_eq(match.operation->document, STR("a.yaml")));
	assert_int_equal(set_find(set, "GET", "/b/x", &match), 0);
	assert_true(str_eq(match.operation->document, STR("b.json")));
	assert_int_equal(set_find(set, "GET", "/x", &match), 0);
	assert_int_equal(set_find(set, "GET", "/prod/y", &match), 0);
	assert_true(str_eq(match.values[0], STR("prod")));
	openapi_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(lists),
		cmocka_unit_test(allows),
		cmocka_unit_test(several_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
