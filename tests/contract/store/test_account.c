/* Account verbs. */
#include "store_test.h"

static void same(struct account got, struct account want)
{
	expect_str(got.id, want.id);
	expect_str(got.email, want.email);
	expect_str(got.name, want.name);
	assert_int_equal(got.email_verified, want.email_verified);
	assert_int_equal(got.disabled, want.disabled);
	assert_int_equal(got.epoch, want.epoch);
	assert_int_equal(got.created_s, want.created_s);
	assert_int_equal(got.roles.n, want.roles.n);
	for (size_t i = 0; i < want.roles.n; i++)
		expect_str(got.roles.v[i], want.roles.v[i]);
}

static void absent(void **state)
{
	struct world *world = *state;
	struct account account = {.epoch = 77}, *list;
	size_t n = 5;
	FAILS(store_account_get(world->store, STR("mma_x"), false, &world->arena, &account), E_ABSENT);
	FAILS(store_account_get(world->store, STR("a@b"), true, &world->arena, &account), E_ABSENT);
	FAILS(store_account_get(world->store, STR(""), false, &world->arena, &account), E_ABSENT);
	FAILS(store_account_get(world->store, STR("\xff"), false, &world->arena, &account), E_ABSENT);
	assert_int_equal(account.epoch, 77);
	FAILS(store_account_set_roles(world->store, STR("mma_x"), (struct str_list){0}, &a_note), E_ABSENT);
	FAILS(store_account_set_disabled(world->store, STR("mma_x"), true, UNTIL_S, &a_note), E_ABSENT);
	OK(store_account_list(world->store, STR(""), 10, &world->arena, &list, &n));
	assert_int_equal(n, 0);
	assert_int_equal(audit_count(world), 0);
}

static void put_and_get(void **state)
{
	struct world *world = *state;
	struct account want = an_account(world, 1), got;
	OK(store_account_put(world->store, &want, &a_note));
	same(get_account(world, want.id), want);
	OK(store_account_get(world->store, want.email, true, &world->arena, &got));
	same(got, want);
	assert_int_equal(audit_count(world), 1);
	world_reopen(world);
	same(get_account(world, want.id), want);
}

static void taken(void **state)
{
	struct world *world = *state;
	struct account first = an_account(world, 1), second = an_account(world, 2), third = an_account(world, 3);
	OK(store_account_put(world->store, &first, &a_note));
	second.id = first.id;
	FAILS(store_account_put(world->store, &second, &a_note), E_EXISTS);
	third.email = first.email;
	FAILS(store_account_put(world->store, &third, &a_note), E_EXISTS);
	FAILS(store_account_get(world->store, third.id, false, &world->arena, &third), E_ABSENT);
	same(get_account(world, first.id), first);
	assert_int_equal(audit_count(world), 1);
}

static void pages(void **state)
{
	struct world *world = *state;
	struct str after = STR("");
	unsigned seen = 0;
	for (unsigned i = 0; i < 25; i++) {
		struct account account = an_account(world, (i * 7) % 25);
		OK(store_account_put(world->store, &account, &a_note));
	}
	for (;;) {
		struct account *list;
		size_t n;
		OK(store_account_list(world->store, after, 10, &world->arena, &list, &n));
		for (size_t i = 0; i < n; i++)
			same(list[i], an_account(world, seen++));
		if (n < 10)
			break;
		after = list[n - 1].id;
	}
	assert_int_equal(seen, 25);
}

static void roles(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1);
	struct str three[] = {STR("z"), STR("a"), STR("m")};
	OK(store_account_put(world->store, &account, &a_note));
	account.roles = (struct str_list){three, 3};
	OK(store_account_set_roles(world->store, account.id, account.roles, &a_note));
	same(get_account(world, account.id), account);
	account.roles = (struct str_list){0};
	OK(store_account_set_roles(world->store, account.id, account.roles, &a_note));
	same(get_account(world, account.id), account);
	assert_int_equal(audit_count(world), 3);
}

static void disabling_raises_the_epoch(void **state)
{
	static const struct {
		bool disabled;
		int64_t epoch, entries;
	} steps[] = {{false, 1, 1}, {true, 2, 2}, {true, 2, 2}, {false, 2, 3}, {true, 3, 4}};
	struct world *world = *state;
	struct account account = an_account(world, 1);
	OK(store_account_put(world->store, &account, &a_note));
	for (size_t i = 0; i < COUNT(steps); i++) {
		OK(store_account_set_disabled(world->store, account.id, steps[i].disabled, UNTIL_S, &a_note));
		account.disabled = steps[i].disabled;
		account.epoch = steps[i].epoch;
		same(get_account(world, account.id), account);
		assert_int_equal(audit_count(world), steps[i].entries);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(absent, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_and_get, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(taken, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(pages, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(roles, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(disabling_raises_the_epoch, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
