/* directory.c: what is kept in memory is never older than the last acknowledged change. CC-25, ATTACKS 21. */
#include "fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { UNTIL_S = FIXTURE_NOW_S + 3600 };

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

static void a_miss_blocks_or_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct directory *directory = fixture->env.directory;
	struct client_view *view = NULL;
	assert_int_equal(directory_client(directory, STR("mmc_both"), false, &view), E_WOULD_BLOCK);
	assert_null(view);
	assert_int_equal(directory_client(directory, STR("mmc_unknown"), true, &view), E_ABSENT);
	assert_int_equal(directory_client(directory, STR("mmc_unknown"), false, &view),
			 E_WOULD_BLOCK); /* not remembered */
	assert_int_equal(directory_client(directory, STR("mmc_both"), true, &view), 0);
	assert_int_equal(view->n_apis, 2);
	directory_view_unref(view);
	assert_int_equal(directory_client(directory, STR("mmc_both"), false, &view), 0);
	directory_view_unref(view);
}

static void a_drop_shows_the_change_and_spares_old_holders(void **state)
{
	struct fixture *fixture = *state;
	struct directory *directory = fixture->env.directory;
	struct client_view *before, *after;
	assert_int_equal(directory_client(directory, STR("mmc_both"), true, &before), 0);
	assert_int_equal(store_client_set_disabled(fixture->env.store, STR("mmc_both"), true, UNTIL_S, &note), 0);
	directory_drop(directory, STR("mmc_both"));
	assert_int_equal(directory_client(directory, STR("mmc_both"), false, &after), E_WOULD_BLOCK);
	assert_int_equal(directory_client(directory, STR("mmc_both"), true, &after), 0);
	assert_true(after->client.disabled);
	assert_false(before->client.disabled);
	assert_true(str_eq(before->client.name, STR("both"))); /* still there */
	directory_view_unref(before);
	directory_view_unref(after);
}

static void memory_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	struct directory_stats stats;
	for (int i = 0; i < 200; i++) {
		char id[32];
		snprintf(id, sizeof(id), "mmc_many_%d", i);
		struct client client = {.id = str_of(id), .name = STR("many"), .created_s = 1};
		struct client_view *view;
		assert_int_equal(store_client_put(fixture->env.store, &client, &note), 0);
		assert_int_equal(directory_client(fixture->env.directory, str_of(id), true, &view), 0);
		directory_view_unref(view);
	}
	directory_stats(fixture->env.directory, &stats);
	assert_true(stats.entries <= 16);
	assert_true(stats.entries > 4);
}

struct race {
	struct fixture *fixture;
	_Atomic int64_t acknowledged; /* the epoch that every later look must show */
	_Atomic bool end;
	_Atomic int stale;
};

static void *look(void *arg)
{
	struct race *race = arg;
	while (!atomic_load(&race->end)) {
		int64_t at_least = atomic_load(&race->acknowledged);
		struct client_view *view;
		if (directory_client(race->fixture->env.directory, STR("mmc_both"), true, &view) < 0)
			continue;
		if (view->client.epoch < at_least)
			atomic_fetch_add(&race->stale, 1);
		directory_view_unref(view);
	}
	return NULL;
}

static void no_look_is_older_than_an_acknowledged_change(void **state)
{
	struct fixture *fixture = *state;
	struct race race = {.fixture = fixture};
	pthread_t threads[3];
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, &race), 0);
	for (int round = 1; round <= 300; round++) {
		char id[32];
		snprintf(id, sizeof(id), "mmk_r%d", round);
		struct client_secret secret = {.id = str_of(id), .client_id = STR("mmc_both"), .hint = STR("x"),
					       .created_s = FIXTURE_NOW_S};
		int rc = store_secret_regenerate(fixture->env.store, &secret, FIXTURE_NOW_S, UNTIL_S, &note);
		assert_int_equal(rc, 0);
		directory_drop(fixture->env.directory, STR("mmc_both"));
		atomic_store(&race.acknowledged, round);
	}
	atomic_store(&race.end, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&race.stale), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_miss_blocks_or_says_so, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_drop_shows_the_change_and_spares_old_holders, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(memory_is_bounded, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_look_is_older_than_an_acknowledged_change, fixture_setup,
						fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
