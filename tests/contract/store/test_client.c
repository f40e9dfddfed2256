/* Client verbs. */
#include "store_test.h"

static void same_row(struct client got, struct client want)
{
	expect_str(got.id, want.id);
	expect_str(got.account_id, want.account_id);
	expect_str(got.name, want.name);
	expect_str(got.default_api, want.default_api);
	assert_int_equal(got.kind, want.kind);
	assert_int_equal(got.auth, want.auth);
	assert_int_equal(got.disabled, want.disabled);
	assert_int_equal(got.expires_s, want.expires_s);
	assert_int_equal(got.lifetime_s, want.lifetime_s);
	assert_int_equal(got.epoch, want.epoch);
	assert_int_equal(got.created_s, want.created_s);
}

static void same(struct client got, struct client want)
{
	same_row(got, want);
	assert_int_equal(got.n_grants, want.n_grants);
	for (size_t i = 0; i < want.n_grants; i++) {
		expect_str(got.grants[i].api_id, want.grants[i].api_id);
		expect_str(got.grants[i].scope, want.grants[i].scope);
	}
	assert_int_equal(got.n_secrets, want.n_secrets);
	for (size_t i = 0; i < want.n_secrets; i++) {
		expect_str(got.secrets[i].client_id, want.id);
		expect_str(got.secrets[i].id, want.secrets[i].id);
		expect_str(got.secrets[i].phc, want.secrets[i].phc);
		expect_str(got.secrets[i].hint, want.secrets[i].hint);
		expect_str(got.secrets[i].label, want.secrets[i].label);
		assert_int_equal(got.secrets[i].form, want.secrets[i].form);
		assert_int_equal(got.secrets[i].created_s, want.secrets[i].created_s);
		assert_int_equal(got.secrets[i].expires_s, want.secrets[i].expires_s);
		if (want.secrets[i].form == SECRET_GENERATED)
			assert_memory_equal(got.secrets[i].sha256, want.secrets[i].sha256, 32);
	}
}

static void put_api(struct world *world, unsigned n)
{
	struct api api = an_api(world, n);
	OK(store_api_put(world->store, &api, &a_note));
}

static void absent(void **state)
{
	struct world *world = *state;
	struct client client = {.epoch = 77}, lost = a_client(world, 1), *list;
	size_t n = 7;
	FAILS(store_client_get(world->store, STR("mmc_x"), &world->arena, &client), E_ABSENT);
	FAILS(store_client_get(world->store, STR("a\0b"), &world->arena, &client), E_ABSENT);
	assert_int_equal(client.epoch, 77);
	FAILS(store_client_update(world->store, &lost, false, &a_note), E_ABSENT);
	FAILS(store_client_set_disabled(world->store, lost.id, true, UNTIL_S, &a_note), E_ABSENT);
	FAILS(store_client_delete(world->store, lost.id, UNTIL_S, &a_note), E_ABSENT);
	OK(store_client_list(world->store, &(struct store_client_range){.range.limit = 9}, &world->arena, &list, &n));
	assert_int_equal(n, 0);
	assert_int_equal(audit_count(world), 0);
}

/* What a client refers to must exist, and a put that fails leaves nothing behind. */
static void put_refers_to_nothing(void **state)
{
	struct world *world = *state;
	struct scope_grant lost_scope[] = {{STR(""), STR("openid")}, {STR("mmr_0001"), STR("nix")}};
	struct scope_grant lost_api[] = {{STR("mmr_0009"), STR("read")}};
	struct client client = a_client(world, 1), got;
	put_api(world, 1);
	client.default_api = STR("mmr_0009");
	FAILS(store_client_put(world->store, &client, &a_note), E_ABSENT);
	client.default_api = STR("");
	client.grants = lost_scope;
	client.n_grants = 2;
	FAILS(store_client_put(world->store, &client, &a_note), E_ABSENT);
	client.grants = lost_api;
	client.n_grants = 1;
	FAILS(store_client_put(world->store, &client, &a_note), E_ABSENT);
	client.n_grants = 0;
	client.kind = CLIENT_ACCOUNT;
	client.account_id = STR("mma_0001");
	FAILS(store_client_put(world->store, &client, &a_note), E_ABSENT);
	FAILS(store_client_get(world->store, client.id, &world->arena, &got), E_ABSENT);
	assert_int_equal(audit_count(world), 1);
}

