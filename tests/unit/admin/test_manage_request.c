/* manage_request.c: path, query and body become arguments, or a refusal that names no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/admin.h"
#include "admin/manage_request.h"
#include "admin/management.h"
#include "json/json.h"

struct row {
	const char *op;
	const char *name, *value; /* of the path; NULL: none */
	const char *query, *body; /* body NULL: the operation takes a query */
	const char *args;         /* "" is a refusal */
};

static const struct row rows[] = {
	{"client.list", NULL, NULL, "", NULL, "{}"},
	{"client.list", NULL, NULL, "page=2&page_size=10&sort=-client_id", NULL,
	 "{\"page\":2,\"page_size\":10,\"sort\":\"-client_id\"}"},
	{"client.list", NULL, NULL, "&&page=2&", NULL, "{\"page\":2}"},
	{"client.list", NULL, NULL, "after=", NULL, "{\"after\":\"\"}"},
	{"client.list", NULL, NULL, "after", NULL, "{\"after\":\"\"}"},
	{"client.list", NULL, NULL, "account=a%40b+c", NULL, "{\"account\":\"a@b c\"}"},
	{"client.list", NULL, NULL, "client_name[prefix]=x%26y&kind%5Beq%5D=service", NULL,
	 "{\"filter\":[{\"field\":\"client_name\",\"op\":\"prefix\",\"value\":\"x&y\"},"
	 "{\"field\":\"kind\",\"op\":\"eq\",\"value\":\"service\"}]}"},
	{"client.get", "client_id", "a\"b", "", NULL, "{\"client_id\":\"a\\\"b\"}"},
	{"account.delete", "account", "x@y", "clients=true", NULL, "{\"account\":\"x@y\",\"clients\":true}"},
	{"client.update", "client_id", "x", "", "{\"client_name\":\"n\",\"audiences\":[\"a\"],\"expires_at\":0}",
	 "{\"client_id\":\"x\",\"client_name\":\"n\",\"audiences\":[\"a\"],\"expires_at\":0}"},
	{"secret.add", "client_id", "x", "", "", "{\"client_id\":\"x\"}"},
	/* types are the operation's business, as long as it is JSON */
	{"client.create", NULL, NULL, "", "{\"client_name\":[1,{\"a\":null}]}", "{\"client_name\":[1,{\"a\":null}]}"},
	/* refused */
	{"client.list", NULL, NULL, "page=", NULL, ""},
	{"client.list", NULL, NULL, "page=one", NULL, ""},
	{"client.list", NULL, NULL, "page=-1", NULL, ""},
	{"client.list", NULL, NULL, "page=+1", NULL, ""},
	{"client.list", NULL, NULL, "page=01", NULL, ""},
	{"client.list", NULL, NULL, "page=1e9", NULL, ""},
	{"client.list", NULL, NULL, "page=99999999999999999999999", NULL, ""},
	{"client.list", NULL, NULL, "page=1&page=1", NULL, ""},
	{"client.list", NULL, NULL, "page=1&pa%67e=2", NULL, ""},
	{"client.list", NULL, NULL, "client_name[eq]=a&client_name[eq]=b", NULL, ""},
	{"client.list", NULL, NULL, "nonsense=1", NULL, ""},
	{"client.list", NULL, NULL, "access_token=x", NULL, ""},
	{"client.list", NULL, NULL, "client_id=x", NULL, ""},
	{"client.list", NULL, NULL, "filter=x", NULL, ""},
	{"client.list", NULL, NULL, "client_name[eq]x=1", NULL, ""},
	{"client.list", NULL, NULL, "client_name]=1", NULL, ""},
	{"client.list", NULL, NULL, "[eq]=1", NULL, ""},
	{"client.list", NULL, NULL, "client_name[eq][x]=1", NULL, ""},
	{"client.list", NULL, NULL, "a=%", NULL, ""},
	{"client.list", NULL, NULL, "after=%ff", NULL, ""},
	{"client.list", NULL, NULL, "after=%00", NULL, ""},
	{"client.get", "client_id", "x", "client_id=y", NULL, ""},
	{"client.get", "client_id", "x", "a[eq]=1", NULL, ""},
	{"account.delete", "account", "x@y", "clients=1", NULL, ""},
	{"client.update", "client_id", "x", "", "{\"client_id\":\"y\"}", ""},
	{"client.update", "client_id", "x", "a=b", "{}", ""},
	{"client.create", NULL, NULL, "", "{\"client_name\":\"a\",\"client_name\":\"b\"}", ""},
	{"client.create", NULL, NULL, "", "{\"client_name\":\"a\"} x", ""},
	{"client.create", NULL, NULL, "", "[]", ""},
	{"client.create", NULL, NULL, "", "null", ""},
	{"client.create", NULL, NULL, "", "{\"op\":\"key.rotate\"}", ""},
	{"client.create", NULL, NULL, "", "{\"is_admin\":true}", ""},
	{"client.create", NULL, NULL, "", "{\"client_name\":\"\\ud800\"}", ""},
};

