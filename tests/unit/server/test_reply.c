/* reply.c: what leaves. RFC 6749 5.1 and 5.2, RFC 9110 13.1.2 (If-None-Match), RFC 6585 4. CC-26 ... CC-37, CC-47. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/fault.h"
#include "json/json.h"
#include "server/reply.h"
#include "server/route.h"

struct world {
	struct task task;
	struct http_request request;
	struct snapshot snapshot;
	struct routes *routes;
};

static struct config *load(const char *more)
{
	char text[1024], why_mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	snprintf(text, sizeof(text), "issuer: https://as.example\nbehind_proxy: true\n%s", more);
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	if (config_parse("/etc/mintmark/test.yaml", str_of(text), &config, &why) < 0)
		fail_msg("%.*s", STR_ARG(buf_str(&why)));
	return config;
}

static void begin(struct world *world, const char *more, const char *path)
{
	*world = (struct world){.snapshot = {.config = load(more)}};
	struct task *task = &world->task;
	assert_int_equal(route_table_new(STR("https://as.example"), &world->routes), 0);
	arena_init(&task->call.arena, CALL_ARENA_MAX);
	buf_init(&task->call.token, SIGNER_TOKEN_MAX);
	buf_init(&task->headers, TASK_HEADERS_MAX);
	buf_init(&task->body, TASK_BODY_MAX);
	task->call.request = &world->request;
	task->snapshot = &world->snapshot;
	task->route = route_find(world->routes, str_of(path));
	memcpy(task->request_id, "abcdefghijklmnop", 17);
}

static void end(struct world *world)
{
	buf_done(&world->task.call.token);
	buf_done(&world->task.headers);
	buf_done(&world->task.body);
	arena_done(&world->task.call.arena);
	route_table_free(world->routes);
	config_unref(world->snapshot.config);
}

static void put_header(struct world *world, struct str name, const char *value)
{
	struct http_request *request = &world->request;
	request->headers[request->n_headers++] = (struct http_header){name, str_of(value)};
}

/* The value of a header of the reply, {NULL, 0} when there is none. Every line must be one, none twice. */
static struct str find_header(const struct buf *headers, const char *name)
{
	struct str rest = buf_str(headers), line, found = {0}, key, value;
	while (rest.len > 0) {
		assert_true(str_cut(rest, '\n', &line, &rest));
		assert_true(line.len > 3 && line.p[line.len - 1] == '\r');
		line.len--;
		assert_true(str_cut(line, ':', &key, &value));
		assert_true(value.len > 1 && value.p[0] == ' ' && str_find(value, '\r') == value.len);
		if (!str_eq_ci(key, str_of(name)))
			continue;
		assert_null(found.p);
		found = (struct str){value.p + 1, value.len - 1};
	}
	return found;
}

static bool has(const struct world *world, const char *name, const char *value)
{
	struct str found = find_header(&world->task.headers, name);
	return value ? str_eq(found, str_of(value)) : found.p == NULL;
}

/* RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E. */
static void check_text(struct str text)
{
	assert_true(text.len > 0);
	for (size_t i = 0; i < text.len; i++)
		assert_true(text.p[i] >= 0x20 && text.p[i] < 0x7F && text.p[i] != '"' && text.p[i] != '\\');
}

static void check_error_body(struct str body, const struct err_row *row, struct str request_id)
{
	struct json *doc = NULL;
	struct str error, text, id, name;
	const struct json *value;
	size_t n = 0;
	assert_int_equal(json_parse_object(body, &doc), 0);
	for (void *iter = NULL; json_each(doc, &iter, &name, &value);)
		n++;
	assert_int_equal(n, request_id.len > 0 ? 3 : 2);
	assert_int_equal(json_get_str(doc, "error", &error), 0);
	assert_int_equal(json_get_str(doc, "error_description", &text), 0);
	assert_true(str_eq(error, str_of(row->wire)));
	check_text(error);
	check_text(text);
	if (request_id.len > 0) {
		assert_int_equal(json_get_str(doc, "request_id", &id), 0);
		assert_true(str_eq(id, request_id));
	}
	json_free(doc);
}

