/* The administration operations: every one, each named refusal, what is audited, what is told to caches, and faults on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fault.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "json/json.h"
#include "oauth/id.h"
#include "server/admin.h"

#define NOW_S 1800000000LL

static const char api_a[] = "https://a.example/x";
static const char api_b[] = "https://b.example";

struct world {
	struct store *store;
	struct clock clock;
	struct admin admin;
	unsigned changes[4]; /* by enum admin_change */
	char changed_id[80];
	struct buf answer;
	struct json *doc;
};

static void note_change(void *arg, enum admin_change what, struct str id)
{
	struct world *world = arg;
	world->changes[what]++;
	snprintf(world->changed_id, sizeof(world->changed_id), "%.*s", STR_ARG(id));
}

/* One request with ' for " so that the tables below stay readable. The answer is in world->answer and world->doc. */
static int call(struct world *world, const char *quoted)
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

static void refused(struct world *world, const char *request, const char *code)
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
static void tick(struct world *world) { world->clock.fixed_us += 1000000; }

static struct str text_of(const struct json *object, const char *name)
{
	struct str text = {0};
	if (json_get_str(object, name, &text) < 0)
		fail_msg("no text %s", name);
	return text;
}

static int64_t number_of(const struct json *object, const char *name)
{
	int64_t number = -1;
	if (json_get_int(object, name, &number) < 0)
		fail_msg("no number %s", name);
	return number;
}

static size_t count(const struct json *object, const char *name)
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
static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct store_options options = {.kind = STORE_MEMORY, .create = true, .readers = 1, .cache_kib = 64};
	const struct signing_key key = {.kid = STR("key-1"), .alg = STR("ES256"), .state = KEY_ACTIVE, .sealed = STR("x"),
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
	ok(world, "{'op':'api.create','args':{'audience':'https://a.example/x','name':'A','scopes':[{'name':'m:read','description':'d'},"
		  "{'name':'m:write'},{'name':'shared'}]}}");
	ok(world, "{'op':'api.create','args':{'audience':'https://b.example','scopes':[{'name':'o:read'},{'name':'shared'}]}}");
	ok(world, "{'op':'account.create','args':{'email':'Alice@Example.COM','name':'Alice','roles':['user','user','editor']}}");
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	json_free(world->doc);
	buf_done(&world->answer);
	store_close(world->store);
	free(world);
	return 0;
}

static void bad_requests(void **state)
{
	static const struct {
		const char *request, *code;
	} rows[] = {
		{"", "E_INVALID_REQUEST"},
		{"[]", "E_INVALID_REQUEST"},
		{"{", "E_INVALID_REQUEST"},
		{"{}", "E_INVALID_REQUEST"},
		{"{'op':1}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','op':'client.list'}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':[]}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','more':1}", "E_INVALID_REQUEST"},
		{"{'op':'client.list'} x", "E_INVALID_REQUEST"},
		{"{'op':'client.steal'}", "E_NOT_IMPLEMENTED"},
		{"{'op':'Client.list'}", "E_NOT_IMPLEMENTED"},
		{"{'op':'client.list','args':{'limit':0}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':501}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':'5'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':1.5}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'client_id':'x'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'nonsense':'x'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get'}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':''}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':7}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':'none'}}", "E_ABSENT"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(*state, rows[i].request, rows[i].code);
}

/* Names and labels are shown on terminals and pages: nothing that steers them gets in. */
static void control_characters(void **state)
{
	static const char *const bad[] = {"\\u0000", "\\n", "\\u001b[2J", "\\u007f", "\\u0085", "\\u202e", "\\u2066", "\\u200f", "\\u2028"};
	char request[256];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'client.create','args':{'client_name':'a%sb'}}", bad[i]);
		refused(*state, request, "E_INVALID_REQUEST");
	}
	ok(*state, "{'op':'client.create','args':{'client_name':'Zähler \\u2013 Mühle №1'}}");
}