static void put_and_get(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1);
	struct client want = a_client(world, 1), twice;
	struct client_secret secrets[] = {a_secret(world, want.id, 1), a_secret(world, want.id, 2)};
	struct scope_grant grants[] = {{STR(""), STR("email")},
				       {STR(""), STR("openid")},
				       {STR("mmr_0001"), STR("admin")},
				       {STR("mmr_0001"), STR("read")},
				       {STR("mmr_0002"), STR("read")}};
	struct scope_grant shuffled[] = {grants[4], grants[1], grants[3], grants[1], grants[0], grants[2], grants[4]};
	put_api(world, 1);
	put_api(world, 2);
	OK(store_account_put(world->store, &account, &a_note));
	want.kind = CLIENT_ACCOUNT;
	want.account_id = account.id;
	want.default_api = STR("mmr_0002");
	want.auth = CLIENT_AUTH_POST;
	want.expires_s = NOW_S + 99;
	want.secrets = secrets;
	want.n_secrets = 2;
	want.grants = shuffled;
	want.n_grants = COUNT(shuffled);
	OK(store_client_put(world->store, &want, &a_note));
	twice = want;
	want.grants = grants;
	want.n_grants = COUNT(grants);
	same(get_client(world, want.id), want);
	FAILS(store_client_put(world->store, &twice, &a_note), E_EXISTS);
	world_reopen(world);
	same(get_client(world, want.id), want);
	assert_int_equal(audit_count(world), 4);
}

static void secret_id_taken(void **state)
{
	struct world *world = *state;
	struct client one = a_client(world, 1), two = a_client(world, 2), got;
	struct client_secret secret = a_secret(world, one.id, 1);
	one.secrets = two.secrets = &secret;
	one.n_secrets = two.n_secrets = 1;
	OK(store_client_put(world->store, &one, &a_note));
	FAILS(store_client_put(world->store, &two, &a_note), E_EXISTS);
	FAILS(store_client_get(world->store, two.id, &world->arena, &got), E_ABSENT);
}

static void put_many_is_all_or_none(void **state)
{
	struct world *world = *state;
	struct client clients[3] = {a_client(world, 1), a_client(world, 2), a_client(world, 1)}, got;
	FAILS(store_client_put_many(world->store, clients, 3, &a_note), E_EXISTS);
	FAILS(store_client_get(world->store, clients[0].id, &world->arena, &got), E_ABSENT);
	FAILS(store_client_put_many(world->store, clients, 0, &a_note), E_SYNTAX);
	assert_int_equal(audit_count(world), 0);
	OK(store_client_put_many(world->store, clients, 2, &a_note));
	same(get_client(world, clients[1].id), clients[1]);
	assert_int_equal(audit_count(world), 1);
}

static unsigned walk(struct world *world, struct str account_id, unsigned limit)
{
	struct store_client_range range = {account_id, {.limit = limit}};
	struct client *list;
	unsigned seen = 0;
	size_t n;
	do {
		OK(store_client_list(world->store, &range, &world->arena, &list, &n));
		assert_true(n <= limit);
		for (size_t i = 0; i < n; i++) {
			assert_true(str_cmp(range.range.after, list[i].id) < 0);
			range.range.after = list[i].id;
			same_row(list[i], get_client(world, list[i].id));
			assert_null(list[i].secrets);
		}
		seen += (unsigned)n;
	} while (n == limit);
	return seen;
}

static void pages(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1);
	OK(store_account_put(world->store, &account, &a_note));
	for (unsigned i = 0; i < 23; i++) {
		struct client client = a_client(world, (i * 5) % 23);
		client.kind = i < 8 ? CLIENT_ACCOUNT : CLIENT_SERVICE;
		client.account_id = i < 8 ? account.id : STR("");
		OK(store_client_put(world->store, &client, &a_note));
	}
	assert_int_equal(walk(world, STR(""), 10), 23);
	assert_int_equal(walk(world, STR(""), 1000), 23);
	assert_int_equal(walk(world, account.id, 3), 8);
	assert_int_equal(walk(world, STR("mma_nobody"), 3), 0);
	const struct store_client_range none = {.range.limit = 0}, many = {.range.limit = 1001};
	FAILS(store_client_list(world->store, &none, &world->arena, NULL, NULL), E_LIMIT);
	FAILS(store_client_list(world->store, &many, &world->arena, NULL, NULL), E_LIMIT);
}

