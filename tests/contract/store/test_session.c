/* Sessions: who is signed in, until when, and how all of that ends. */
#include "people.h"

static void put(struct world *world, unsigned n)
{
	struct session session = a_session(world, n);
	OK(store_session_put(world->store, &session, NULL, &a_note));
}

static int get(struct world *world, unsigned n, int64_t now_s)
{
	struct session session;
	struct account account;
	return store_session_get(world->store, hash_of(world, n), now_s, &world->arena, &session, &account);
}

static size_t list(struct world *world, const char *account, struct session **ret_sessions)
{
	size_t n = 99;
	OK(store_session_list(world->store, str_of(account), NOW_S, &world->arena, ret_sessions, &n));
	return n;
}

static void refused(void **state)
{
	struct world *world = *state;
	struct session session = a_session(world, 1), same = a_session(world, 2), *sessions;
	struct account account;
	int64_t entries = audit_count(world);
	session.account_id = STR("mma_none");
	FAILS(store_session_put(world->store, &session, NULL, &a_note), E_ABSENT);
	session.account_id = STR("");
	FAILS(store_session_put(world->store, &session, NULL, &a_note), E_SYNTAX);
	session = a_session(world, 1);
	session.methods = 2 * AUTH_UNDATED;
	FAILS(store_session_put(world->store, &session, NULL, &a_note), E_SYNTAX);
	session = a_session(world, 1);
	session.expires_s = -1;
	FAILS(store_session_put(world->store, &session, NULL, &a_note), E_SYNTAX);
	FAILS(store_session_put(world->store, &same, NULL, NULL), E_SYNTAX);
	FAILS(store_session_get(world->store, NULL, NOW_S, &world->arena, &session, &account), E_SYNTAX);
	FAILS(store_session_get(world->store, same.sha256, 0, &world->arena, &session, &account), E_SYNTAX);
	FAILS(store_session_touch(world->store, hash_of(world, 1), NOW_S, UNTIL_S, STR("::1")), E_ABSENT);
	FAILS(store_session_touch(world->store, hash_of(world, 1), NOW_S, 0, STR("::1")), E_SYNTAX);
	FAILS(store_session_end(world->store, STR("mma_0001"), STR("mmx_0001"), NULL, &a_note), E_ABSENT);
	FAILS(store_session_list(world->store, STR("mma_0001"), 0, &world->arena, &sessions, &(size_t){0}), E_SYNTAX);
	assert_int_equal(audit_count(world), entries);
	put(world, 1);
	session = a_session(world, 1);
	session.id = STR("mmx_other");
	FAILS(store_session_put(world->store, &session, NULL, &a_note), E_EXISTS);
	same.id = STR("mmx_0001");
	FAILS(store_session_put(world->store, &same, NULL, &a_note), E_EXISTS);
	FAILS(get(world, 2, NOW_S), E_ABSENT);
	assert_int_equal(audit_count(world), entries + 1);
}

static void comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct session got;
	struct account account;
	put(world, 1);
	world_reopen(world);
	OK(store_session_get(world->store, hash_of(world, 1), NOW_S, &world->arena, &got, &account));
	IS(got.id, "mmx_0001");
	IS(got.account_id, "mma_0001");
	IS(got.addr, "192.0.2.7");
	IS(got.agent, "Browser/1.0 (Zoë)");
	assert_memory_equal(got.sha256, hash_of(world, 1), 32);
	assert_int_equal(got.account_epoch, 1);
	assert_int_equal(got.methods, AUTH_PASSWORD | AUTH_TOTP);
	assert_int_equal(got.auth_s, NOW_S + 1);
	assert_int_equal(got.created_s, NOW_S);
	assert_int_equal(got.expires_s, NOW_S + 3600);
	assert_int_equal(got.seen_s, NOW_S);
	IS(account.id, "mma_0001");
	assert_int_equal(account.roles.n, 2);
	assert_int_equal(account.epoch, 1);
}

static void over_at_the_very_second(void **state)
{
	struct world *world = *state;
	struct session *sessions;
	size_t n;
	put(world, 1);
	OK(get(world, 1, NOW_S + 3599));
	FAILS(get(world, 1, NOW_S + 3600), E_ABSENT);
	OK(store_session_list(world->store, STR("mma_0001"), NOW_S + 3600, &world->arena, &sessions, &n));
	assert_int_equal(n, 0);
	/* What is over can't be touched back to life. */
	FAILS(store_session_touch(world->store, hash_of(world, 1), NOW_S + 3600, UNTIL_S, STR("::1")), E_ABSENT);
	FAILS(get(world, 1, NOW_S + 3600), E_ABSENT);
}