/* What belongs to a status or a code, and to nothing else. */
static void check_error_headers(const struct world *world, int code, const struct err_row *row)
{
	bool wait = row->status == 503 || row->status == 429;
	assert_true(has(world, "Content-Type", "application/json"));
	assert_true(has(world, "Cache-Control", "no-store"));
	assert_true(has(world, "Pragma", "no-cache"));
	assert_true(has(world, "X-Content-Type-Options", "nosniff"));
	assert_true(has(world, "X-Request-Id", "abcdefghijklmnop"));
	assert_true(has(world, "Retry-After", wait ? "1" : NULL));
	assert_true(has(world, "Allow", row->status == 405 ? "POST" : NULL));
	assert_true(has(world, "WWW-Authenticate",
			code == E_INVALID_CLIENT ? "Basic realm=\"mintmark\", charset=\"UTF-8\"" : NULL));
	assert_true(has(world, "ETag", NULL));
	assert_true(has(world, "Access-Control-Allow-Origin", NULL));
}

static void every_error_is_a_reply(void **state) /* CC-30 ... CC-37 */
{
	struct world world;
	(void)state;
	for (int i = 0; i <= ERR_COUNT; i++) {
		int code = -(i + 1);
		const struct err_row *row = err_row(code); /* the last: an unknown code */
		begin(&world, "", "/oauth2/token");
		reply_error(&world.task, code);
		assert_int_equal(buf_status(&world.task.headers), 0);
		assert_int_equal(buf_status(&world.task.body), 0);
		assert_int_equal(world.task.status, row->status);
		assert_true(row->status >= 400 && row->status <= 599);
		assert_true(row->fault == FAULT_PEER || row->status >= 500);
		check_error_headers(&world, code, row);
		check_error_body(buf_str(&world.task.body), row, STR("abcdefghijklmnop"));
		end(&world);
	}
}

static void refusals_are_replies_too(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT * 2; i++) {
		struct buf headers, body;
		int status = 0, code = -(i / 2 + 1);
		const struct err_row *row = err_row(code);
		struct str id = i % 2 ? STR("some-id") : (struct str){0};
		bool wait = row->status == 503 || row->status == 429;
		buf_init(&headers, 4096);
		buf_init(&body, 4096);
		reply_refusal(code, id, &headers, &body, &status);
		assert_int_equal(status, row->status);
		assert_true(str_eq(find_header(&headers, "Cache-Control"), STR("no-store")));
		assert_true(str_eq(find_header(&headers, "Content-Type"), STR("application/json")));
		assert_true(str_eq(find_header(&headers, "X-Request-Id"), id));
		assert_true(str_eq(find_header(&headers, "Retry-After"), wait ? STR("1") : (struct str){0}));
		check_error_body(buf_str(&body), row, id);
		buf_done(&headers);
		buf_done(&body);
	}
}

static void retry_after_is_the_throttles(void **state) /* CC-22 */
{
	struct world world;
	(void)state;
	begin(&world, "", "/oauth2/token");
	world.task.call.retry_after_s = 42;
	reply_error(&world.task, E_THROTTLED);
	assert_int_equal(world.task.status, 429);
	assert_true(has(&world, "Retry-After", "42"));
	end(&world);
}

static void allow_names_the_methods(void **state) /* CC-01 */
{
	struct world world;
	(void)state;
	begin(&world, "", "/.well-known/jwks.json");
	reply_error(&world.task, E_METHOD_NOT_ALLOWED);
	assert_true(has(&world, "Allow", "GET, HEAD"));
	end(&world);
}

/* An error behind half of another reply leaves nothing of it. */
static void an_error_replaces_what_was_written(void **state)
{
	struct world world;
	(void)state;
	begin(&world, "", "/oauth2/token");
	buf_put(&world.task.call.token, STR("h.p.s"));
	reply_token(&world.task);
	reply_error(&world.task, E_SIGNER);
	assert_int_equal(world.task.status, 503);
	check_error_headers(&world, E_SIGNER, err_row(E_SIGNER));
	check_error_body(buf_str(&world.task.body), err_row(E_SIGNER), STR("abcdefghijklmnop"));
	end(&world);
}

