/* The fault sweep over accounts, clients, APIs, keys, audit and the feed; see fault_sweep.h. */
#include "fault_sweep.h"

#include <stdio.h>
#include <unistd.h>

enum { BASE = 5000 }; /* numbers below are the attempts' own */

static void nothing(struct world *world, unsigned n)
{
	(void)world;
	(void)n;
}

static void an_account_stands(struct world *world, unsigned n)
{
	struct account account = an_account(world, n);
	OK(store_account_put(world->store, &account, &a_note));
}

static void an_api_stands(struct world *world, unsigned n)
{
	struct api api = an_api(world, n);
	OK(store_api_put(world->store, &api, &a_note));
}

static struct client full_client(struct world *world, unsigned n)
{
	static struct scope_grant grants[] = {{STR(""), STR("openid")}, {STR("mmr_5000"), STR("read")}};
	struct client client = a_client(world, n);
	client.id = name_of(world, "imported-", n);
	client.default_api = STR("mmr_5000");
	client.grants = grants;
	client.n_grants = 2;
	client.n_secrets = 2;
	client.secrets = arena_array(&world->arena, 2, sizeof(struct client_secret));
	assert_non_null(client.secrets);
	client.secrets[0] = a_secret(world, client.id, 1);
	client.secrets[1] = a_secret(world, client.id, 2);
	return client;
}

static void a_client_stands(struct world *world, unsigned n)
{
	struct client client = full_client(world, n);
	OK(store_client_put(world->store, &client, &a_note));
}

static void a_key_stands(struct world *world, unsigned n)
{
	struct signing_key key = a_key(world, n, KEY_RETIRING);
	OK(store_key_put(world->store, &key, &a_note));
}

static int account_put(struct world *world, unsigned n)
{
	struct account account = an_account(world, n);
	return store_account_put(world->store, &account, &a_note);
}

static int account_set_roles(struct world *world, unsigned n)
{
	struct str roles[] = {STR("x"), STR("y")};
	return store_account_set_roles(world->store, name_of(world, "mma_", n), (struct str_list){roles, 2}, &a_note);
}

static int account_set_disabled(struct world *world, unsigned n)
{
	return store_account_set_disabled(world->store, name_of(world, "mma_", n), true, UNTIL_S, &a_note);
}

static int client_put(struct world *world, unsigned n)
{
	struct client client = full_client(world, n);
	return store_client_put(world->store, &client, &a_note);
}

static int client_put_many(struct world *world, unsigned n)
{
	struct client clients[] = {full_client(world, n), a_client(world, n)};
	return store_client_put_many(world->store, clients, 2, &a_note);
}

static int client_update(struct world *world, unsigned n)
{
	struct client client = full_client(world, n);
	client.name = STR("renamed");
	client.n_grants = 1;
	return store_client_update(world->store, &client, true, &a_note);
}

static int client_set_disabled(struct world *world, unsigned n)
{
	return store_client_set_disabled(world->store, name_of(world, "imported-", n), true, UNTIL_S, &a_note);
}

static int client_delete(struct world *world, unsigned n)
{
	return store_client_delete(world->store, name_of(world, "imported-", n), UNTIL_S, &a_note);
}

static int secret_add(struct world *world, unsigned n)
{
	struct client_secret secret = a_secret(world, name_of(world, "imported-", n), 3);
	return store_secret_add(world->store, &secret, 0, &a_note);
}

static int secret_revoke(struct world *world, unsigned n)
{
	struct client_secret secret = a_secret(world, name_of(world, "imported-", n), 1);
	return store_secret_revoke(world->store, secret.client_id, secret.id, NOW_S, 0, &a_note);
}

static int secret_regenerate(struct world *world, unsigned n)
{
	struct client_secret secret = a_secret(world, name_of(world, "imported-", n), 4);
	return store_secret_regenerate(world->store, &secret, NOW_S + 4, UNTIL_S, &a_note);
}

static int usage_flush(struct world *world, unsigned n)
{
	struct str client = name_of(world, "imported-", n);
	const struct usage_row rows[] = {{a_secret(world, client, 1).id, NOW_S, STR("::1"), 1},
					 {a_secret(world, client, 2).id, NOW_S, STR("::1"), 1}};
	return store_usage_flush(world->store, rows, 2);
}

static int api_put(struct world *world, unsigned n)
{
	struct api api = an_api(world, n);
	return store_api_put(world->store, &api, &a_note);
}