static void touched(void **state)
{
	struct world *world = *state;
	struct session got;
	struct account account;
	put(world, 1);
	int64_t entries = audit_count(world);
	OK(store_session_touch(world->store, hash_of(world, 1), NOW_S + 60, NOW_S + 7200, STR("::1")));
	OK(store_session_get(world->store, hash_of(world, 1), NOW_S + 7199, &world->arena, &got, &account));
	assert_int_equal(got.seen_s, NOW_S + 60);
	assert_int_equal(got.expires_s, NOW_S + 7200);
	IS(got.addr, "::1");
	assert_int_equal(audit_count(world), entries);
}

/* A sign-in ends the session it began from, even that of another account; a failed one doesn't. */
static void one_replaces_another(void **state)
{
	struct world *world = *state;
	struct session next = a_session(world, 2);
	put(world, 1);
	next.account_id = STR("mma_none");
	FAILS(store_session_put(world->store, &next, hash_of(world, 1), &a_note), E_ABSENT);
	OK(get(world, 1, NOW_S));
	next.account_id = STR("mma_0002");
	OK(store_session_put(world->store, &next, hash_of(world, 1), &a_note));
	FAILS(get(world, 1, NOW_S), E_ABSENT);
	OK(get(world, 2, NOW_S));
	next = a_session(world, 3);
	OK(store_session_put(world->store, &next, hash_of(world, 77), &a_note)); /* of one that is gone */
	OK(get(world, 3, NOW_S));
}

static void listed_newest_first(void **state)
{
	struct world *world = *state;
	struct session *sessions, other = a_session(world, 9);
	assert_int_equal(list(world, "mma_0001", &sessions), 0);
	assert_int_equal(list(world, "mma_none", &sessions), 0);
	other.account_id = STR("mma_0002");
	OK(store_session_put(world->store, &other, NULL, &a_note));
	put(world, 2);
	put(world, 3);
	put(world, 1);
	assert_int_equal(list(world, "mma_0001", &sessions), 3);
	IS(sessions[0].id, "mmx_0003");
	IS(sessions[1].id, "mmx_0002");
	IS(sessions[2].id, "mmx_0001");
}

static void ended(void **state)
{
	struct world *world = *state;
	struct session *sessions, other = a_session(world, 9);
	other.account_id = STR("mma_0002");
	OK(store_session_put(world->store, &other, NULL, &a_note));
	for (unsigned n = 1; n <= 4; n++)
		put(world, n);
	FAILS(store_session_end(world->store, STR("mma_0002"), STR("mmx_0001"), NULL, &a_note), E_ABSENT);
	OK(store_session_end(world->store, STR("mma_0001"), STR("mmx_0001"), NULL, &a_note));
	FAILS(get(world, 1, NOW_S), E_ABSENT);
	FAILS(store_session_end(world->store, STR("mma_0001"), STR("mmx_0001"), NULL, &a_note), E_ABSENT);
	OK(store_session_end(world->store, STR("mma_0001"), STR(""), hash_of(world, 3), &a_note));
	assert_int_equal(list(world, "mma_0001", &sessions), 1);
	IS(sessions[0].id, "mmx_0003");
	int64_t entries = audit_count(world);
	OK(store_session_end(world->store, STR("mma_0001"), STR(""), hash_of(world, 3), &a_note));
	assert_int_equal(audit_count(world), entries); /* nothing to change */
	OK(store_session_end(world->store, STR("mma_0001"), STR(""), NULL, &a_note));
	assert_int_equal(list(world, "mma_0001", &sessions), 0);
	OK(get(world, 9, NOW_S));
}

/* What ends the account's tokens ends its sessions. */
static void over_with_the_epoch(void **state)
{
	struct world *world = *state;
	struct session *sessions, late = a_session(world, 2);
	put(world, 1);
	OK(store_account_set_disabled(world->store, STR("mma_0001"), true, UNTIL_S, &a_note));
	FAILS(get(world, 1, NOW_S), E_ABSENT);
	FAILS(store_session_put(world->store, &late, NULL, &a_note), E_ABSENT);
	OK(store_account_set_disabled(world->store, STR("mma_0001"), false, UNTIL_S, &a_note));
	FAILS(get(world, 1, NOW_S), E_ABSENT);
	assert_int_equal(list(world, "mma_0001", &sessions), 0);
	late.account_epoch = 2;
	OK(store_session_put(world->store, &late, NULL, &a_note));
	OK(get(world, 2, NOW_S));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(refused),
	TEST(comes_back_as_it_was),
	TEST(over_at_the_very_second),
	TEST(touched),
	TEST(one_replaces_another),
	TEST(listed_newest_first),
	TEST(ended),
	TEST(over_with_the_epoch),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