static void token_reply_has_its_four_members(void **state) /* CC-26 ... CC-29 */
{
	static const char *const names[] = {"access_token", "token_type", "expires_in", "scope"};
	struct world world;
	struct json *doc = NULL;
	struct str name, text;
	const struct json *value;
	int64_t expires_in;
	size_t n = 0;
	(void)state;
	begin(&world, "", "/oauth2/token");
	buf_put(&world.task.call.token, STR("eyJ.eyJ.c2ln"));
	world.task.call.lifetime_s = 3600;
	world.task.call.scope = STR("orders:read orders:write");
	reply_token(&world.task);
	assert_int_equal(world.task.status, 200);
	assert_true(has(&world, "Content-Type", "application/json"));
	assert_true(has(&world, "Cache-Control", "no-store")); /* RFC 6749 5.1 */
	assert_true(has(&world, "Pragma", "no-cache"));
	assert_true(has(&world, "Retry-After", NULL));
	/* refuses a member that is there twice */
	assert_int_equal(json_parse_object(buf_str(&world.task.body), &doc), 0);
	for (void *iter = NULL; json_each(doc, &iter, &name, &value); n++)
		assert_true(n < 4 && str_eq(name, str_of(names[n])));
	assert_int_equal(n, 4);
	assert_int_equal(json_get_str(doc, "access_token", &text), 0);
	assert_true(str_eq(text, STR("eyJ.eyJ.c2ln")));
	assert_int_equal(json_get_str(doc, "token_type", &text), 0);
	assert_true(str_eq(text, STR("Bearer")));
	assert_int_equal(json_get_int(doc, "expires_in", &expires_in), 0); /* a number, no text */
	assert_int_equal(expires_in, 3600);
	assert_int_equal(json_get_str(doc, "scope", &text), 0);
	assert_true(str_eq(text, STR("orders:read orders:write")));
	json_free(doc);
	end(&world);
}

static const struct {
	const char *if_none_match; /* NULL: no such header */
	bool same;
} tags[] = {
	{NULL, false},
	{"", false},
	{"abc", false},
	{"\"ab\"", false},
	{"\"abcd\"", false},
	{"\"ABC\"", false},
	{"w/\"abc\"", false},
	{"\"x\" \"abc\"", false},
	{"\"abc\"", true},
	{"W/\"abc\"", true},
	{"*", true},
	{"\"x\", \"abc\"", true},
	{"\"x\",W/\"abc\"", true},
	{"  \"abc\"  ", true},
	{"\"abc\", \"y\"", true},
	{",, \"abc\"", true},
};

static void if_none_match(void **state) /* CC-43 */
{
	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct world world;
		begin(&world, "", "/.well-known/jwks.json");
		if (tags[i].if_none_match)
			put_header(&world, STR("If-None-Match"), tags[i].if_none_match);
		reply_document(&world.task, "application/json", STR("{\"keys\":[]}"), STR("\"abc\""), 300);
		if (world.task.status != (tags[i].same ? 304 : 200))
			fail_msg("%s: %d", tags[i].if_none_match, world.task.status);
		assert_int_equal(world.task.body.len, tags[i].same ? 0 : 11);
		/* RFC 9110 15.4.5: what a 200 would have said about caching */
		assert_true(has(&world, "ETag", "\"abc\""));
		assert_true(has(&world, "Cache-Control", "public, max-age=300"));
		assert_true(has(&world, "Access-Control-Allow-Origin", "*"));
		end(&world);
	}
}

/* Two fields are no list: whoever sends them gets the document. */
static void two_if_none_match_fields_get_the_document(void **state)
{
	struct world world;
	(void)state;
	begin(&world, "", "/.well-known/jwks.json");
	put_header(&world, STR("If-None-Match"), "\"abc\"");
	put_header(&world, STR("If-None-Match"), "\"abc\"");
	reply_document(&world.task, "application/json", STR("{}"), STR("\"abc\""), 300);
	assert_int_equal(world.task.status, 200);
	end(&world);
}