static void too_large(void **state)
{
	struct world *world = *state;
	size_t size = ADMIN_REQUEST_MAX + 1;
	char *request = malloc(size);
	struct str code;
	assert_non_null(request);
	memset(request, ' ', size);
	memcpy(request, "{}", 2);
	buf_reset(&world->answer);
	assert_int_equal(admin_call(&world->admin, str_mem(request, size), &world->answer), 0);
	json_free(world->doc);
	assert_int_equal(json_parse_object(buf_str(&world->answer), &world->doc), 0);
	assert_int_equal(json_get_str(world->doc, "code", &code), 0);
	assert_true(str_eq(code, STR("E_TOO_LARGE")));
	free(request);
}

static void client_create_refused(void **state)
{
	static const struct {
		const char *args, *code;
	} rows[] = {
		{"", "E_INVALID_REQUEST"},
		{"'client_name':''", "E_INVALID_REQUEST"},
		{"'client_name':'x','scope':'m:read  m:write'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':' m:read'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'no:such'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'shared'", "E_CONFLICT"},
		{"'client_name':'x','scope':'o:read','audiences':['https://a.example/x']", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'m:read','audiences':['https://none.example']", "E_ABSENT"},
		{"'client_name':'x','audiences':'https://a.example/x'", "E_INVALID_REQUEST"},
		{"'client_name':'x','audiences':[1]", "E_INVALID_REQUEST"},
		{"'client_name':'x','default_audience':'https://none.example'", "E_ABSENT"},
		{"'client_name':'x','account':'nobody@example.com'", "E_ABSENT"},
		{"'client_name':'x','account':'mma_0000000000000000000000'", "E_ABSENT"},
		{"'client_name':'x','expires_at':1799999999", "E_INVALID_REQUEST"},
		{"'client_name':'x','expires_at':-1", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_secret_expires_at':1800000000", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_lifetime':29", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_lifetime':86401", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_endpoint_auth_method':'private_key_jwt'", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_endpoint_auth_method':'client_secret_jwt'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_secret':'long enough'", "E_CONFLICT"}, /* chosen, for an id of ours */
		{"'client_name':'x','client_id':'old','client_secret':'short'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'old','client_secret':'caf\\u00e9 au lait'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'old','token_endpoint_auth_method':'none','client_secret':'long enough'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'mmc_0000000000000000000000'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'mma_0000000000000000000000'", "E_INVALID_REQUEST"}, /* RFC 9068 5: no client is an account */
		{"'client_name':'x','client_id':'a b c'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'ab'", "E_INVALID_REQUEST"},
	};
	char request[512];
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'client.create','args':{%s}}", rows[i].args);
		refused(world, request, rows[i].code);
	}
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 0);
	assert_int_equal(count(ok(world, "{'op':'client.list'}"), "clients"), 0);
}

/* A secret that fits the generated form would be looked up as one: it can't be chosen. */
static void chosen_must_not_look_generated(void **state)
{
	char secret[ID_SECRET_LEN + 1], request[256];
	assert_int_equal(id_secret_new(secret), 0);
	snprintf(request, sizeof(request), "{'op':'client.create','args':{'client_name':'x','client_id':'old','client_secret':'%s'}}", secret);
	refused(*state, request, "E_INVALID_REQUEST");
	secret[20] = secret[20] == 'a' ? 'b' : 'a'; /* the check digits don't fit any more */
	snprintf(request, sizeof(request), "{'op':'client.create','args':{'client_name':'x','client_id':'old','client_secret':'%s'}}", secret);
	ok(*state, request);
}

static void client_create(void **state)
{
	struct world *world = *state;
	struct arena arena;
	struct client client;
	unsigned char digest[SHA256_LEN];
	const struct json *made = ok(world,
		"{'op':'client.create','args':{'client_name':'x','scope':'openid m:read m:read','expires_at':1900000000,"
		"'client_secret_expires_at':1850000000,'token_lifetime':600,'label':'first','token_endpoint_auth_method':'client_secret_post'}}");
	struct str id = text_of(made, "client_id"), secret = text_of(made, "client_secret");
	assert_true(id_has_form(ID_CLIENT, id));
	assert_true(id_secret_looks_generated(secret));
	assert_text(made, "scope", "openid m:read");
	assert_text(made, "kind", "service");
	assert_text(made, "default_audience", api_a); /* the API of the first scope that has one */
	assert_text(made, "token_endpoint_auth_method", "client_secret_post");
	assert_int_equal(number_of(made, "client_secret_expires_at"), 1850000000);
	assert_int_equal(number_of(made, "client_id_issued_at"), NOW_S);
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 1);
	assert_true(str_eq(str_of(world->changed_id), id));
	/* the store has the digest and the hint, never the secret */
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_client_get(world->store, id, &arena, &client), 0);
	assert_int_equal(client.n_secrets, 1);
	assert_int_equal(digest_sha256(secret, digest), 0);
	assert_memory_equal(client.secrets[0].sha256, digest, sizeof(digest));
	assert_true(str_eq(client.secrets[0].hint, (struct str){secret.p + secret.len - 4, 4}));
	assert_int_equal(client.secrets[0].expires_s, 1850000000);
	assert_int_equal(client.lifetime_s, 600);
	arena_done(&arena);
}

