/*
 * The feed of what ended before its time: every change that ends tokens says so in its own transaction (RFC 7009 2.1,
 * ATTACKS 42); one row per subject; what is swept is never given a number again.
 */
#include "store_test.h"

static struct revocation_page page_after(struct world *world, int64_t seq)
{
	struct revocation_page page;
	OK(store_revocation_list(world->store, seq, 1000, &world->arena, &page));
	return page;
}

static void expect_row(const struct revocation *row, enum revocation_kind kind, const char *id, int64_t epoch)
{
	assert_int_equal(row->kind, kind);
	IS(row->id, id);
	assert_int_equal(row->epoch, epoch);
	assert_int_equal(row->not_before_s, a_note.now_s);
	assert_int_equal(row->until_s, UNTIL_S);
}

static struct client put_client(struct world *world, const char *id)
{
	struct client client = a_client(world, 1);
	client.id = str_of(id);
	client.epoch = 0;
	OK(store_client_put(world->store, &client, &a_note));
	return client;
}

static int put_jti(struct world *world, struct str jti, const char *owner, int64_t until_s)
{
	const struct revocation token = {.id = jti, .owner = str_of(owner), .until_s = until_s};
	return store_revocation_put_jti(world->store, &token, &a_note);
}

static void refused(void **state)
{
	struct world *world = *state;
	struct revocation_page page;
	struct client client = put_client(world, "mmc_one");
	struct account account = an_account(world, 1);
	OK(store_account_put(world->store, &account, &a_note));
	FAILS(put_jti(world, STR(""), "mmc_one", UNTIL_S), E_SYNTAX);
	FAILS(put_jti(world, STR("j"), "", UNTIL_S), E_SYNTAX);
	FAILS(put_jti(world, STR("j"), "mmc_one", 0), E_SYNTAX);
	FAILS(put_jti(world, STR("j"), "mmc_one", -1), E_SYNTAX);
	FAILS(store_client_set_disabled(world->store, client.id, true, 0, &a_note), E_SYNTAX);
	FAILS(store_account_set_disabled(world->store, account.id, true, 0, &a_note), E_SYNTAX);
	FAILS(store_client_delete(world->store, client.id, 0, &a_note), E_SYNTAX);
	FAILS(store_revocation_sweep(world->store, 0), E_SYNTAX);
	FAILS(store_revocation_list(world->store, 0, 0, &world->arena, &page), E_LIMIT);
	FAILS(store_revocation_list(world->store, 0, 1001, &world->arena, &page), E_LIMIT);
	assert_int_equal(page_after(world, 0).n, 0);
	assert_int_equal(page_after(world, 0).feed.seq, 0);
	assert_int_equal(page_after(world, 0).feed.id.len, 32);
}

static void what_keeps_tokens_says_nothing(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one");
	struct client_secret secret = a_secret(world, client.id, 1);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	OK(store_secret_revoke(world->store, client.id, secret.id, NOW_S + 1, 0, &a_note));
	secret = a_secret(world, client.id, 2);
	OK(store_secret_regenerate(world->store, &secret, NOW_S + 2, 0, &a_note));
	OK(store_client_set_disabled(world->store, client.id, false, UNTIL_S, &a_note));
	assert_int_equal(get_client(world, client.id).epoch, 0);
	assert_int_equal(page_after(world, 0).feed.seq, 0);
}

