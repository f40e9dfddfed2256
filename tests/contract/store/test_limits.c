/* What every verb refuses before it touches anything: too long, too many, empty, not UTF-8, bad numbers. */
#include "store_test.h"

static char longest[20000];

/* n times "a". */
static struct str run_of(size_t n)
{
	memset(longest, 'a', sizeof(longest));
	return str_mem(longest, n);
}

static const struct str bad_texts[] = {STR("a\nb"), STR("a\0b"),         STR("a\x7f"),
				       STR("\xff"), STR("\xed\xa0\x80"), STR("\x01")};

/* A text of some object: the longest it may be, and whether it may be empty. */
struct field {
	const char *name;
	size_t max;
	bool may_be_empty;
	void (*put)(struct world *world, struct str value, int want);
};

#define ACCOUNT(member)                                                               \
	static void account_##member(struct world *world, struct str value, int want) \
	{                                                                             \
		struct account account = an_account(world, 1);                        \
		account.member = value;                                               \
		FAILS(store_account_put(world->store, &account, &a_note), want);      \
	}
#define CLIENT(member)                                                               \
	static void client_##member(struct world *world, struct str value, int want) \
	{                                                                            \
		struct client client = a_client(world, 1);                           \
		client.member = value;                                               \
		FAILS(store_client_put(world->store, &client, &a_note), want);       \
	}
#define SECRET(member)                                                               \
	static void secret_##member(struct world *world, struct str value, int want) \
	{                                                                            \
		struct client client = a_client(world, 1);                           \
		struct client_secret secret = a_secret(world, client.id, 1);         \
		secret.member = value;                                               \
		client.secrets = &secret;                                            \
		client.n_secrets = 1;                                                \
		FAILS(store_client_put(world->store, &client, &a_note), want);       \
	}
#define API(member)                                                               \
	static void api_##member(struct world *world, struct str value, int want) \
	{                                                                         \
		struct api api = an_api(world, 1);                                \
		api.member = value;                                               \
		FAILS(store_api_put(world->store, &api, &a_note), want);          \
	}
#define KEY(member)                                                               \
	static void key_##member(struct world *world, struct str value, int want) \
	{                                                                         \
		struct signing_key key = a_key(world, 1, KEY_NEXT);               \
		key.member = value;                                               \
		FAILS(store_key_put(world->store, &key, &a_note), want);          \
	}
#define NOTE(member)                                                               \
	static void note_##member(struct world *world, struct str value, int want) \
	{                                                                          \
		struct audit_note note = a_note;                                   \
		note.member = value;                                               \
		FAILS(store_audit_append(world->store, &note), want);              \
	}

ACCOUNT(id)
ACCOUNT(email)
ACCOUNT(name)
CLIENT(id)
CLIENT(name)
SECRET(id)
SECRET(hint)
SECRET(label)
SECRET(last_used_addr)
API(id)
API(audience)
API(name)
API(alg)
KEY(kid)
KEY(alg)
KEY(public_jwk)
NOTE(actor)
NOTE(action)
NOTE(target)
NOTE(detail)

static void role(struct world *world, struct str value, int want)
{
	struct account account = an_account(world, 1);
	account.roles = (struct str_list){&value, 1};
	FAILS(store_account_put(world->store, &account, &a_note), want);
}

static void grant_scope(struct world *world, struct str value, int want)
{
	struct client client = a_client(world, 1);
	struct scope_grant grant = {STR(""), value};
	client.grants = &grant;
	client.n_grants = 1;
	FAILS(store_client_put(world->store, &client, &a_note), want);
}

static void scope_name(struct world *world, struct str value, int want)
{
	struct api api = an_api(world, 1);
	struct api_scope scope = {value, STR("")};
	api.scopes = &scope;
	api.n_scopes = 1;
	FAILS(store_api_put(world->store, &api, &a_note), want);
}

static const struct field fields[] = {
	{"account.id", MODEL_ID_MAX, false, account_id},
	{"account.email", MODEL_EMAIL_MAX, false, account_email},
	{"account.name", MODEL_NAME_MAX, true, account_name},
	{"role", MODEL_NAME_MAX, false, role},
	{"client.id", MODEL_ID_MAX, false, client_id},
	{"client.name", MODEL_NAME_MAX, true, client_name},
	{"grant.scope", MODEL_SCOPE_MAX, false, grant_scope},
	{"secret.id", MODEL_ID_MAX, false, secret_id},
	{"secret.hint", MODEL_HINT_MAX, true, secret_hint},
	{"secret.label", MODEL_LABEL_MAX, true, secret_label},
	{"secret.last_used_addr", MODEL_ADDR_MAX, true, secret_last_used_addr},
	{"api.id", MODEL_ID_MAX, false, api_id},
	{"api.audience", MODEL_AUDIENCE_MAX, false, api_audience},
	{"api.name", MODEL_NAME_MAX, true, api_name},
	{"api.alg", MODEL_ALG_MAX, false, api_alg},
	{"scope.name", MODEL_SCOPE_MAX, false, scope_name},
	{"key.kid", MODEL_ID_MAX, false, key_kid},
	{"key.alg", MODEL_ALG_MAX, false, key_alg},
	{"key.public_jwk", MODEL_JWK_MAX, false, key_public_jwk},
	{"note.actor", MODEL_ACTOR_MAX, false, note_actor},
	{"note.action", MODEL_ACTION_MAX, false, note_action},
	{"note.target", MODEL_TARGET_MAX, true, note_target},
	{"note.detail", MODEL_DETAIL_MAX, true, note_detail},
};

