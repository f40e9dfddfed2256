/*
 * The fault sweep: for each write verb the first, second, third ... failure point fails until the verb passes
 * untouched. After each failure the store holds exactly what it held before; the sanitizers see to leaks. On
 * SQLite the allocations inside the library are such points too.
 */
#include "store_test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "dump.h"

static sqlite3_mem_methods real_memory;

static void *alloc_or_fail(int size) { return fault_hit(FAULT_ALLOC) ? NULL : real_memory.xMalloc(size); }

static void *realloc_or_fail(void *p, int size)
{
	return fault_hit(FAULT_ALLOC) ? NULL : real_memory.xRealloc(p, size);
}

static void fail_inside_sqlite(void)
{
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
	sqlite3_mem_methods ours = real_memory;
	ours.xMalloc = alloc_or_fail;
	ours.xRealloc = realloc_or_fail;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

/* n numbers the attempts. Each makes its own objects, so the sweep goes on after a failure that the verb survived. */
struct verb {
	const char *name;
	void (*prepare)(struct world *world, unsigned n);
	int (*act)(struct world *world, unsigned n);
};

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

static void snapshot(struct world *world, struct buf *out)
{
	buf_done(out);
	buf_init(out, 16 << 20);
	dump_store(world->store, out);
}

/* True when the N-th point was not reached any more. */
static bool attempt(struct world *world, const struct verb *verb, enum fault_kind kind, unsigned n)
{
	struct buf before = {0}, after = {0};
	OK(store_probe(world->store)); /* recovers from the last failure, so that only the verb itself is swept */
	verb->prepare(world, n);
	snapshot(world, &before);
	fault_arm(kind, n);
	int rc = verb->act(world, n);
	bool reached = fault_reached(kind);
	fault_arm(kind, 0);
	snapshot(world, &after);
	bool same = str_eq(buf_str(&before), buf_str(&after));
	if (same != (rc < 0) || (rc < 0 && rc != E_STORE && rc != E_NOMEM) || (!reached && rc != 0))
		fail_msg("%s: point %u of kind %d gave %d, and the store %s", verb->name, n, kind, rc,
			 same ? "is as before" : "changed");
	buf_done(&before);
	buf_done(&after);
	return !reached;
}

/* SQLite allocates hundreds of times per verb: the first ones all, further on about each fifth part more. */
static unsigned step(unsigned n) { return n < 20 ? n + 1 : n + 1 + n / 5; }

static void sweep(struct world **world, void **state, enum fault_kind kind)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		unsigned n = 1;
		an_api_stands(*world, BASE);
		while (!attempt(*world, &verbs[i], kind, n)) {
			n = step(n);
			assert_true(n < 5000);
		}
		assert_true(n > 1);
		world_teardown(state);
		assert_int_equal(world_setup(state), 0);
		*world = *state;
	}
}

static void store_fails(void **state)
{
	struct world *world = *state;
	sweep(&world, state, FAULT_STORE);
}

static void memory_fails(void **state)
{
	struct world *world = *state;
	sweep(&world, state, FAULT_ALLOC);
}

/* Each failure of an open leaves a file that the next one can open. */
static void open_fails(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_STORE, FAULT_ALLOC};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		bool reached = true;
		for (unsigned n = 1; reached; n = step(n)) {
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
	fail_inside_sqlite();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