static int api_update(struct world *world, unsigned n)
{
	struct api api = an_api(world, n);
	api.n_scopes = 2;
	api.name = STR("renamed");
	return store_api_update(world->store, &api, false, &a_note);
}

static int api_delete(struct world *world, unsigned n)
{
	return store_api_delete(world->store, name_of(world, "mmr_", n), &a_note);
}

static int key_put(struct world *world, unsigned n)
{
	struct signing_key key = a_key(world, n, KEY_NEXT);
	return store_key_put(world->store, &key, &a_note);
}

static int key_advance(struct world *world, unsigned n)
{
	const struct key_move move = {name_of(world, "kid", n), KEY_RETIRING, KEY_GONE};
	return store_key_advance(world->store, &move, 1, NOW_S, &a_note);
}

static int audit_append(struct world *world, unsigned n)
{
	(void)n;
	return store_audit_append(world->store, &a_note);
}

static void a_server_stands(struct world *world, unsigned n)
{
	a_client_stands(world, n);
	an_api_stands(world, n);
}

static int api_update_servers(struct world *world, unsigned n)
{
	struct str servers[] = {name_of(world, "imported-", n)};
	struct api api = an_api(world, n);
	api.servers = (struct str_list){servers, 1};
	return store_api_update(world->store, &api, true, &a_note);
}

static int revocation_put_jti(struct world *world, unsigned n)
{
	const struct revocation token = {.id = name_of(world, "jti-", n), .owner = STR("mmc_one"), .until_s = UNTIL_S};
	return store_revocation_put_jti(world->store, &token, &a_note);
}

static void a_revocation_stands(struct world *world, unsigned n) { OK(revocation_put_jti(world, n)); }

static int revocation_sweep(struct world *world, unsigned n)
{
	(void)n;
	return store_revocation_sweep(world->store, UNTIL_S);
}

static int secret_add_and_end(struct world *world, unsigned n)
{
	struct client_secret secret = a_secret(world, name_of(world, "imported-", n), 3);
	return store_secret_add(world->store, &secret, UNTIL_S, &a_note);
}

static const struct verb verbs[] = {
	{"account_put", nothing, account_put},
	{"account_set_roles", an_account_stands, account_set_roles},
	{"account_set_disabled", an_account_stands, account_set_disabled},
	{"client_put", nothing, client_put},
	{"client_put_many", nothing, client_put_many},
	{"client_update", a_client_stands, client_update},
	{"client_set_disabled", a_client_stands, client_set_disabled},
	{"client_delete", a_client_stands, client_delete},
	{"secret_add", a_client_stands, secret_add},
	{"secret_revoke", a_client_stands, secret_revoke},
	{"secret_regenerate", a_client_stands, secret_regenerate},
	{"usage_flush", a_client_stands, usage_flush},
	{"api_put", nothing, api_put},
	{"api_update", an_api_stands, api_update},
	{"api_update_servers", a_server_stands, api_update_servers},
	{"revocation_put_jti", nothing, revocation_put_jti},
	{"revocation_sweep", a_revocation_stands, revocation_sweep},
	{"secret_add_and_end", a_client_stands, secret_add_and_end},
	{"api_delete", an_api_stands, api_delete},
	{"key_put", nothing, key_put},
	{"key_advance", a_key_stands, key_advance},
	{"audit_append", nothing, audit_append},
};

static void base(struct world *world) { an_api_stands(world, BASE); }

static const struct sweep sweep = {verbs, COUNT(verbs), world_setup, base};

static void store_fails(void **state) { fault_sweep(&sweep, state, FAULT_STORE); }

static void memory_fails(void **state) { fault_sweep(&sweep, state, FAULT_ALLOC); }

/* Each failure of an open leaves a file that the next one can open. */
static void open_fails(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_STORE, FAULT_ALLOC};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		bool reached = true;
		for (unsigned n = 1; reached; n = fault_sweep_step(n)) {
			struct world *world = *state;
			store_close(world->store);
			world->store = NULL;
			unlink(world->path);
			fault_arm(kinds[i], n);
			int rc = world_open(world);
			reached = fault_reached(kinds[i]);
			fault_arm(kinds[i], 0);
			assert_true(rc == 0 || (reached && (rc == E_STORE || rc == E_NOMEM)));
			if (rc < 0)
				OK(world_open(world));
			OK(store_probe(world->store));
			assert_int_equal(audit_count(world), 0);
		}
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(store_fails, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(memory_fails, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(open_fails, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	fault_sweep_inside_sqlite();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
