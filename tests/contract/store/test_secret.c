/* Secret verbs: several per client, rotation, regeneration, use counts (CC-25: overlap while rotating, none after). */
#include "store_test.h"

static struct client put_client(struct world *world, const char *id)
{
	struct client client = a_client(world, 1);
	client.id = str_of(id);
	OK(store_client_put(world->store, &client, &a_note));
	return client;
}

static struct client_secret chosen(struct world *world, struct str client, unsigned n)
{
	struct client_secret secret = a_secret(world, client, n);
	secret.form = SECRET_CHOSEN;
	secret.phc = STR("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
	secret.hint = STR("");
	return secret;
}

static void absent(void **state)
{
	struct world *world = *state;
	struct client_secret secret = a_secret(world, STR("mmc_none"), 1);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_ABSENT);
	FAILS(store_secret_regenerate(world->store, &secret, NOW_S, UNTIL_S, &a_note), E_ABSENT);
	FAILS(store_secret_revoke(world->store, STR("mmc_none"), secret.id, NOW_S, 0, &a_note), E_ABSENT);
	put_client(world, "mmc_one");
	FAILS(store_secret_revoke(world->store, STR("mmc_one"), secret.id, NOW_S, 0, &a_note), E_ABSENT);
	assert_int_equal(audit_count(world), 1);
}

static void revoke_is_of_this_client_only(void **state)
{
	struct world *world = *state;
	struct client one = put_client(world, "mmc_one"), two = put_client(world, "mmc_two");
	struct client_secret secret = a_secret(world, one.id, 1);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	FAILS(store_secret_revoke(world->store, two.id, secret.id, NOW_S + 5, 0, &a_note), E_ABSENT);
	assert_int_equal(get_client(world, one.id).secrets[0].revoked_s, 0);
	OK(store_secret_revoke(world->store, one.id, secret.id, NOW_S + 5, 0, &a_note));
	assert_int_equal(audit_count(world), 4);
	OK(store_secret_revoke(world->store, one.id, secret.id, NOW_S + 9, 0, &a_note));
	assert_int_equal(get_client(world, one.id).secrets[0].revoked_s, NOW_S + 5);
	assert_int_equal(get_client(world, one.id).epoch, 1);
	assert_int_equal(audit_count(world), 4);
}

static void at_most_so_many_living(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one");
	struct client_secret secret;
	for (unsigned i = 0; i < MODEL_SECRETS_MAX; i++) {
		secret = a_secret(world, client.id, i);
		secret.expires_s = i == 0 ? NOW_S + 100 : 0;
		OK(store_secret_add(world->store, &secret, 0, &a_note));
	}
	secret = a_secret(world, client.id, 40);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_LIMIT);
	assert_int_equal(get_client(world, client.id).n_secrets, MODEL_SECRETS_MAX);
	secret = a_secret(world, client.id, 100); /* the first one has just expired */
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	secret = a_secret(world, client.id, 101);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_LIMIT);
	OK(store_secret_revoke(world->store, client.id, get_client(world, client.id).secrets[1].id, NOW_S, 0, &a_note));
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	assert_int_equal(get_client(world, client.id).n_secrets, MODEL_SECRETS_MAX + 2);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_LIMIT);
}

static void id_taken(void **state)
{
	struct world *world = *state;
	struct client one = put_client(world, "mmc_one"), two = put_client(world, "mmc_two");
	struct client_secret secret = a_secret(world, one.id, 1), other = secret;
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_EXISTS);
	other.client_id = two.id;
	FAILS(store_secret_add(world->store, &other, 0, &a_note), E_EXISTS);
	other.created_s++;
	FAILS(store_secret_regenerate(world->store, &other, NOW_S, UNTIL_S, &a_note), E_EXISTS);
	assert_int_equal(get_client(world, two.id).epoch, 1);
	assert_int_equal(get_client(world, two.id).n_secrets, 0);
	assert_int_equal(audit_count(world), 3);
}

