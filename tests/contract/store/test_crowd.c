/*
 * Fifty threads bring the same code or refresh token at the same moment: exactly one of them has it, and what began
 * with it ends, since the others came second (RFC 6749 4.1.2, RFC 9700 4.14.2). And again after a restart. Smaller
 * crowds and other things: test_race_people.c.
 */
#include <pthread.h>

#include "people.h"

enum { CROWD = 50 };

struct contest {
	struct world *world;
	const unsigned char *sha256;
	int (*bring)(const struct contest *contest, const struct issue *issue);
	pthread_barrier_t start;
};

struct member {
	struct contest *contest;
	struct issue issue;
	int rc;
};

static void *run(void *arg)
{
	struct member *member = arg;
	pthread_barrier_wait(&member->contest->start);
	member->rc = member->contest->bring(member->contest, &member->issue);
	return NULL;
}

struct tally {
	unsigned won, reused, absent, winner; /* the number of the one that won, of 100 and up */
};

static struct tally hold(struct contest *contest, bool first)
{
	pthread_t threads[CROWD];
	struct member members[CROWD];
	struct tally tally = {0};
	pthread_barrier_init(&contest->start, NULL, CROWD);
	for (unsigned i = 0; i < CROWD; i++) /* an arena has one owner: made before */
		members[i] = (struct member){contest, an_issue(contest->world, 100 + i, first), 1};
	for (unsigned i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, &members[i]), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		pthread_join(threads[i], NULL);
		tally.won += members[i].rc == 0;
		tally.winner = members[i].rc == 0 ? 100 + i : tally.winner;
		tally.reused += members[i].rc == E_REUSED;
		tally.absent += members[i].rc == E_ABSENT;
	}
	pthread_barrier_destroy(&contest->start);
	assert_int_equal(tally.won, 1);
	return tally;
}

static int bring_code(const struct contest *contest, const struct issue *issue)
{
	return store_code_redeem(contest->world->store, contest->sha256, issue, &a_note);
}

static int bring_refresh(const struct contest *contest, const struct issue *issue)
{
	return store_refresh_rotate(contest->world->store, contest->sha256, 0, issue, &a_note);
}

/* The family of the winner has ended, its token is named, nobody else's began. */
static void expect_ended(struct world *world, unsigned winner)
{
	struct family family;
	assert_int_equal(get_family(world, winner).ended_s, NOW_S);
	assert_true(is_revoked(world, name_of(world, "jti-", winner)));
	for (unsigned n = 100; n < 100 + CROWD; n++) {
		if (n == winner)
			continue;
		assert_false(is_revoked(world, name_of(world, "jti-", n)));
		FAILS(store_family_get(world->store, name_of(world, "mmg_", n), &world->arena, &family), E_ABSENT);
	}
}

/* ATTACKS 23 */
static void test_attack_23_one_code_fifty_times(void **state)
{
	struct world *world = *state;
	struct code code = a_code(world, 1);
	struct contest contest = {world, code.sha256, bring_code, {{0}}};
	OK(store_code_put(world->store, &code, NULL));
	int64_t entries = audit_count(world);
	struct tally tally = hold(&contest, true);
	assert_int_equal(tally.reused, CROWD - 1);
	expect_ended(world, tally.winner);
	assert_int_equal(audit_count(world), entries + 2); /* one success, one ending */
	world_reopen(world);
	struct issue issue = an_issue(world, 200, true);
	FAILS(bring_code(&contest, &issue), E_REUSED);
}

/* ATTACKS 24 */
static void test_attack_24_one_refresh_token_fifty_times(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	struct contest contest = {world, hash_of(world, 1001), bring_refresh, {{0}}};
	struct tally tally = hold(&contest, false);
	assert_int_equal(tally.reused, 1);
	assert_int_equal(tally.absent, CROWD - 2); /* the family was over by then */
	assert_int_equal(get_family(world, 1).ended_s, NOW_S);
	world_reopen(world);
	struct issue issue = an_issue(world, 200, false);
	FAILS(bring_refresh(&contest, &issue), E_ABSENT);
	for (unsigned n = 100; n < 100 + CROWD; n++)
		FAILS(store_refresh_rotate(world->store, hash_of(world, 1000 + n), 0, &issue, &a_note), E_ABSENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_attack_23_one_code_fifty_times),
	TEST(test_attack_24_one_refresh_token_fifty_times),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
