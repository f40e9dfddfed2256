/* What is good for one use: links in mails, pushed requests, challenges. */
#include "people.h"

static int peek(struct world *world, unsigned n, enum once_kind kind, int64_t now_s)
{
	struct once once;
	return store_once_peek(world->store, &(struct store_once_key){hash_of(world, n), kind, now_s}, &world->arena,
			       &once);
}

static int take(struct world *world, unsigned n, enum once_kind kind, int64_t now_s)
{
	struct once once;
	return store_once_take(world->store, &(struct store_once_key){hash_of(world, n), kind, now_s}, &world->arena,
			       &once, NULL);
}

static void put(struct world *world, enum once_kind kind, unsigned n)
{
	struct once once = a_once(world, kind, n);
	OK(store_once_put(world->store, &once, NULL));
}

static void refused(void **state)
{
	static char longest[MODEL_ONCE_MAX + 1];
	struct world *world = *state;
	struct once once = a_once(world, ONCE_KINDS, 1), *list;
	size_t n;
	memset(longest, 'x', sizeof(longest));
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once = a_once(world, ONCE_RESET, 1);
	once.account_id = STR("mma_none");
	FAILS(store_once_put(world->store, &once, NULL), E_ABSENT);
	once.account_id = STR("");
	once.data = str_mem(longest, sizeof(longest));
	FAILS(store_once_put(world->store, &once, NULL), E_LIMIT);
	once.data = STR("a\0b");
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once.data = STR("\xff");
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once.data = str_mem(longest, MODEL_ONCE_MAX);
	OK(store_once_put(world->store, &once, NULL));
	FAILS(store_once_put(world->store, &once, NULL), E_EXISTS);
	FAILS(peek(world, 1, ONCE_KINDS, NOW_S), E_SYNTAX);
	FAILS(peek(world, 1, ONCE_RESET, 0), E_SYNTAX);
	FAILS(peek(world, 2, ONCE_RESET, NOW_S), E_ABSENT);
	FAILS(take(world, 2, ONCE_RESET, NOW_S), E_ABSENT);
	const struct store_once_range none = {ONCE_RESET, NOW_S, 0}, many = {ONCE_RESET, NOW_S, 1001};
	FAILS(store_once_list(world->store, &none, &world->arena, &list, &n), E_LIMIT);
	FAILS(store_once_list(world->store, &many, &world->arena, &list, &n), E_LIMIT);
}

static void taken_once(void **state)
{
	struct world *world = *state;
	struct once got;
	int64_t entries = audit_count(world);
	put(world, ONCE_RESET, 1);
	assert_int_equal(audit_count(world), entries);
	world_reopen(world);
	OK(peek(world, 1, ONCE_RESET, NOW_S));
	const struct store_once_key key = {hash_of(world, 1), ONCE_RESET, NOW_S};
	OK(store_once_take(world->store, &key, &world->arena, &got, &a_note));
	assert_int_equal(audit_count(world), entries + 1);
	assert_memory_equal(got.sha256, hash_of(world, 1), 32);
	IS(got.account_id, "mma_0001");
	IS(got.data, "first line\nsecond");
	assert_int_equal(got.kind, ONCE_RESET);
	assert_int_equal(got.created_s, NOW_S + 1);
	assert_int_equal(got.expires_s, NOW_S + 3600);
	FAILS(peek(world, 1, ONCE_RESET, NOW_S), E_ABSENT);
	FAILS(store_once_take(world->store, &key, &world->arena, &got, &a_note), E_ABSENT);
	assert_int_equal(audit_count(world), entries + 1);
	world_reopen(world);
	FAILS(take(world, 1, ONCE_RESET, NOW_S), E_ABSENT);
}

/* A link of one kind is no other's, and trying it as such uses nothing up. */
static void of_its_kind_alone(void **state)
{
	struct world *world = *state;
	for (enum once_kind kind = 0; kind < ONCE_KINDS; kind++)
		put(world, kind, kind);
	for (enum once_kind kind = 0; kind < ONCE_KINDS; kind++) {
		FAILS(take(world, kind, (kind + 1) % ONCE_KINDS, NOW_S), E_ABSENT);
		FAILS(peek(world, kind, (kind + 1) % ONCE_KINDS, NOW_S), E_ABSENT);
		OK(take(world, kind, kind, NOW_S));
	}
}

static void over_at_the_very_second(void **state)
{
	struct world *world = *state;
	put(world, ONCE_INVITE, 1);
	put(world, ONCE_INVITE, 2);
	FAILS(peek(world, 1, ONCE_INVITE, NOW_S + 3600), E_ABSENT);
	FAILS(take(world, 1, ONCE_INVITE, NOW_S + 3600), E_ABSENT);
	OK(peek(world, 1, ONCE_INVITE, NOW_S + 3599));
	OK(take(world, 1, ONCE_INVITE, NOW_S + 3599));
}

static void listed(void **state)
{
	struct world *world = *state;
	struct once *list, nobodys = a_once(world, ONCE_INVITE, 4);
	size_t n;
	nobodys.account_id = STR("");
	OK(store_once_put(world->store, &nobodys, NULL));
	put(world, ONCE_INVITE, 2);
	put(world, ONCE_INVITE, 3);
	put(world, ONCE_RESET, 1);
	const struct store_once_range two = {ONCE_INVITE, NOW_S, 2}, late = {ONCE_INVITE, NOW_S + 3600, 10};
	OK(store_once_list(world->store, &two, &world->arena, &list, &n));
	assert_int_equal(n, 2);
	assert_memory_equal(list[0].sha256, hash_of(world, 4), 32);
	assert_int_equal(list[0].account_id.len, 0);
	assert_memory_equal(list[1].sha256, hash_of(world, 3), 32);
	OK(store_once_list(world->store, &late, &world->arena, &list, &n));
	assert_int_equal(n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(refused), TEST(taken_once), TEST(of_its_kind_alone), TEST(over_at_the_very_second), TEST(listed),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