static void one_chosen_for_imported_clients(void **state)
{
	struct world *world = *state;
	struct client ours = put_client(world, "mmc_one"), imported = put_client(world, "legacy");
	struct client_secret secret = chosen(world, ours.id, 1);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_CONFLICT);
	FAILS(store_secret_regenerate(world->store, &secret, NOW_S, UNTIL_S, &a_note), E_CONFLICT);
	assert_int_equal(get_client(world, ours.id).epoch, 1);
	secret = chosen(world, imported.id, 1);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	expect_str(get_client(world, imported.id).secrets[0].phc, secret.phc);
	assert_int_equal(get_client(world, imported.id).secrets[0].form, SECRET_CHOSEN);
	secret = chosen(world, imported.id, 2);
	FAILS(store_secret_add(world->store, &secret, 0, &a_note), E_CONFLICT);
	OK(store_secret_regenerate(world->store, &secret, NOW_S, UNTIL_S, &a_note)); /* the first one is dead by then */
	assert_int_equal(get_client(world, imported.id).n_secrets, 2);
	secret = a_secret(world, imported.id, 3);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
}

static void put_checks_chosen_too(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 1);
	struct client_secret secrets[] = {chosen(world, client.id, 1), chosen(world, client.id, 2)};
	client.secrets = secrets;
	client.n_secrets = 1;
	FAILS(store_client_put(world->store, &client, &a_note), E_CONFLICT);
	client.id = STR("legacy");
	client.n_secrets = 2;
	FAILS(store_client_put(world->store, &client, &a_note), E_CONFLICT);
	client.n_secrets = 1;
	OK(store_client_put(world->store, &client, &a_note));
}

static void regenerate_kills_all(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one"), got;
	struct client_secret secret;
	for (unsigned i = 0; i < MODEL_SECRETS_MAX; i++) {
		secret = a_secret(world, client.id, i);
		OK(store_secret_add(world->store, &secret, 0, &a_note));
	}
	OK(store_secret_revoke(world->store, client.id, get_client(world, client.id).secrets[0].id, NOW_S + 50, 0,
			       &a_note));
	secret = a_secret(world, client.id, 200);
	OK(store_secret_regenerate(world->store, &secret, NOW_S + 200, UNTIL_S, &a_note));
	got = get_client(world, client.id);
	assert_int_equal(got.epoch, client.epoch + 1);
	assert_int_equal(got.n_secrets, MODEL_SECRETS_MAX + 1);
	for (size_t i = 0; i < MODEL_SECRETS_MAX; i++)
		assert_int_equal(got.secrets[i].revoked_s, NOW_S + (i == 0 ? 50 : 200));
	expect_str(got.secrets[MODEL_SECRETS_MAX].id, secret.id);
	assert_int_equal(got.secrets[MODEL_SECRETS_MAX].revoked_s, 0);
}