static void documents_that_must_not_be_kept(void **state)
{
	struct world world;
	(void)state;
	begin(&world, "", "/healthz");
	put_header(&world, STR("If-None-Match"), "*");
	put_header(&world, STR("Origin"), "https://app.example");
	reply_document(&world.task, "application/json", STR("{}"), (struct str){0}, -1);
	assert_int_equal(world.task.status, 200);
	assert_true(has(&world, "Cache-Control", "no-store"));
	assert_true(has(&world, "ETag", NULL));
	assert_true(has(&world, "Access-Control-Allow-Origin", NULL));
	end(&world);
}

#define ALLOWED "cors:\n  token_origins: [\"https://app.example\", \"https://two.example:8443\"]\n"

static const struct {
	const char *config, *origin;
	const char *allowed, *vary;
} cors[] = {
	{"", NULL, NULL, NULL},
	{"", "https://app.example", NULL, NULL}, /* off unless configured */
	{ALLOWED, NULL, NULL, "Origin"},
	{ALLOWED, "https://app.example", "https://app.example", "Origin"},
	{ALLOWED, "https://two.example:8443", "https://two.example:8443", "Origin"},
	{ALLOWED, "https://two.example", NULL, "Origin"},
	{ALLOWED, "http://app.example", NULL, "Origin"},
	{ALLOWED, "https://app.example.evil.example", NULL, "Origin"},
	{ALLOWED, "https://app.example/", NULL, "Origin"},
	{ALLOWED, "HTTPS://APP.EXAMPLE", NULL, "Origin"},
	{ALLOWED, "null", NULL, "Origin"},
	{ALLOWED, "*", NULL, "Origin"},
};

static void cors_by_configuration(void **state) /* CC-47 */
{
	(void)state;
	for (size_t i = 0; i < 3 * sizeof(cors) / sizeof(cors[0]); i++) {
		size_t row = i / 3;
		struct world world;
		begin(&world, cors[row].config, "/oauth2/token");
		if (cors[row].origin)
			put_header(&world, STR("Origin"), cors[row].origin);
		if (i % 3 == 0)
			reply_token(&world.task);
		else if (i % 3 == 1)
			reply_error(&world.task, E_INVALID_CLIENT);
		else
			reply_preflight(&world.task);
		if (!has(&world, "Access-Control-Allow-Origin", cors[row].allowed) ||
		    !has(&world, "Vary", cors[row].vary))
			fail_msg("%s: %.*s", cors[row].origin, STR_ARG(buf_str(&world.task.headers)));
		assert_true(has(&world, "Access-Control-Allow-Credentials", NULL)); /* never: nothing here is ambient */
		if (i % 3 == 2) {
			assert_int_equal(world.task.status, 204);
			assert_int_equal(world.task.body.len, 0);
			assert_true(has(&world, "Access-Control-Allow-Methods", "POST"));
		}
		end(&world);
	}
}

static void lack_of_memory_shows(void **state)
{
#ifdef MINTMARK_FAULTS
	struct world world;
	(void)state;
	for (long n = 1; n <= 2; n++) {
		begin(&world, "", "/oauth2/token");
		buf_put(&world.task.call.token, STR("h.p.s"));
		fault_arm(FAULT_ALLOC, n);
		reply_token(&world.task);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(buf_status(&world.task.headers) == E_NOMEM || buf_status(&world.task.body) == E_NOMEM);
		end(&world);
	}
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_is_a_reply),
		cmocka_unit_test(refusals_are_replies_too),
		cmocka_unit_test(retry_after_is_the_throttles),
		cmocka_unit_test(allow_names_the_methods),
		cmocka_unit_test(an_error_replaces_what_was_written),
		cmocka_unit_test(token_reply_has_its_four_members),
		cmocka_unit_test(if_none_match),
		cmocka_unit_test(two_if_none_match_fields_get_the_document),
		cmocka_unit_test(documents_that_must_not_be_kept),
		cmocka_unit_test(cors_by_configuration),
		cmocka_unit_test(lack_of_memory_shows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
