/* The table of revocations: what it refuses, what it forgets and when, its bound, and failing allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "verify/feed_table.h"

static struct feed_table *make(size_t max)
{
	struct feed_table *table;
	assert_int_equal(feed_table_new(max, &table), 0);
	return table;
}

static int put(struct feed_table *table, enum feed_kind kind, const char *name, int64_t epoch, int64_t until_s)
{
	const struct feed_entry entry = {
		.kind = kind, .name = str_of(name), .seq = 1, .epoch = epoch, .until_s = until_s};
	return feed_table_put(table, &entry);
}

static bool revokes(const struct feed_table *table, const char *client_id, int64_t epoch)
{
	const struct jwt_claims claims = {.client_id = str_of(client_id), .epoch = epoch};
	return feed_table_revokes(table, &claims, NULL);
}

/* An epoch below the named one is refused, the named one itself is not: exact within one second. */
static void attack_35_epochs_decide(void **state)
{
	struct feed_table *table = make(10);
	(void)state;
	assert_false(revokes(table, "c", 0));
	assert_int_equal(put(table, FEED_CLIENT, "c", 2, 100), 0);
	assert_true(revokes(table, "c", -1));
	assert_true(revokes(table, "c", 0));
	assert_true(revokes(table, "c", 1));
	assert_false(revokes(table, "c", 2));
	assert_false(revokes(table, "c", 3));
	assert_false(revokes(table, "C", 0));
	assert_false(revokes(table, "", 0));
	assert_int_equal(put(table, FEED_CLIENT, "c", 1, 50), 0); /* never back */
	assert_true(revokes(table, "c", 1));
	assert_int_equal(feed_table_count(table), 1);
	feed_table_free(table);
}

/* client_id, sub and jti are three kinds of names: one does not revoke the other. */
static void kinds_do_not_meet(void **state)
{
	struct feed_table *table = make(10);
	struct feed_finding finding;
	const struct jwt_claims claims = {.client_id = STR("a"), .sub = STR("b"), .jti = STR("c")};
	(void)state;
	assert_int_equal(put(table, FEED_CLIENT, "b", 1, 100), 0);
	assert_int_equal(put(table, FEED_CLIENT, "c", 1, 100), 0);
	assert_int_equal(put(table, FEED_ACCOUNT, "a", 1, 100), 0);
	assert_int_equal(put(table, FEED_JTI, "a", 0, 100), 0);
	assert_false(feed_table_revokes(table, &claims, &finding));
	assert_int_equal(put(table, FEED_JTI, "c", 0, 100), 0);
	assert_true(feed_table_revokes(table, &claims, &finding));
	assert_int_equal(finding.kind, FEED_JTI);
	assert_int_equal(put(table, FEED_ACCOUNT, "b", 3, 100), 0);
	assert_true(feed_table_revokes(table, &claims, &finding));
	assert_true(finding.kind == FEED_ACCOUNT && finding.epoch == 3);
	feed_table_free(table);
}

static void is_bounded_and_forgets(void **state)
{
	enum { MAX = 1000 };
	char name[16];
	struct feed_table *table = make(MAX);
	(void)state;
	for (int i = 0; i < MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(put(table, FEED_CLIENT, name, 1, 100 + i), 0);
	}
	assert_int_equal(put(table, FEED_CLIENT, "one more", 1, 100), E_LIMIT);
	assert_int_equal(put(table, FEED_CLIENT, "c7", 2, 100), 0); /* known ones may still rise */
	feed_table_sweep(table, 99);
	assert_int_equal(feed_table_count(table), MAX);
	feed_table_sweep(table, 100 + MAX - 11);
	assert_int_equal(feed_table_count(table), 10);
	assert_false(revokes(table, "c989", 0));
	assert_true(revokes(table, "c990", 0));
	assert_true(revokes(table, "c999", 0));
	assert_int_equal(put(table, FEED_CLIENT, "one more", 1, 100), 0);
	feed_table_sweep(table, 100000);
	assert_int_equal(feed_table_count(table), 0);
	feed_table_free(table);
	feed_table_free(NULL);
}

#ifdef MINTMARK_FAULTS
/* Without memory nothing that was kept is lost, and nothing is half kept. */
static void survives_failing_allocations(void **state)
{
	char name[16];
	(void)state;
	for (long nth = 1; nth < 8; nth++) {
		struct feed_table *table = NULL;
		int kept = 0;
		fault_arm(FAULT_ALLOC, nth);
		int rc = feed_table_new(1000, &table);
		for (int i = 0; rc == 0 && i < 200; i++) {
			snprintf(name, sizeof(name), "c%d", i);
			rc = put(table, FEED_CLIENT, name, 1, 100);
			kept += rc == 0;
		}
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == 0 || rc == E_NOMEM);
		assert_true(!table || feed_table_count(table) == (size_t)kept);
		for (int i = 0; table && i < kept; i++) {
			snprintf(name, sizeof(name), "c%d", i);
			assert_true(revokes(table, name, 0));
		}
		feed_table_free(table);
	}
	struct feed_table *table = make(10);
	assert_int_equal(put(table, FEED_CLIENT, "c", 1, 100), 0);
	assert_int_equal(put(table, FEED_CLIENT, "d", 1, 200), 0);
	fault_arm(FAULT_ALLOC, 1);
	feed_table_sweep(table, 150);
	fault_arm(FAULT_ALLOC, 0);
	assert_true(revokes(table, "d", 0));
	feed_table_free(table);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(feed_table_new(1, &table), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_35_epochs_decide),
		cmocka_unit_test(kinds_do_not_meet),
		cmocka_unit_test(is_bounded_and_forgets),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(survives_failing_allocations),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