static void client_kinds(void **state)
{
	struct world *world = *state;
	const struct json *made = ok(world, "{'op':'client.create','args':{'client_name':'x','account':'Alice@example.com','scope':'openid email'}}");
	assert_text(made, "kind", "account");
	assert_true(id_has_form(ID_ACCOUNT, text_of(made, "account_id")));
	assert_text(made, "default_audience", "");
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','token_endpoint_auth_method':'none'}}");
	assert_false(json_has(made, "client_secret"));
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','audiences':['https://a.example/x','https://b.example'],'scope':'shared'}}");
	assert_int_equal(count(made, "grants"), 2);
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','audiences':['https://b.example']}}"); /* all its scopes */
	assert_text(made, "scope", "o:read shared");
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','scope':'m:read o:read','default_audience':'https://b.example'}}");
	assert_text(made, "default_audience", api_b);
	assert_int_equal(count(ok(world, "{'op':'client.list','args':{'account':'Alice@example.com'}}"), "clients"), 1);
	refused(world, "{'op':'client.list','args':{'account':'nobody@example.com'}}", "E_ABSENT");
}

static void imported_client(void **state)
{
	struct world *world = *state;
	struct arena arena;
	struct client client;
	const struct json *made = ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'legacy.1','client_secret':'pa:ss %zz+w'}}");
	assert_text(made, "client_id", "legacy.1");
	assert_false(json_has(made, "client_secret")); /* its owner has it already */
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_client_get(world->store, STR("legacy.1"), &arena, &client), 0);
	assert_int_equal(client.secrets[0].form, SECRET_CHOSEN);
	assert_int_equal(password_check(secret_of(STR("pa:ss %zz+w")), client.secrets[0].phc), 0);
	assert_int_equal(client.secrets[0].hint.len, 0);
	arena_done(&arena);
	refused(world, "{'op':'client.create','args':{'client_name':'x','client_id':'legacy.1'}}", "E_EXISTS");
	refused(world, "{'op':'secret.add','args':{'client_id':'legacy.1','client_secret':'another one'}}", "E_CONFLICT");
	ok(world, "{'op':'secret.add','args':{'client_id':'legacy.1'}}"); /* a generated one beside it is fine */
}

static void client_change(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one','scope':'m:read'}}");
	refused(world, "{'op':'client.update','args':{'client_id':'two','client_name':'y'}}", "E_ABSENT");
	refused(world, "{'op':'client.update','args':{'client_id':'one','scope':'no:such'}}", "E_INVALID_SCOPE");
	refused(world, "{'op':'client.update','args':{'client_id':'one','account':'x@example.com'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'client.update','args':{'client_id':'one','client_secret':'long enough'}}", "E_INVALID_REQUEST");
	const struct json *now = ok(world, "{'op':'client.update','args':{'client_id':'one','client_name':'y','expires_at':1900000000}}");
	assert_text(now, "client_name", "y");
	assert_text(now, "scope", "m:read"); /* what was not given stays */
	now = ok(world, "{'op':'client.update','args':{'client_id':'one','scope':'o:read','default_audience':''}}");
	assert_text(now, "scope", "o:read");
	assert_text(now, "default_audience", "");
	assert_int_equal(number_of(now, "expires_at"), 1900000000);
	now = ok(world, "{'op':'client.update','args':{'client_id':'one','scope':'','expires_at':0}}");
	assert_text(now, "scope", "");
	assert_int_equal(number_of(now, "expires_at"), 0);
	for (int i = 0; i < 2; i++) { /* twice: the second time changes nothing and is no error */
		bool disabled = false;
		now = ok(world, "{'op':'client.disable','args':{'client_id':'one'}}");
		assert_int_equal(json_get_bool(now, "disabled", &disabled), 0);
		assert_true(disabled);
	}
	ok(world, "{'op':'client.enable','args':{'client_id':'one'}}");
	refused(world, "{'op':'client.disable','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'client.enable','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'client.delete','args':{'client_id':'two'}}", "E_ABSENT");
	ok(world, "{'op':'client.delete','args':{'client_id':'one'}}");
	refused(world, "{'op':'client.get','args':{'client_id':'one'}}", "E_ABSENT");
}