static int put(const struct row *row, struct arena *arena, struct buf *out, char *why)
{
	const struct str name = str_of(row->name), value = str_of(row->value);
	const struct manage_request request = {
		.op = row->op, .names = &name, .values = &value, .n = row->name ? 1 : 0,
		.query = str_of(row->query), .takes_query = !row->body, .body = str_of(row->body)};
	return manage_request_put(&request, arena, out, why);
}

static void builds_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		struct buf out, want;
		char why[MANAGE_WHY_MAX] = "";
		arena_init(&arena, 65536);
		buf_init(&out, 65536);
		buf_init(&want, 65536);
		buf_printf(&want, "{\"op\":\"%s\",\"args\":%s}", rows[i].op, rows[i].args);
		int rc = put(&rows[i], &arena, &out, why);
		if (rows[i].args[0] ? rc != 0 || !str_eq(buf_str(&out), buf_str(&want))
				    : rc != E_INVALID_REQUEST || !why[0])
			fail_msg("row %zu: %d %.*s %s", i, rc, STR_ARG(buf_str(&out)), why);
		buf_done(&out);
		buf_done(&want);
		arena_done(&arena);
	}
}

static void bounds_the_query(void **state)
{
	char query[1024] = "";
	struct row row = {"client.list", NULL, NULL, query, NULL, ""};
	struct arena arena;
	struct buf out;
	char why[MANAGE_WHY_MAX];
	(void)state;
	for (int i = 0; i <= MANAGE_QUERY_MAX; i++) {
		char pair[16];
		struct buf text;
		buf_init_fixed(&text, pair, sizeof(pair));
		buf_printf(&text, "a%d[x]=1&", i);
		strncat(query, pair, text.len);
	}
	arena_init(&arena, 65536);
	buf_init(&out, 65536);
	assert_int_equal(put(&row, &arena, &out, why), E_INVALID_REQUEST);
	buf_done(&out);
	arena_done(&arena);
}

/* The description, for an issuer with a path and a slash at the end: JSON, and no trace of the one in the source. */
static void description(void **state)
{
	struct buf out;
	struct json *doc;
	(void)state;
	buf_init(&out, 1 << 20);
	management_put(STR("https://as.example/t/one/"), &out);
	assert_int_equal(buf_status(&out), 0);
	assert_int_equal(json_parse_object_max(buf_str(&out), 1 << 20, &doc), 0);
	assert_non_null(memmem(out.p, out.len, "\"https://as.example/t/one/api/v1\"", 33));
	assert_non_null(memmem(out.p, out.len, "\"https://as.example/t/one/.well-known/openid-configuration\"", 58));
	assert_null(memmem(out.p, out.len, MANAGEMENT_ISSUER, strlen(MANAGEMENT_ISSUER)));
	json_free(doc);
	buf_done(&out);
	assert_null(management_find(STR("client.steal")));
	assert_string_equal(management_find(STR("client.delete"))->method, "DELETE");
}

