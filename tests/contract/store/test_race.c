/* Eight threads at the same thing: compare-and-swap has one winner, limits hold, one sync carries many verbs. */
#include "racer.h"

enum { ROUNDS = 50 };

static void swap_keys(struct racer *racer)
{
	count(racer, store_key_advance(racer->world->store, racer->args, 2, NOW_S + 1 + racer->number, &a_note));
}

static void one_wins_the_key(void **state)
{
	struct world *world = *state;
	struct signing_key *keys;
	size_t n;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct signing_key old = a_key(world, 2 * round, KEY_ACTIVE),
				   new = a_key(world, 2 * round + 1, KEY_NEXT);
		const struct key_move moves[] = {{old.kid, KEY_ACTIVE, KEY_RETIRING}, {new.kid, KEY_NEXT, KEY_ACTIVE}};
		OK(store_key_put(world->store, &old, &a_note));
		OK(store_key_put(world->store, &new, &a_note));
		struct racer sum = race(world, swap_keys, moves, E_CONFLICT);
		assert_int_equal(sum.won, 1);
		assert_int_equal(sum.refused, RACERS - 1);
	}
	OK(store_key_list(world->store, true, &world->arena, &keys, &n));
	assert_int_equal(n, 2 * ROUNDS);
	for (size_t i = 0; i < n; i += 2)
		assert_int_equal(keys[i].retiring_s, keys[i + 1].active_s);
	assert_int_equal(audit_count(world), 3 * ROUNDS);
}

/* What the racers of a secret race use: made before, since an arena has one owner. */
struct supply {
	struct str client;
	struct client_secret secrets[RACERS][MODEL_SECRETS_MAX];
};

static void add_secrets(struct racer *racer)
{
	const struct supply *supply = racer->args;
	for (unsigned i = 0; i < MODEL_SECRETS_MAX / 4; i++)
		count(racer, store_secret_add(racer->world->store, &supply->secrets[racer->number][i], 0, &a_note));
}

static void regenerate(struct racer *racer)
{
	const struct supply *supply = racer->args;
	const struct client_secret *secret = &supply->secrets[racer->number][0];
	count(racer, store_secret_regenerate(racer->world->store, secret, NOW_S + 9, UNTIL_S, &a_note));
}

static struct supply *make_supply(struct world *world, unsigned round)
{
	struct supply *supply = arena_alloc(&world->arena, sizeof(*supply));
	struct client client = a_client(world, round);
	assert_non_null(supply);
	OK(store_client_put(world->store, &client, &a_note));
	supply->client = client.id;
	for (unsigned i = 0; i < RACERS; i++) {
		for (unsigned j = 0; j < MODEL_SECRETS_MAX; j++) {
			supply->secrets[i][j] = a_secret(world, client.id, i * MODEL_SECRETS_MAX + j);
			supply->secrets[i][j].created_s = NOW_S;
		}
	}
	return supply;
}

static void the_limit_of_secrets_holds(void **state)
{
	struct world *world = *state;
	for (unsigned round = 0; round < 5; round++) {
		struct supply *supply = make_supply(world, round);
		struct racer sum = race(world, add_secrets, supply, E_LIMIT);
		assert_int_equal(sum.won, MODEL_SECRETS_MAX);
		assert_int_equal(sum.won + sum.refused, RACERS * (MODEL_SECRETS_MAX / 4));
		assert_int_equal(get_client(world, supply->client).n_secrets, MODEL_SECRETS_MAX);
	}
}

static void one_secret_survives_regeneration(void **state)
{
	struct world *world = *state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round);
		unsigned living = 0;
		struct racer sum = race(world, regenerate, supply, 1);
		struct client client = get_client(world, supply->client);
		assert_int_equal(sum.won, RACERS);
		assert_int_equal(client.n_secrets, RACERS);
		assert_int_equal(client.epoch, 1 + RACERS);
		for (size_t i = 0; i < client.n_secrets; i++)
			living += client.secrets[i].revoked_s == 0;
		assert_int_equal(living, 1);
	}
}

static void append_often(struct racer *racer)
{
	for (unsigned i = 0; i < 100; i++)
		count(racer, store_audit_append(racer->world->store, &a_note));
}

static void one_sync_carries_many(void **state)
{
	struct world *world = *state;
	struct store_stats before, after;
	store_stats(world->store, &before);
	assert_int_equal(race(world, append_often, NULL, 1).won, RACERS * 100);
	store_stats(world->store, &after);
	uint64_t writes = after.writes - before.writes, commits = after.commits - before.commits;
	assert_int_equal(writes, RACERS * 100);
	assert_true(commits > 0 && after.failures == 0);
	if (world_is_sqlite())
		assert_true(commits * 3 < writes);
	assert_int_equal(audit_count(world), RACERS * 100);
}

static void regenerate_or_read(struct racer *racer)
{
	const struct supply *supply = racer->args;
	struct arena arena;
	struct client client;
	arena_init(&arena, 1 << 20);
	for (unsigned i = 0; i < MODEL_SECRETS_MAX; i++) {
		const struct client_secret *secret = &supply->secrets[racer->number][i];
		unsigned living = 0;
		if (racer->number < 2) {
			count(racer, store_secret_regenerate(racer->world->store, secret, NOW_S + 9, UNTIL_S, &a_note));
			continue;
		}
		count(racer, store_client_get(racer->world->store, supply->client, &arena, &client));
		for (size_t j = 0; j < client.n_secrets; j++)
			living += client.secrets[j].revoked_s == 0;
		if (living != (client.epoch > 1))
			racer->other = E_INTERNAL;
		arena_reset(&arena);
	}
	arena_done(&arena);
}

/* More threads than reader connections, and writers beside them: never two living secrets, never none. */
static void readers_see_whole_changes(void **state)
{
	struct world *world = *state;
	struct supply *supply = make_supply(world, 1);
	assert_int_equal(race(world, regenerate_or_read, supply, 1).won, RACERS * MODEL_SECRETS_MAX);
}

static void append_or_verify(struct racer *racer)
{
	int64_t n;
	for (unsigned i = 0; i < 150; i++) {
		if (racer->number < 4)
			count(racer, store_audit_append(racer->world->store, &a_note));
		else
			count(racer, store_audit_verify(racer->world->store, &n));
	}
}

/* The chain and its head are read as of one moment. */
static void the_chain_holds_while_it_grows(void **state)
{
	struct world *world = *state;
	assert_int_equal(race(world, append_or_verify, NULL, 1).won, RACERS * 150);
	assert_int_equal(audit_count(world), 4 * 150);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(one_wins_the_key, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(the_limit_of_secrets_holds, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_secret_survives_regeneration, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_sync_carries_many, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(readers_see_whole_changes, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(the_chain_holds_while_it_grows, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