static void pages(void **state)
{
	struct world *world = *state;
	char after[80] = "", request[200];
	size_t seen = 0;
	for (int i = 0; i < 7; i++)
		ok(world, "{'op':'client.create','args':{'client_name':'x'}}");
	for (int page = 0; page < 4; page++) {
		snprintf(request, sizeof(request), "{'op':'client.list','args':{'limit':3,'after':'%s'}}", after);
		const struct json *result = ok(world, request);
		seen += count(result, "clients");
		if (!json_has(result, "next"))
			break;
		snprintf(after, sizeof(after), "%.*s", STR_ARG(text_of(result, "next")));
	}
	assert_int_equal(seen, 7);
	assert_int_equal(count(ok(world, "{'op':'account.list','args':{'limit':1}}"), "accounts"), 1);
}

static void secrets(void **state)
{
	struct world *world = *state;
	char first[80], request[200];
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	tick(world);
	const struct json *made = ok(world, "{'op':'secret.add','args':{'client_id':'one','label':'new','client_secret_expires_at':1800000100}}");
	assert_true(id_secret_looks_generated(text_of(made, "client_secret")));
	snprintf(first, sizeof(first), "%.*s", STR_ARG(text_of(made, "secret_id")));
	const struct json *list = ok(world, "{'op':'secret.list','args':{'client_id':'one'}}");
	assert_int_equal(count(list, "secrets"), 2);
	assert_text(element(list, "secrets", 1), "state", "live");
	assert_text(element(list, "secrets", 1), "label", "new");
	assert_false(json_has(element(list, "secrets", 1), "client_secret"));
	assert_null(memmem(world->answer.p, world->answer.len, "mms_", 4));
	world->clock.fixed_us = (NOW_S + 100) * 1000000;
	assert_text(element(ok(world, "{'op':'secret.list','args':{'client_id':'one'}}"), "secrets", 1), "state", "expired");
	snprintf(request, sizeof(request), "{'op':'secret.revoke','args':{'client_id':'one','secret_id':'%s'}}", first);
	ok(world, request);
	ok(world, request);
	assert_text(element(ok(world, "{'op':'secret.list','args':{'client_id':'one'}}"), "secrets", 1), "state", "revoked");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'one','secret_id':'mmk_x'}}", "E_ABSENT");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'two','secret_id':'mmk_x'}}", "E_ABSENT");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'one'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'secret.add','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.list','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'one','client_secret':'long enough'}}", "E_INVALID_REQUEST");
}

static void regenerate_kills_all(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	tick(world);
	ok(world, "{'op':'secret.add','args':{'client_id':'one'}}");
	tick(world);
	ok(world, "{'op':'secret.regenerate','args':{'client_id':'one'}}");
	const struct json *list = ok(world, "{'op':'secret.list','args':{'client_id':'one'}}");
	assert_int_equal(count(list, "secrets"), 3);
	assert_text(element(list, "secrets", 0), "state", "revoked");
	assert_text(element(list, "secrets", 1), "state", "revoked");
	assert_text(element(list, "secrets", 2), "state", "live");
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 3);
}

