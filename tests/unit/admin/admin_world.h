/* What the tests of the administration share: a store in memory with two APIs, an account, a key; requests to it. */
#ifndef TESTS_ADMIN_WORLD_H
#define TESTS_ADMIN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "admin/admin.h"
#include "base/fault.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "json/json.h"
#include "oauth/id.h"

#define NOW_S 1800000000LL

#define API_A "https://a.example/x"
#define API_B "https://b.example"

struct world {
	struct store *store;
	struct clock clock;
	struct admin admin;
	unsigned changes[4]; /* by enum admin_change */
	char changed_id[80];
	struct buf answer;
	struct json *doc;
};

static inline void note_change(void *arg, enum admin_change what, struct str id)
{
	struct world *world = arg;
	world->changes[what]++;
	snprintf(world->changed_id, sizeof(world->changed_id), "%.*s", STR_ARG(id));
}

/* One request with ' for " so that the tables below stay readable. The answer is in world->answer and world->doc. */
static inline int call(struct world *world, const char *quoted)
{
	char request[4096];
	snprintf(request, sizeof(request), "%s", quoted);
	for (char *p = request; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	json_free(world->doc);
	world->doc = NULL;
	buf_reset(&world->answer);
	int rc = admin_call(&world->admin, str_of(request), &world->answer);
	if (rc == 0)
		assert_int_equal(json_parse_object_max(buf_str(&world->answer), ADMIN_ANSWER_MAX, &world->doc), 0);
	return rc;
}

/* The result of a request that must succeed. */
static const struct json *ok(struct world *world, const char *request)
{
	const struct json *result;
	bool good;
	assert_int_equal(call(world, request), 0);
	if (json_get_bool(world->doc, "ok", &good) < 0 || !good)
		fail_msg("%s gave %.*s", request, STR_ARG(buf_str(&world->answer)));
	assert_int_equal(json_get_object(world->doc, "result", &result), 0);
	return result;
}

static inline void refused(struct world *world, const char *request, const char *code)
{
	struct str got, text, wire;
	assert_int_equal(call(world, request), 0);
	if (json_get_str(world->doc, "code", &got) < 0 || !str_eq(got, str_of(code)))
		fail_msg("%s: expected %s, got %.*s", request, code, STR_ARG(buf_str(&world->answer)));
	assert_int_equal(json_get_str(world->doc, "error", &wire), 0);
	assert_int_equal(json_get_str(world->doc, "error_description", &text), 0);
	assert_true(wire.len > 0 && text.len > 0);
	assert_false(json_has(world->doc, "result"));
}

/* A second later, so that what comes next is younger. */
static inline void tick(struct world *world) { world->clock.fixed_us += 1000000; }

static inline struct str text_of(const struct json *object, const char *name)
{
	struct str text = {0};
	if (json_get_str(object, name, &text) < 0)
		fail_msg("no text %s", name);
	return text;
}

static inline int64_t number_of(const struct json *object, const char *name)
{
	int64_t number = -1;
	if (json_get_int(object, name, &number) < 0)
		fail_msg("no number %s", name);
	return number;
}

static inline size_t count(const struct json *object, const char *name)
{
	const struct json *array;
	if (json_get_array(object, name, &array) < 0)
		fail_msg("no array %s", name);
	return json_array_len(array);
}

static const struct json *element(const struct json *object, const char *name, size_t i)
{
	const struct json *array, *inner = NULL;
	if (json_get_array(object, name, &array) < 0 || json_at_object(array, i, &inner) < 0)
		fail_msg("no %s[%zu]", name, i);
	return inner;
}

#define assert_text(object, name, expected) \
	assert_true(str_eq(text_of(object, name), str_of(expected)))

/* Two APIs that share a scope name, one account, an active ES256 key; no signer. */
static inline int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct store_options options = {.kind = STORE_MEMORY, .create = true, .readers = 1, .cache_kib = 64};
	const struct signing_key key = {.kid = STR("key-1"), .alg = STR("ES256"), .state = KEY_ACTIVE,
					.sealed = STR("x"),
					.public_jwk = STR("{}"), .created_s = NOW_S, .active_s = NOW_S};
	const struct audit_note note = {NOW_S, STR("test"), STR("key.create"), STR("key-1"), STR("")};
	assert_non_null(world);
	assert_int_equal(store_open(&options, &world->store), 0);
	assert_int_equal(store_key_put(world->store, &key, &note), 0);
	world->clock = clock_fixed(NOW_S * 1000000);
	buf_init(&world->answer, ADMIN_ANSWER_MAX);
	world->admin = (struct admin){
		.store = world->store,
		.clock = &world->clock,
		.actor = STR("test:1"),
		.policy = {.lifetime_s = 3600, .lifetime_max_s = 86400, .default_alg = STR("ES256")},
		.changed = note_change,
		.arg = world,
	};
	ok(world, "{'op':'api.create','args':{'audience':'https://a.example/x','name':'A','scopes':[{'name':'m:read',"
		  "'description':'d'},"
		  "{'name':'m:write'},{'name':'shared'}]}}");
	ok(world, "{'op':'api.create','args':{'audience':'https://b.example',"
		  "'scopes':[{'name':'o:read'},{'name':'shared'}]}}");
	ok(world, "{'op':'account.create','args':{'email':'Alice@Example.COM','name':'Alice','roles':['user','user',"
		  "'editor']}}");
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;
	json_free(world->doc);
	buf_done(&world->answer);
	store_close(world->store);
	free(world);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