/* Of the others those that live longer end then; the rest stays as it is. */
static void a_rotation_ends_the_others_later(void **state)
{
	static const int64_t ends_s[] = {0, 500, 50, 2000}, wanted_s[] = {1000, 500, 50, 1000};
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one"), got;
	struct client_secret secret;
	for (unsigned i = 0; i < COUNT(ends_s); i++) {
		secret = a_secret(world, client.id, i);
		secret.expires_s = ends_s[i] ? NOW_S + ends_s[i] : 0;
		OK(store_secret_add(world->store, &secret, 0, &a_note));
	}
	OK(store_secret_revoke(world->store, client.id, get_client(world, client.id).secrets[3].id, NOW_S, 0, &a_note));
	secret = a_secret(world, STR("mmc_none"), 100);
	const struct secret_terms terms = {0, NOW_S + 1000}, dying = {UNTIL_S, 0}, wrong = {0, -1};
	FAILS(store_secret_rotate(world->store, &secret, &terms, &a_note), E_ABSENT);
	secret = a_secret(world, client.id, 100); /* the third has expired by now */
	FAILS(store_secret_rotate(world->store, &secret, &wrong, &a_note), E_SYNTAX);
	OK(store_secret_rotate(world->store, &secret, &terms, &a_note));
	world_reopen(world);
	got = get_client(world, client.id);
	assert_int_equal(got.n_secrets, COUNT(ends_s) + 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(got.secrets[i].expires_s, NOW_S + wanted_s[i]);
	assert_int_equal(got.secrets[3].expires_s, NOW_S + 2000); /* revoked: nothing to end */
	assert_int_equal(got.secrets[4].expires_s, secret.expires_s);
	assert_int_equal(got.epoch, client.epoch);
	secret = a_secret(world, client.id, 101);
	OK(store_secret_rotate(world->store, &secret, &dying, &a_note));
	assert_int_equal(get_client(world, client.id).epoch, client.epoch + 1);
}

static void the_dead_are_forgotten_oldest_first(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one"), got;
	struct client_secret secret;
	for (unsigned i = 0; i < 3 * MODEL_SECRETS_DEAD_MAX; i++) {
		secret = a_secret(world, client.id, i);
		OK(store_secret_regenerate(world->store, &secret, NOW_S + i, UNTIL_S, &a_note));
	}
	got = get_client(world, client.id);
	assert_int_equal(got.n_secrets, MODEL_SECRETS_DEAD_MAX + 1);
	assert_int_equal(got.secrets[0].created_s, NOW_S + 2 * MODEL_SECRETS_DEAD_MAX - 1);
	assert_int_equal(got.secrets[MODEL_SECRETS_DEAD_MAX].revoked_s, 0);
	assert_int_equal(got.epoch, 1 + 3 * MODEL_SECRETS_DEAD_MAX);
}

static void usage(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one"), got;
	struct client_secret one = a_secret(world, client.id, 1), two = a_secret(world, client.id, 2);
	OK(store_secret_add(world->store, &one, 0, &a_note));
	OK(store_secret_add(world->store, &two, 0, &a_note));
	const struct usage_row rows[] = {
		{one.id, NOW_S + 10, STR("10.0.0.1"), 3},
		{STR("mmk_gone"), NOW_S + 10, STR("10.0.0.9"), 1},
		{two.id, NOW_S + 11, STR("2001:db8::1"), 1},
		{one.id, NOW_S + 5, STR("10.0.0.2"), 2}, /* late: counts, but is not the last use */
	};
	OK(store_usage_flush(world->store, NULL, 0));
	OK(store_usage_flush(world->store, rows, COUNT(rows)));
	got = get_client(world, client.id);
	assert_int_equal(got.secrets[0].use_count, 5);
	assert_int_equal(got.secrets[0].last_used_s, NOW_S + 10);
	IS(got.secrets[0].last_used_addr, "10.0.0.1");
	assert_int_equal(got.secrets[1].use_count, 1);
	IS(got.secrets[1].last_used_addr, "2001:db8::1");
	OK(store_usage_flush(world->store, rows, 1));
	world_reopen(world);
	assert_int_equal(get_client(world, client.id).secrets[0].use_count, 8);
	assert_int_equal(audit_count(world), 3);
}

static void found_by_hash(void **state)
{
	struct world *world = *state;
	struct client one = put_client(world, "mmc_one");
	struct client_secret secret = a_secret(world, one.id, 1), found = {0};
	struct client_secret word = chosen(world, put_client(world, "legacy").id, 2);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	OK(store_secret_add(world->store, &word, 0, &a_note));
	OK(store_secret_find(world->store, secret.sha256, &world->arena, &found));
	assert_true(str_eq(found.client_id, one.id) && str_eq(found.id, secret.id) && found.revoked_s == 0);
	OK(store_secret_revoke(world->store, one.id, secret.id, NOW_S + 5, 0, &a_note));
	world_reopen(world);
	OK(store_secret_find(world->store, secret.sha256, &world->arena, &found));
	assert_int_equal(found.revoked_s, NOW_S + 5);
	static const unsigned char nothing[32];
	FAILS(store_secret_find(world->store, nothing, &world->arena, &found), E_ABSENT);
	secret.sha256[31] ^= 1;
	FAILS(store_secret_find(world->store, secret.sha256, &world->arena, &found), E_ABSENT);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(found_by_hash, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(absent, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(revoke_is_of_this_client_only, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(at_most_so_many_living, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(id_taken, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_chosen_for_imported_clients, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_checks_chosen_too, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(regenerate_kills_all, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(a_rotation_ends_the_others_later, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(the_dead_are_forgotten_oldest_first, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(usage, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