/* ATTACKS 42: each way to end the tokens of a client, one after the other; one row, moved to the end. */
static void each_end_raises_the_epoch(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "imported-one");
	struct client_secret secret = a_secret(world, client.id, 1);
	OK(store_secret_add(world->store, &secret, UNTIL_S, &a_note));
	expect_row(&page_after(world, 0).revocations[0], REVOCATION_CLIENT, "imported-one", 1);
	OK(store_secret_revoke(world->store, client.id, secret.id, NOW_S, UNTIL_S, &a_note));
	expect_row(&page_after(world, 1).revocations[0], REVOCATION_CLIENT, "imported-one", 2);
	/* A dead one: its tokens end all the same. */
	OK(store_secret_revoke(world->store, client.id, secret.id, NOW_S, UNTIL_S, &a_note));
	expect_row(&page_after(world, 2).revocations[0], REVOCATION_CLIENT, "imported-one", 3);
	secret = a_secret(world, client.id, 2);
	OK(store_secret_regenerate(world->store, &secret, NOW_S + 5, UNTIL_S, &a_note));
	assert_int_equal(page_after(world, 3).revocations[0].epoch, 4);
	OK(store_client_set_disabled(world->store, client.id, true, UNTIL_S, &a_note));
	OK(store_client_set_disabled(world->store, client.id, true, UNTIL_S, &a_note));
	expect_row(&page_after(world, 4).revocations[0], REVOCATION_CLIENT, "imported-one", 5);
	assert_int_equal(get_client(world, client.id).epoch, 5);
	OK(store_client_delete(world->store, client.id, UNTIL_S, &a_note));
	struct revocation_page page = page_after(world, 0);
	assert_int_equal(page.n, 1);
	assert_int_equal(page.revocations[0].seq, 6);
	expect_row(&page.revocations[0], REVOCATION_CLIENT, "imported-one", 6);
	/* The id comes back: tokens of its predecessor stay dead, its own are not. */
	put_client(world, "imported-one");
	assert_int_equal(get_client(world, client.id).epoch, 6);
	assert_int_equal(page_after(world, 6).n, 0);
}

static void an_account_ends(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 1);
	account.epoch = 0;
	OK(store_account_put(world->store, &account, &a_note));
	OK(store_account_set_disabled(world->store, account.id, true, UNTIL_S, &a_note));
	OK(store_account_set_disabled(world->store, account.id, false, UNTIL_S, &a_note));
	OK(store_account_set_disabled(world->store, account.id, true, UNTIL_S, &a_note));
	struct revocation_page page = page_after(world, 0);
	assert_int_equal(page.n, 1);
	assert_int_equal(page.feed.seq, 2);
	assert_int_equal(page.revocations[0].kind, REVOCATION_ACCOUNT);
	assert_int_equal(page.revocations[0].epoch, 2);
	assert_int_equal(get_account(world, account.id).epoch, 2);
}

/* A change that fails says nothing: one transaction. */
static void a_failed_change_says_nothing(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one");
	struct client_secret secret = a_secret(world, client.id, 1);
	OK(store_secret_add(world->store, &secret, 0, &a_note));
	FAILS(store_secret_add(world->store, &secret, UNTIL_S, &a_note), E_EXISTS);
	FAILS(store_secret_regenerate(world->store, &secret, NOW_S, UNTIL_S, &a_note), E_EXISTS);
	assert_int_equal(get_client(world, client.id).epoch, 0);
	assert_int_equal(page_after(world, 0).feed.seq, 0);
}

static void one_token(void **state)
{
	struct world *world = *state;
	int64_t entries = audit_count(world);
	OK(put_jti(world, STR("jti-1"), "mmc_one", UNTIL_S));
	OK(put_jti(world, STR("jti-1"), "mmc_one", UNTIL_S));
	struct revocation_page page = page_after(world, 0);
	assert_int_equal(page.n, 1);
	expect_row(&page.revocations[0], REVOCATION_JTI, "jti-1", 0);
	IS(page.revocations[0].owner, "mmc_one");
	assert_int_equal(audit_count(world), entries + 1);
}

