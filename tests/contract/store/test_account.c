/* Account verbs. */
#include <stdio.h>

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
	OK(store_account_list(world->store, &(struct store_range){.limit = 10}, &world->arena, &list, &n));
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
		const struct store_range range = {.after = after, .limit = 10};
		OK(store_account_list(world->store, &range, &world->arena, &list, &n));
		for (size_t i = 0; i < n; i++)
			same(list[i], an_account(world, seen++));
		if (n < 10)
			break;
		after = list[n - 1].id;
	}
	assert_int_equal(seen, 25);
}

static void in_order(struct world *world, const struct store_range *range, const char *want)
{
	struct account *list;
	size_t n;
	char got[64];
	size_t len = 0;
	OK(store_account_list(world->store, range, &world->arena, &list, &n));
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s ", STR_ARG(list[i].name));
	got[len > 0 ? len - 1 : 0] = '\0';
	assert_string_equal(got, want);
}

/* Both orders, both ways, from everywhere; those of one second are in the order of their ids. */
static void orders(void **state)
{
	static const int64_t made[] = {30, 10, 20, 20, 40};
	static const struct {
		enum store_order order;
		bool descending;
		int after; /* -1: from the start */
		unsigned limit;
		size_t skip;
		const char *want;
	} rows[] = {
		{STORE_BY_ID, false, -1, 9, 0, "0 1 2 3 4"}, {STORE_BY_ID, true, -1, 9, 0, "4 3 2 1 0"},
		{STORE_BY_ID, true, 2, 9, 0, "1 0"},         {STORE_BY_ID, false, 2, 9, 1, "4"},
		{STORE_BY_ID, false, -1, 2, 2, "2 3"},       {STORE_BY_ID, false, -1, 9, 5, ""},
		{STORE_BY_ID, false, -1, 9, 99, ""},         {STORE_BY_TIME, false, -1, 9, 0, "1 2 3 0 4"},
		{STORE_BY_TIME, true, -1, 9, 0, "4 0 3 2 1"}, {STORE_BY_TIME, false, 2, 9, 0, "3 0 4"},
		{STORE_BY_TIME, true, 3, 9, 0, "2 1"},       {STORE_BY_TIME, false, 1, 2, 1, "3 0"},
		{STORE_BY_TIME, true, 1, 9, 0, ""},
	};
	struct world *world = *state;
	struct account account;
	for (unsigned i = 0; i < COUNT(made); i++) {
		account = an_account(world, i);
		account.created_s = made[i];
		account.name = name_of(world, "", i);
		while (account.name.len > 1 && account.name.p[0] == '0')
			account.name = (struct str){account.name.p + 1, account.name.len - 1};
		OK(store_account_put(world->store, &account, &a_note));
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_range range = {.limit = rows[i].limit, .order = rows[i].order,
					    .descending = rows[i].descending, .skip = rows[i].skip};
		if (rows[i].after >= 0)
			range.after = an_account(world, (unsigned)rows[i].after).id;
		in_order(world, &range, rows[i].want);
	}
	struct store_range lost = {.after = STR("mma_nobody"), .limit = 9, .order = STORE_BY_TIME};
	struct account *list;
	size_t n;
	FAILS(store_account_list(world->store, &lost, &world->arena, &list, &n), E_ABSENT);
}

static void update(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1), other = an_account(world, 2), change;
	OK(store_account_put(world->store, &account, &a_note));
	OK(store_account_put(world->store, &other, &a_note));
	change = account;
	change.email = other.email;
	FAILS(store_account_update(world->store, &change, &a_note), E_EXISTS);
	change.id = STR("mma_x");
	change.email = STR("x@example.com");
	FAILS(store_account_update(world->store, &change, &a_note), E_ABSENT);
	same(get_account(world, account.id), account);
	assert_int_equal(audit_count(world), 2);
	change = account;
	change.email = STR("new@example.com");
	change.email_verified = !account.email_verified;
	change.name = STR("New");
	OK(store_account_update(world->store, &change, &a_note));
	OK(store_account_update(world->store, &change, &a_note)); /* its own address is no one else's */
	world_reopen(world);
	same(get_account(world, account.id), change);
}

static void delete_takes_clients_only_when_asked(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1), got;
	struct client mine = a_client(world, 1), other = a_client(world, 2), client;
	struct revocation_page page;
	int64_t imported;
	OK(store_account_put(world->store, &account, &a_note));
	mine.kind = CLIENT_ACCOUNT;
	mine.account_id = account.id;
	mine.id = STR("imported");
	OK(store_client_put(world->store, &mine, &a_note));
	OK(store_client_put(world->store, &other, &a_note));
	FAILS(store_account_delete(world->store, STR("mma_x"), true, UNTIL_S, &a_note), E_ABSENT);
	FAILS(store_account_delete(world->store, account.id, false, UNTIL_S, &a_note), E_CONFLICT);
	same(get_account(world, account.id), account);
	assert_int_equal(audit_count(world), 3);
	OK(store_account_delete(world->store, account.id, true, UNTIL_S, &a_note));
	world_reopen(world);
	FAILS(store_account_get(world->store, account.id, false, &world->arena, &got), E_ABSENT);
	FAILS(store_client_get(world->store, mine.id, &world->arena, &client), E_ABSENT);
	OK(store_client_get(world->store, other.id, &world->arena, &client));
	OK(store_client_count_imported(world->store, &imported));
	assert_int_equal(imported, 0);
	/* one word ends all its tokens: its last epoch is not good any more */
	OK(store_revocation_list(world->store, 0, 10, &world->arena, &page));
	assert_int_equal(page.n, 1);
	assert_int_equal(page.revocations[0].kind, REVOCATION_ACCOUNT);
	expect_str(page.revocations[0].id, account.id);
	assert_int_equal(page.revocations[0].epoch, account.epoch + 1);
	assert_int_equal(page.revocations[0].until_s, UNTIL_S);
	OK(store_account_put(world->store, &account, &a_note)); /* id and address are free again */
	OK(store_account_delete(world->store, account.id, false, UNTIL_S, &a_note));
}

static void counts(void **state)
{
	struct world *world = *state;
	struct store_counts count;
	OK(store_count(world->store, &count));
	assert_int_equal(count.accounts + count.clients + count.audit_seq, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct account account = an_account(world, i);
		OK(store_account_put(world->store, &account, &a_note));
	}
	struct client client = a_client(world, 1);
	OK(store_client_put(world->store, &client, &a_note));
	OK(store_count(world->store, &count));
	assert_int_equal(count.accounts, 3);
	assert_int_equal(count.clients, 1);
	assert_int_equal(count.audit_seq, 4);
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
	cmocka_unit_test_setup_teardown(orders, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(update, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(delete_takes_clients_only_when_asked, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(counts, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(roles, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(disabling_raises_the_epoch, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
