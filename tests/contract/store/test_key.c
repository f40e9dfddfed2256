/* Signing key verbs. */
#include "store_test.h"

static struct signing_key *list(struct world *world, bool with_gone, size_t want_n)
{
	struct signing_key *keys = NULL;
	size_t n = 999;
	OK(store_key_list(world->store, with_gone, &world->arena, &keys, &n));
	assert_int_equal(n, want_n);
	return keys;
}

static void put_and_list(void **state)
{
	struct world *world = *state;
	struct signing_key late = a_key(world, 2, KEY_ACTIVE), early = a_key(world, 1, KEY_NEXT), *keys;
	struct signing_key gone = a_key(world, 3, KEY_GONE);
	list(world, true, 0);
	OK(store_key_put(world->store, &late, &a_note));
	OK(store_key_put(world->store, &early, &a_note));
	OK(store_key_put(world->store, &gone, &a_note));
	FAILS(store_key_put(world->store, &early, &a_note), E_EXISTS);
	world_reopen(world);
	list(world, true, 3);
	keys = list(world, false, 2);
	expect_str(keys[0].kid, early.kid);
	expect_str(keys[1].kid, late.kid);
	expect_str(keys[1].sealed, late.sealed);
	expect_str(keys[1].public_jwk, late.public_jwk);
	expect_str(keys[1].alg, late.alg);
	assert_int_equal(keys[1].state, KEY_ACTIVE);
	assert_int_equal(keys[1].created_s, late.created_s);
	assert_int_equal(keys[1].active_s, late.active_s);
	assert_int_equal(audit_count(world), 3);
}

static void advance_refuses(void **state)
{
	struct world *world = *state;
	struct signing_key one = a_key(world, 1, KEY_ACTIVE), two = a_key(world, 2, KEY_NEXT), *keys;
	const struct {
		struct key_move moves[2];
		int want;
	} rows[] = {
		{{{two.kid, KEY_NEXT, KEY_ACTIVE}, {one.kid, KEY_NEXT, KEY_ACTIVE}}, E_CONFLICT},
		{{{two.kid, KEY_NEXT, KEY_ACTIVE}, {STR("nobody"), KEY_NEXT, KEY_ACTIVE}}, E_CONFLICT},
		{{{two.kid, KEY_NEXT, KEY_ACTIVE}, {two.kid, KEY_NEXT, KEY_ACTIVE}}, E_CONFLICT},
		{{{two.kid, KEY_NEXT, KEY_ACTIVE}, {one.kid, KEY_ACTIVE, KEY_NEXT}}, E_SYNTAX},
		{{{two.kid, KEY_NEXT, KEY_ACTIVE}, {one.kid, KEY_ACTIVE, KEY_ACTIVE}}, E_SYNTAX},
	};
	OK(store_key_put(world->store, &one, &a_note));
	OK(store_key_put(world->store, &two, &a_note));
	for (size_t i = 0; i < COUNT(rows); i++)
		FAILS(store_key_advance(world->store, rows[i].moves, 2, NOW_S + 50, &a_note), rows[i].want);
	FAILS(store_key_advance(world->store, rows[0].moves, 0, NOW_S, &a_note), E_SYNTAX);
	FAILS(store_key_advance(world->store, rows[0].moves, 1, 0, &a_note), E_SYNTAX);
	keys = list(world, true, 2);
	assert_int_equal(keys[0].state, KEY_ACTIVE);
	assert_int_equal(keys[1].state, KEY_NEXT);
	assert_int_equal(keys[1].active_s, 0);
	assert_int_equal(audit_count(world), 2);
}

static void whole_life(void **state)
{
	struct world *world = *state;
	struct signing_key one = a_key(world, 1, KEY_ACTIVE), two = a_key(world, 2, KEY_NEXT), *keys;
	const struct key_move swap[] = {{one.kid, KEY_ACTIVE, KEY_RETIRING}, {two.kid, KEY_NEXT, KEY_ACTIVE}};
	const struct key_move end[] = {{one.kid, KEY_RETIRING, KEY_GONE}};
	OK(store_key_put(world->store, &one, &a_note));
	OK(store_key_put(world->store, &two, &a_note));
	OK(store_key_advance(world->store, swap, 2, NOW_S + 50, &a_note));
	keys = list(world, false, 2);
	assert_int_equal(keys[0].state, KEY_RETIRING);
	assert_int_equal(keys[0].retiring_s, NOW_S + 50);
	assert_int_equal(keys[0].active_s, one.active_s);
	assert_int_equal(keys[1].state, KEY_ACTIVE);
	assert_int_equal(keys[1].active_s, NOW_S + 50);
	expect_str(keys[0].sealed, one.sealed);
	OK(store_key_advance(world->store, end, 1, NOW_S + 90, &a_note));
	list(world, false, 1);
	keys = list(world, true, 2);
	assert_int_equal(keys[0].state, KEY_GONE);
	assert_int_equal(keys[0].gone_s, NOW_S + 90);
	assert_int_equal(keys[0].sealed.len, 0);
	FAILS(store_key_advance(world->store, end, 1, NOW_S + 91, &a_note), E_CONFLICT);
	assert_int_equal(audit_count(world), 4);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(put_and_list, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(advance_refuses, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(whole_life, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