/* One client can't fill the feed; others are not concerned. */
static void so_many_tokens_of_one_client(void **state)
{
	struct world *world = *state;
	for (unsigned i = 0; i < MODEL_REVOKED_MAX; i++)
		OK(put_jti(world, name_of(world, "jti-", i), "mmc_one", i == 0 ? NOW_S + 1 : UNTIL_S));
	FAILS(put_jti(world, STR("one-more"), "mmc_one", UNTIL_S), E_LIMIT);
	OK(put_jti(world, STR("one-more"), "mmc_two", UNTIL_S));
	OK(store_revocation_sweep(world->store, NOW_S + 1));
	OK(put_jti(world, STR("again"), "mmc_one", UNTIL_S));
}

static void swept(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "imported-one");
	OK(put_jti(world, STR("jti-1"), "mmc_one", NOW_S + 10));
	OK(put_jti(world, STR("jti-2"), "mmc_one", NOW_S + 11));
	OK(store_client_delete(world->store, client.id, NOW_S + 10, &a_note));
	OK(store_revocation_sweep(world->store, NOW_S + 9));
	assert_int_equal(page_after(world, 0).n, 3);
	OK(store_revocation_sweep(world->store, NOW_S + 10));
	struct revocation_page page = page_after(world, 0);
	assert_int_equal(page.n, 1);
	IS(page.revocations[0].id, "jti-2");
	assert_int_equal(page.feed.seq, 3);
	world_reopen(world);
	OK(store_revocation_sweep(world->store, NOW_S + 11));
	OK(put_jti(world, STR("jti-3"), "mmc_one", UNTIL_S));
	assert_int_equal(page_after(world, 0).revocations[0].seq, 4); /* never 1 again */
	put_client(world, "imported-one");
	assert_int_equal(get_client(world, client.id).epoch, 0); /* nobody names it any more */
}

/* The cap of lifetimes sinks: the tokens of before are named as long as they live. */
static void an_end_is_never_drawn_nearer(void **state)
{
	struct world *world = *state;
	struct client client = put_client(world, "mmc_one");
	struct client_secret secret = a_secret(world, client.id, 1);
	OK(store_secret_add(world->store, &secret, UNTIL_S, &a_note));
	secret = a_secret(world, client.id, 2);
	OK(store_secret_add(world->store, &secret, UNTIL_S - 1000, &a_note));
	expect_row(&page_after(world, 0).revocations[0], REVOCATION_CLIENT, "mmc_one", 2);
}

static void pages(void **state)
{
	enum { TOKENS = 25 };
	struct world *world = *state;
	struct revocation_page page;
	for (unsigned i = 0; i < TOKENS; i++)
		OK(put_jti(world, name_of(world, "jti-", i), i % 2 ? "mmc_one" : "mmc_two", UNTIL_S));
	int64_t seq = 0;
	for (unsigned seen = 0; seen < TOKENS; seen += (unsigned)page.n) {
		OK(store_revocation_list(world->store, seq, 10, &world->arena, &page));
		assert_true(page.n == 10 || page.n == 5);
		assert_int_equal(page.feed.seq, TOKENS);
		for (size_t i = 0; i < page.n; i++)
			assert_int_equal(page.revocations[i].seq, ++seq);
	}
	assert_int_equal(page_after(world, seq).n, 0);
	assert_int_equal(page_after(world, INT64_MAX).n, 0);
}

/* The feed keeps its name over a restart; another store has another one. */
static void the_feed_has_a_name(void **state)
{
	struct world *world = *state;
	struct str before = page_after(world, 0).feed.id;
	world_reopen(world);
	assert_true(str_eq(before, page_after(world, 0).feed.id));
	if (!world_is_sqlite())
		return;
	void *other;
	OK(world_setup(&other));
	assert_false(str_eq(before, page_after(other, 0).feed.id));
	world_teardown(&other);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(refused, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(what_keeps_tokens_says_nothing, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(each_end_raises_the_epoch, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(an_account_ends, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(a_failed_change_says_nothing, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_token, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(so_many_tokens_of_one_client, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(swept, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(an_end_is_never_drawn_nearer, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(pages, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(the_feed_has_a_name, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
