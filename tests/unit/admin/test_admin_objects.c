/* The administration of accounts, APIs, keys and the audit chain: every operation, each named refusal. */
#include "admin_world.h"

static void accounts(void **state)
{
	struct world *world = *state;
	static const char *const bad[] = {"abc", "@x.y", "a@", "a b@x.y", "a@x y", "a@@x", "a@.x", "a@x.", "a@-x",
					  "a@x_y", "<a>@x.y", "a@x\\\\"};
	char request[256];
	const struct json *made = ok(world, "{'op':'account.get','args':{'account':'Alice@example.com'}}");
	assert_text(made, "email", "alice@example.com"); /* however it is written */
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
	got = ok(world,
		 "{'op':'api.update','args':{'api':'https://a.example/x','name':'New','scopes':[{'name':'m:read'}]}}");
	assert_text(got, "name", "New");
	/* the grant of m:write went too */
	assert_text(ok(world, "{'op':'client.get','args':{'client_id':'one'}}"), "scope", "m:read");
	refused(world, "{'op':'api.update','args':{'api':'https://a.example/x','audience':'https://c.example'}}",
		"E_INVALID_REQUEST");
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
	const struct signing_key next = {.kid = STR("key-2"), .alg = STR("ES256"), .state = KEY_NEXT,
					 .sealed = STR("x"),
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
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'two','client_secret':'correct "
		  "horse'}}");
	int64_t entries = number_of(ok(world, "{'op':'audit.verify'}"), "entries");
	assert_int_equal(number_of(ok(world, "{'op':'audit.verify'}"), "head_seq"), entries);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(accounts), CASE(too_many_roles), CASE(apis_refused), CASE(apis), CASE(keys_without_signer),
		CASE(rotate_now), CASE(audit),
	};
	return cmocka_run_group_tests_name("admin_objects", tests, NULL, NULL);
}