static void secrets_are_bounded(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	for (int i = 1; i < MODEL_SECRETS_MAX; i++)
		ok(world, "{'op':'secret.add','args':{'client_id':'one'}}");
	refused(world, "{'op':'secret.add','args':{'client_id':'one'}}", "E_CONFLICT");
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'public','token_endpoint_auth_method':'none'}}");
	refused(world, "{'op':'secret.add','args':{'client_id':'public'}}", "E_CONFLICT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'public'}}", "E_CONFLICT");
}

static void accounts(void **state)
{
	struct world *world = *state;
	static const char *const bad[] = {"abc", "@x.y", "a@", "a b@x.y", "a@x y", "a@@x", "a@.x", "a@x.", "a@-x", "a@x_y", "<a>@x.y", "a@x\\\\"};
	char request[256];
	const struct json *made = ok(world, "{'op':'account.get','args':{'account':'Alice@example.com'}}");
	assert_text(made, "email", "Alice@example.com"); /* the domain in lower case, the local part as it was */
	assert_int_equal(count(made, "roles"), 2);       /* each once */
	refused(world, "{'op':'account.create','args':{'email':'Alice@EXAMPLE.com'}}", "E_EXISTS");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'account.create','args':{'email':'%s'}}", bad[i]);
		refused(world, request, "E_INVALID_REQUEST");
	}
	refused(world, "{'op':'account.create','args':{'email':'b@x.y','roles':['a b']}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'account.create','args':{'email':'b@x.y','roles':['']}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'account.create','args':{'email':'b@x.y','email_verified':1}}", "E_INVALID_REQUEST");
	made = ok(world, "{'op':'account.roles','args':{'account':'Alice@example.com','roles':['admin']}}");
	assert_int_equal(count(made, "roles"), 1);
	made = ok(world, "{'op':'account.roles','args':{'account':'Alice@example.com','roles':[]}}");
	assert_int_equal(count(made, "roles"), 0);
	refused(world, "{'op':'account.roles','args':{'account':'Alice@example.com'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'account.roles','args':{'account':'none','roles':[]}}", "E_ABSENT");
	ok(world, "{'op':'account.disable','args':{'account':'Alice@example.com'}}");
	ok(world, "{'op':'account.enable','args':{'account':'Alice@example.com'}}");
	refused(world, "{'op':'account.disable','args':{'account':'none'}}", "E_ABSENT");
	refused(world, "{'op':'account.enable','args':{'account':'none'}}", "E_ABSENT");
	refused(world, "{'op':'account.get','args':{'account':'none'}}", "E_ABSENT");
	assert_true(world->changes[ADMIN_CHANGE_ACCOUNT] >= 5);
}

static void too_many_roles(void **state)
{
	char request[1024] = "{'op':'account.create','args':{'email':'b@x.y','roles':['r'";
	for (int i = 0; i < MODEL_ROLES_MAX; i++)
		snprintf(request + strlen(request), sizeof(request) - strlen(request), ",'r%d'", i);
	strncat(request, "]}}", sizeof(request) - strlen(request) - 1);
	refused(*state, request, "E_INVALID_REQUEST");
}

static void apis_refused(void **state)
{
	static const struct {
		const char *args, *code;
	} rows[] = {
		{"", "E_INVALID_REQUEST"},
		{"'audience':'no-uri'", "E_INVALID_TARGET"},
		{"'audience':'https://x.example#f'", "E_INVALID_TARGET"},
		{"'audience':'https://x.example/a b'", "E_INVALID_TARGET"},
		{"'audience':'https://a.example/x'", "E_EXISTS"},
		{"'audience':'https://x.example','alg':'HS256'", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','alg':'none'", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','alg':'RS256'", "E_SIGNER"}, /* no key of it, and nobody to make one */
		{"'audience':'https://x.example','token_lifetime':0", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','token_lifetime':86401", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','scopes':[{'name':'a b'}]", "E_INVALID_SCOPE"},
		{"'audience':'https://x.example','scopes':[{'name':'a\\\\b'}]", "E_INVALID_SCOPE"},
		{"'audience':'https://x.example','scopes':[{'name':'openid'}]", "E_INVALID_SCOPE"},
		{"'audience':'https://x.example','scopes':[{'description':'a'}]", "E_INVALID_SCOPE"},
		{"'audience':'https://x.example','scopes':[{'name':'a'},{'name':'a'}]", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','scopes':[{'name':'a','more':1}]", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','scopes':[{'name':'a','description':'\\u001b'}]", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','scopes':['a']", "E_INVALID_REQUEST"},
		{"'audience':'https://x.example','scopes':'a'", "E_INVALID_REQUEST"},
	};
	char request[512];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'api.create','args':{%s}}", rows[i].args);
		refused(*state, request, rows[i].code);
	}
}