/* By time, of one account and of all, both ways. */
static void orders(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1);
	struct client *list;
	size_t n;
	OK(store_account_put(world->store, &account, &a_note));
	for (unsigned i = 0; i < 6; i++) {
		struct client client = a_client(world, i);
		client.created_s = 100 - i;
		client.kind = i % 2 ? CLIENT_ACCOUNT : CLIENT_SERVICE;
		client.account_id = i % 2 ? account.id : STR("");
		OK(store_client_put(world->store, &client, &a_note));
	}
	struct store_client_range range = {.range = {.limit = 9, .order = STORE_BY_TIME}};
	for (int owned = 0; owned < 2; owned++) {
		for (int descending = 0; descending < 2; descending++) {
			range.account_id = owned ? account.id : STR("");
			range.range.descending = descending;
			OK(store_client_list(world->store, &range, &world->arena, &list, &n));
			assert_int_equal(n, owned ? 3 : 6);
			for (size_t i = 1; i < n; i++)
				assert_true(descending ? list[i - 1].created_s > list[i].created_s
						       : list[i - 1].created_s < list[i].created_s);
			range.range.after = list[0].id;
			OK(store_client_list(world->store, &range, &world->arena, &list, &n));
			assert_int_equal(n, owned ? 2 : 5);
			range.range.after = STR("");
		}
	}
}

static void update(void **state)
{
	struct world *world = *state;
	struct scope_grant first[] = {{STR("mmr_0001"), STR("read")}}, second[] = {{STR(""), STR("roles")}},
			   lost[] = {{STR("mmr_0001"), STR("nix")}};
	struct client client = a_client(world, 1), change;
	put_api(world, 1);
	client.grants = first;
	client.n_grants = 1;
	OK(store_client_put(world->store, &client, &a_note));
	change = client;
	change.name = STR("new name");
	change.auth = CLIENT_AUTH_BASIC;
	change.expires_s = 5;
	change.lifetime_s = 7;
	change.default_api = STR("mmr_0001");
	change.grants = lost;
	FAILS(store_client_update(world->store, &change, true, &a_note), E_ABSENT);
	same(get_client(world, client.id), client);
	OK(store_client_update(world->store, &change, false, &a_note));
	change.grants = first;
	same(get_client(world, client.id), change);
	change.grants = second;
	change.default_api = STR("");
	OK(store_client_update(world->store, &change, true, &a_note));
	same(get_client(world, client.id), change);
	change.default_api = STR("mmr_0002");
	FAILS(store_client_update(world->store, &change, false, &a_note), E_ABSENT);
	assert_int_equal(audit_count(world), 4);
}

static void disabling_raises_the_epoch(void **state)
{
	static const struct {
		bool disabled;
		int64_t epoch, entries;
	} steps[] = {{false, 1, 1}, {true, 2, 2}, {true, 2, 2}, {false, 2, 3}, {true, 3, 4}};
	struct world *world = *state;
	struct client client = a_client(world, 1);
	OK(store_client_put(world->store, &client, &a_note));
	for (size_t i = 0; i < COUNT(steps); i++) {
		OK(store_client_set_disabled(world->store, client.id, steps[i].disabled, UNTIL_S, &a_note));
		client.disabled = steps[i].disabled;
		client.epoch = steps[i].epoch;
		same(get_client(world, client.id), client);
		assert_int_equal(audit_count(world), steps[i].entries);
	}
}