static void texts(void **state)
{
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		fields[i].put(world, run_of(fields[i].max + 1), E_LIMIT);
		if (!fields[i].may_be_empty)
			fields[i].put(world, STR(""), E_SYNTAX);
		for (size_t j = 0; j < COUNT(bad_texts); j++)
			fields[i].put(world, bad_texts[j], E_SYNTAX);
		assert_int_equal(audit_count(world), 0);
	}
}

/* The longest texts of all go through, into the audit chain too. */
static void longest_texts(void **state)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		struct world *world = *state;
		fields[i].put(world, run_of(fields[i].max), 0);
		assert_int_equal(audit_count(world), 1);
		world_teardown(state);
		assert_int_equal(world_setup(state), 0);
	}
}

static void longest_note(void **state)
{
	struct world *world = *state;
	struct audit_note note = {NOW_S, run_of(MODEL_ACTOR_MAX), run_of(MODEL_ACTION_MAX), run_of(MODEL_TARGET_MAX),
				  run_of(MODEL_DETAIL_MAX)};
	OK(store_audit_append(world->store, &note));
	assert_int_equal(audit_count(world), 1);
	FAILS(store_audit_append(world->store, NULL), E_SYNTAX);
}

static void counts(void **state)
{
	static struct str roles[MODEL_ROLES_MAX + 1];
	static struct scope_grant grants[MODEL_SCOPES_MAX + 1];
	static struct client_secret secrets[MODEL_SECRETS_MAX + 1];
	static struct api_scope scopes[MODEL_SCOPES_MAX + 1];
	struct world *world = *state;
	struct account account = an_account(world, 1);
	struct client client = a_client(world, 1);
	struct api api = an_api(world, 1);
	for (unsigned i = 0; i <= MODEL_SCOPES_MAX; i++) {
		scopes[i].name = grants[i].scope = name_of(world, "scope", i);
		grants[i].api_id = api.id;
	}
	for (unsigned i = 0; i <= MODEL_ROLES_MAX; i++)
		roles[i] = STR("r");
	for (unsigned i = 0; i <= MODEL_SECRETS_MAX; i++)
		secrets[i] = a_secret(world, client.id, i);
	account.roles = (struct str_list){roles, MODEL_ROLES_MAX + 1};
	FAILS(store_account_put(world->store, &account, &a_note), E_LIMIT);
	account.roles.n--;
	OK(store_account_put(world->store, &account, &a_note));
	api.scopes = scopes;
	api.n_scopes = MODEL_SCOPES_MAX + 1;
	FAILS(store_api_put(world->store, &api, &a_note), E_LIMIT);
	api.n_scopes--;
	OK(store_api_put(world->store, &api, &a_note));
	client.grants = grants;
	client.secrets = secrets;
	client.n_grants = MODEL_SCOPES_MAX + 1;
	FAILS(store_client_put(world->store, &client, &a_note), E_LIMIT);
	client.n_grants--;
	client.n_secrets = MODEL_SECRETS_MAX + 1;
	FAILS(store_client_put(world->store, &client, &a_note), E_LIMIT);
	client.n_secrets--;
	OK(store_client_put(world->store, &client, &a_note));
	assert_int_equal(get_client(world, client.id).n_secrets, MODEL_SECRETS_MAX);
	assert_int_equal(get_client(world, client.id).n_grants, MODEL_SCOPES_MAX);
}

static void impossible(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 1);
	struct client_secret secret = a_secret(world, client.id, 1);
	struct signing_key key = a_key(world, 1, KEY_NEXT);
	struct audit_note early = a_note;
	client.kind = CLIENT_ACCOUNT; /* of no account */
	FAILS(store_client_put(world->store, &client, &a_note), E_SYNTAX);
	client.kind = CLIENT_SERVICE;
	client.account_id = STR("mma_1");
	FAILS(store_client_put(world->store, &client, &a_note), E_SYNTAX);
	client = a_client(world, 1);
	client.auth = (enum client_auth)99;
	FAILS(store_client_put(world->store, &client, &a_note), E_SYNTAX);
	client.auth = CLIENT_AUTH_ANY;
	client.expires_s = -1;
	FAILS(store_client_put(world->store, &client, &a_note), E_SYNTAX);
	client.expires_s = 0;
	OK(store_client_put(world->store, &client, &a_note));
	FAILS(store_secret_revoke(world->store, client.id, secret.id, 0, 0, &a_note), E_SYNTAX);
	FAILS(store_secret_regenerate(world->store, &secret, 0, UNTIL_S, &a_note), E_SYNTAX);
	secret.form = SECRET_CHOSEN; /* without a hash */
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_SYNTAX);
	secret.form = SECRET_GENERATED;
	secret.phc = STR("$argon2id$");
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_SYNTAX);
	key.sealed = STR("");
	FAILS(store_key_put(world->store, &key, &a_note), E_SYNTAX);
	key.sealed = run_of(MODEL_SEALED_MAX + 1);
	FAILS(store_key_put(world->store, &key, &a_note), E_LIMIT);
	early.now_s = -1;
	FAILS(store_audit_append(world->store, &early), E_SYNTAX);
	assert_int_equal(audit_count(world), 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(texts, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(longest_texts, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(longest_note, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(counts, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(impossible, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