static void apis(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one','scope':'m:read m:write'}}");
	const struct json *got = ok(world, "{'op':'api.get','args':{'api':'https://a.example/x'}}");
	assert_true(id_has_form(ID_API, text_of(got, "api_id")));
	assert_text(got, "alg", "ES256");
	assert_int_equal(number_of(got, "token_lifetime"), 3600);
	assert_text(element(got, "scopes", 0), "description", "d");
	got = ok(world, "{'op':'api.update','args':{'api':'https://a.example/x','name':'New','scopes':[{'name':'m:read'}]}}");
	assert_text(got, "name", "New");
	assert_text(ok(world, "{'op':'client.get','args':{'client_id':'one'}}"), "scope", "m:read"); /* the grant of m:write went too */
	refused(world, "{'op':'api.update','args':{'api':'https://a.example/x','audience':'https://c.example'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'api.update','args':{'api':'https://none.example','name':'x'}}", "E_ABSENT");
	refused(world, "{'op':'api.update','args':{'api':'https://a.example/x','alg':'PS256'}}", "E_SIGNER");
	refused(world, "{'op':'api.get','args':{'api':'mmr_0000000000000000000000'}}", "E_ABSENT");
	refused(world, "{'op':'api.delete','args':{'api':'https://none.example'}}", "E_ABSENT");
	ok(world, "{'op':'api.delete','args':{'api':'https://a.example/x'}}");
	assert_int_equal(count(ok(world, "{'op':'api.list'}"), "apis"), 1);
	got = ok(world, "{'op':'client.get','args':{'client_id':'one'}}");
	assert_text(got, "scope", "");
	assert_text(got, "default_audience", "");
	assert_int_equal(world->changes[ADMIN_CHANGE_API], 4);
}

static void keys_without_signer(void **state)
{
	struct world *world = *state;
	assert_int_equal(count(ok(world, "{'op':'key.list'}"), "keys"), 1);
	refused(world, "{'op':'key.rotate'}", "E_SIGNER");
	refused(world, "{'op':'key.rotate','args':{'alg':'EdDSA','now':true}}", "E_SIGNER");
	refused(world, "{'op':'key.rotate','args':{'alg':'HS256'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'key.rotate','args':{'now':'yes'}}", "E_INVALID_REQUEST");
	assert_int_equal(world->changes[ADMIN_CHANGE_KEYS], 0);
}

/* An ordered successor takes over at once, and the old key retires in the same transaction. */
static void rotate_now(void **state)
{
	struct world *world = *state;
	const struct signing_key next = {.kid = STR("key-2"), .alg = STR("ES256"), .state = KEY_NEXT, .sealed = STR("x"),
					 .public_jwk = STR("{}"), .created_s = NOW_S + 1};
	const struct audit_note note = {NOW_S, STR("test"), STR("key.create"), STR("key-2"), STR("")};
	assert_int_equal(store_key_put(world->store, &next, &note), 0);
	const struct json *moved = ok(world, "{'op':'key.rotate'}"); /* there is a successor already: nothing to do */
	assert_text(element(moved, "keys", 0), "state", "next");
	moved = ok(world, "{'op':'key.rotate','args':{'now':true}}");
	assert_int_equal(count(moved, "keys"), 1);
	assert_text(element(moved, "keys", 0), "kid", "key-2");
	assert_text(element(moved, "keys", 0), "state", "active");
	assert_text(element(ok(world, "{'op':'key.list'}"), "keys", 0), "state", "retiring");
	assert_int_equal(world->changes[ADMIN_CHANGE_KEYS], 1);
}