static const struct json *member(const struct json *object, const char *name)
{
	const struct json *inner = NULL;
	return object && json_get_object(object, name, &inner) == 0 ? inner : NULL;
}

/* What "#/components/schemas/X" means; the object itself when it refers to nothing. */
static const struct json *follow(const struct json *doc, const struct json *object)
{
	struct str ref, part, rest;
	if (json_get_str(object, "$ref", &ref) < 0)
		return object;
	rest = (struct str){ref.p + 2, ref.len - 2};
	for (bool more = true; more && doc;) {
		char name[64];
		more = str_cut(rest, '/', &part, &rest);
		part = more ? part : rest;
		memcpy(name, part.p, part.len);
		name[part.len] = '\0';
		doc = member(doc, name);
	}
	assert_non_null(doc);
	return doc;
}

static bool in_parameters(const struct json *doc, const struct json *holder, const char *name)
{
	const struct json *array, *object;
	if (json_get_array(holder, "parameters", &array) < 0)
		return false;
	for (size_t i = 0; i < json_array_len(array); i++) {
		struct str found, style;
		assert_int_equal(json_at_object(array, i, &object), 0);
		object = follow(doc, object);
		assert_int_equal(json_get_str(object, "name", &found), 0);
		bool deep = json_get_str(object, "style", &style) == 0; /* field[op]: all of them are "filter" */
		if (deep ? strcmp(name, "filter") == 0 : str_eq(found, str_of(name)))
			return true;
	}
	return false;
}

static bool in_body(const struct json *doc, const struct json *operation, const char *name)
{
	const struct json *body = member(operation, "requestBody");
	if (!body)
		return false;
	const struct json *media = member(member(body, "content"), "application/json");
	const struct json *schema = follow(doc, member(media, "schema"));
	return json_has(member(schema, "properties"), name);
}

static void compare_parameters(const struct json *doc, const struct management_row *row)
{
	static const struct {
		const char *method, *member;
	} methods[] = {{"GET", "get"}, {"POST", "post"}, {"PUT", "put"}, {"PATCH", "patch"}, {"DELETE", "delete"}};
	const struct json *item = member(member(doc, "paths"), row->path), *operation = NULL;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].method, row->method) == 0)
			operation = member(item, methods[i].member);
	assert_non_null(operation);
	for (size_t i = 0; admin_param_name(i); i++) {
		const char *name = admin_param_name(i);
		bool taken = admin_param_of(row->op, str_of(name)) != ADMIN_NO_PARAM;
		bool described = in_parameters(doc, item, name) || in_parameters(doc, operation, name) ||
				 in_body(doc, operation, name);
		if (taken != described)
			fail_msg("%s: %s is %s", row->op, name, taken ? "not described" : "described, yet unknown");
	}
}

/* The operations of the table are those of the description, each with just the parameters that it takes. */
static void declares_what_there_is(void **state)
{
	struct json *doc;
	size_t n = 0;
	(void)state;
	assert_int_equal(json_parse_object_max((struct str){management_text, management_text_len}, 1 << 20, &doc), 0);
	for (; admin_op_name(n); n++)
		if (!management_find(str_of(admin_op_name(n))))
			fail_msg("%s is not described", admin_op_name(n));
	assert_int_equal(n, management_n_rows);
	for (size_t i = 0; i < management_n_rows; i++)
		compare_parameters(doc, &management_rows[i]);
	json_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_or_refuses),
		cmocka_unit_test(bounds_the_query),
		cmocka_unit_test(description),
		cmocka_unit_test(declares_what_there_is),
	};
	return cmocka_run_group_tests_name("admin_manage_request", tests, NULL, NULL);
}