/* Who disabled it decides who may enable it. */
static void what_an_administrator_disabled_its_owner_can_not_enable(void **state)
{
	enum { OWNER = 1, ON = 2 };
	static const struct {
		unsigned how;
		int rc;
		bool disabled;
		unsigned held;
		int64_t epoch, entries;
	} steps[] = {
		{OWNER, 0, true, 0, 2, 2},            /* disabled by its owner */
		{OWNER | ON, 0, false, 0, 2, 3},      /* who enables it again */
		{0, 0, true, 1, 3, 4},                /* disabled by an administrator */
		{OWNER | ON, E_CONFLICT, true, 1, 3, 4},
		{OWNER, 0, true, 1, 3, 4},            /* disabling it once more changes nothing */
		{0, 0, true, 1, 3, 4},
		{OWNER | ON, E_CONFLICT, true, 1, 3, 4},
		{ON, 0, false, 0, 3, 5},
		{OWNER, 0, true, 0, 4, 6},
		{0, 0, true, 1, 4, 7},                /* both did: the administrator's word stands */
		{OWNER | ON, E_CONFLICT, true, 1, 4, 7},
		{ON, 0, false, 0, 4, 8},
	};
	struct world *world = *state;
	struct client client = a_client(world, 1), got;
	client.held = CLIENT_HELD_NETWORKS;
	OK(store_client_put(world->store, &client, &a_note));
	for (size_t i = 0; i < COUNT(steps); i++) {
		bool disabled = !(steps[i].how & ON);
		int rc = steps[i].how & OWNER ? store_client_set_disabled_own(world->store, client.id, disabled,
									      UNTIL_S, &a_note)
					      : store_client_set_disabled(world->store, client.id, disabled, UNTIL_S,
									  &a_note);
		FAILS(rc, steps[i].rc);
		got = get_client(world, client.id);
		assert_int_equal(got.disabled, steps[i].disabled);
		assert_int_equal(got.held, steps[i].held | CLIENT_HELD_NETWORKS);
		assert_int_equal(got.epoch, steps[i].epoch);
		assert_int_equal(audit_count(world), steps[i].entries);
	}
	FAILS(store_client_set_disabled_own(world->store, STR("mmc_x"), true, UNTIL_S, &a_note), E_ABSENT);
}

/* An update says what is held, except whether it is disabled: that is another verb's. */
static void held_is_kept(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 1);
	client.held = CLIENT_HELD_ALL + 1;
	FAILS(store_client_put(world->store, &client, &a_note), E_SYNTAX);
	client.held = CLIENT_HELD_SCOPES | CLIENT_HELD_DISABLED;
	OK(store_client_put(world->store, &client, &a_note));
	world_reopen(world);
	assert_int_equal(get_client(world, client.id).held, CLIENT_HELD_SCOPES | CLIENT_HELD_DISABLED);
	client.held = CLIENT_HELD_NETWORKS;
	OK(store_client_update(world->store, &client, false, &a_note));
	assert_int_equal(get_client(world, client.id).held, CLIENT_HELD_NETWORKS | CLIENT_HELD_DISABLED);
	OK(store_client_set_disabled(world->store, client.id, true, UNTIL_S, &a_note));
	OK(store_client_set_disabled(world->store, client.id, false, UNTIL_S, &a_note));
	client.held = CLIENT_HELD_ALL;
	OK(store_client_update(world->store, &client, true, &a_note));
	assert_int_equal(get_client(world, client.id).held, CLIENT_HELD_NETWORKS | CLIENT_HELD_SCOPES);
}

static int64_t imported(struct world *world)
{
	int64_t n = -1;
	OK(store_client_count_imported(world->store, &n));
	return n;
}

static void delete_takes_all(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 1), got;
	struct client_secret secret = a_secret(world, client.id, 1);
	struct scope_grant grant = {STR("mmr_0001"), STR("read")};
	put_api(world, 1);
	client.id = STR("legacy-id");
	client.secrets = &secret;
	client.grants = &grant;
	client.n_secrets = client.n_grants = 1;
	assert_int_equal(imported(world), 0);
	OK(store_client_put(world->store, &client, &a_note));
	FAILS(store_client_put(world->store, &client, &a_note), E_EXISTS);
	assert_int_equal(imported(world), 1);
	OK(store_client_delete(world->store, client.id, UNTIL_S, &a_note));
	assert_int_equal(imported(world), 0);
	FAILS(store_client_get(world->store, client.id, &world->arena, &got), E_ABSENT);
	FAILS(store_secret_revoke(world->store, client.id, secret.id, NOW_S, 0, &a_note), E_ABSENT);
	OK(store_client_put(world->store, &client, &a_note)); /* the ids are free again */
	client.id = STR("mmc_made-by-us");
	secret.id = STR("mmk_2");
	OK(store_client_put(world->store, &client, &a_note));
	assert_int_equal(imported(world), 1);
	world_reopen(world);
	assert_int_equal(imported(world), 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(absent, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_refers_to_nothing, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_and_get, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(secret_id_taken, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_many_is_all_or_none, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(pages, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(orders, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(update, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(disabling_raises_the_epoch, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(what_an_administrator_disabled_its_owner_can_not_enable, world_setup,
					world_teardown),
	cmocka_unit_test_setup_teardown(held_is_kept, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(delete_takes_all, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