/* Every change leaves one entry with who, what and which; none holds a secret. */
static void audit(void **state)
{
	struct world *world = *state;
	char secret[ID_SECRET_LEN + 1];
	const struct json *made = ok(world, "{'op':'client.create','args':{'client_name':'Door','client_id':'one'}}");
	memcpy(secret, text_of(made, "client_secret").p, ID_SECRET_LEN);
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'two','client_secret':'correct horse'}}");
	int64_t entries = number_of(ok(world, "{'op':'audit.verify'}"), "entries");
	assert_int_equal(entries, 6); /* key, two APIs, account, two clients */
	const struct json *list = ok(world, "{'op':'audit.list','args':{'after_seq':4}}");
	assert_int_equal(count(list, "entries"), 2);
	const struct json *entry = element(list, "entries", 0);
	assert_text(entry, "actor", "test:1");
	assert_text(entry, "action", "client.create");
	assert_text(entry, "target", "one");
	assert_text(entry, "detail", "Door");
	assert_int_equal(number_of(entry, "seq"), 5);
	assert_int_equal(text_of(entry, "hash").len, 64);
	ok(world, "{'op':'audit.list'}");
	assert_null(memmem(world->answer.p, world->answer.len, secret, ID_SECRET_LEN));
	assert_null(memmem(world->answer.p, world->answer.len, "correct horse", 13));
	refused(world, "{'op':'audit.list','args':{'after_seq':-1}}", "E_INVALID_REQUEST");
	assert_true(json_has(ok(world, "{'op':'audit.list','args':{'limit':2}}"), "next_seq"));
}

/* Each allocation, store call and entropy call fails once: an error or the whole change, and no secret in an error. */
static void faults(void **state)
{
#ifdef MINTMARK_FAULTS
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_STORE, FAULT_RANDOM};
	struct world *world = *state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (long nth = 1; nth < 500; nth++) {
			size_t before = count(ok(world, "{'op':'client.list'}"), "clients");
			bool good = false;
			fault_arm(kinds[k], nth);
			json_free(world->doc);
			world->doc = NULL;
			buf_done(&world->answer);
			static const char request[] = "{\"op\":\"client.create\",\"args\":{\"client_name\":\"x\",\"scope\":\"m:read\"}}";
			int rc = admin_call(&world->admin, STR(request), &world->answer);
			bool reached = fault_reached(kinds[k]);
			fault_arm(kinds[k], 0);
			if (rc == 0) {
				assert_int_equal(json_parse_object(buf_str(&world->answer), &world->doc), 0);
				assert_int_equal(json_get_bool(world->doc, "ok", &good), 0);
				if (!good)
					assert_null(memmem(world->answer.p, world->answer.len, "mms_", 4));
			}
			size_t after = count(ok(world, "{'op':'client.list'}"), "clients");
			assert_true(after == before || after == before + 1);
			if (good)
				assert_int_equal(after, before + 1); /* acknowledged is there */
			if (!reached) {
				assert_true(good);
				break;
			}
		}
	}
#else
	(void)state;
	skip();
#endif
}

static void every_op_has_a_name(void **state)
{
	struct world *world = *state;
	size_t n = 0;
	for (; admin_op_name(n); n++) {
		char request[128];
		struct str code;
		snprintf(request, sizeof(request), "{'op':'%s','args':{'surely_unknown':1}}", admin_op_name(n));
		assert_int_equal(call(world, request), 0);
		assert_int_equal(json_get_str(world->doc, "code", &code), 0);
		assert_true(str_eq(code, STR("E_INVALID_REQUEST"))); /* not E_NOT_IMPLEMENTED, and nothing was done */
	}
	assert_int_equal(n, 26);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bad_requests), CASE(control_characters), CASE(too_large), CASE(client_create_refused), CASE(chosen_must_not_look_generated),
		CASE(client_create), CASE(client_kinds), CASE(imported_client), CASE(client_change), CASE(pages), CASE(secrets),
		CASE(regenerate_kills_all), CASE(secrets_are_bounded), CASE(accounts), CASE(too_many_roles), CASE(apis_refused), CASE(apis),
		CASE(keys_without_signer), CASE(rotate_now), CASE(audit), CASE(faults), CASE(every_op_has_a_name),
	};
	return cmocka_run_group_tests_name("server_admin", tests, NULL, NULL);
}
