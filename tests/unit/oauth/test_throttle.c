/* Throttling of wrong secrets; see oauth/throttle.h. CC-22, ATTACKS 22. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/fault.h"
#include "oauth/throttle.h"

enum { NOW = 1700000000 };

static const struct throttle_limits limits = {.failures = 10, .window_s = 60};
#define CLIENT STR("mmc_client")
#define ADDR STR("192.0.2.1")

static struct throttle *make(uint32_t entries)
{
	struct throttle *throttle = NULL;
	assert_int_equal(throttle_new(&limits, entries, &throttle), 0);
	return throttle;
}

static uint32_t wait_s(struct throttle *throttle, struct str client, struct str addr, int64_t now_s)
{
	uint32_t wait = 0;
	int rc = throttle_check(throttle, client, addr, now_s, &wait);
	assert_true(rc == 0 || rc == E_THROTTLED);
	assert_int_equal(rc == 0, wait == 0);
	return wait;
}

static unsigned fail_times(struct throttle *throttle, struct str client, struct str addr, int64_t now_s, int n)
{
	unsigned crossed = 0;
	for (int i = 0; i < n; i++)
		crossed |= throttle_fail(throttle, client, addr, now_s);
	return crossed;
}

static void throttles_after_failures(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 0);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(throttle_fail(throttle, CLIENT, ADDR, NOW), 0);
		assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 0);
	}
	assert_int_equal(throttle_fail(throttle, CLIENT, ADDR, NOW), THROTTLE_CROSSED_PAIR);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 6);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW + 5), 1);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW + 6), 0);
	/* one more is heard, then the next 6 s; told only once, or an attacker could fill the audit table */
	assert_int_equal(throttle_fail(throttle, CLIENT, ADDR, NOW + 6), 0);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW + 6), 6);
	/* drained: everything starts anew, and is told anew */
	assert_int_equal(fail_times(throttle, CLIENT, ADDR, NOW + 66, 9), 0);
	assert_int_equal(throttle_fail(throttle, CLIENT, ADDR, NOW + 66), THROTTLE_CROSSED_PAIR);
	throttle_free(throttle);
}

/* ATTACKS 22: 10^5 wrong secrets for one client from one address do not touch the same client elsewhere. */
static void others_are_heard(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	fail_times(throttle, CLIENT, ADDR, NOW, 100000);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 6); /* the wait does not grow with the flood */
	assert_int_equal(wait_s(throttle, CLIENT, STR("192.0.2.2"), NOW), 0);
	assert_int_equal(wait_s(throttle, CLIENT, STR("2001:db8::1"), NOW), 0);
	assert_int_equal(wait_s(throttle, CLIENT, STR("unix"), NOW), 0);
	throttle_free(throttle);
}

static void pairs_do_not_run_together(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	fail_times(throttle, STR("b"), STR("192.0.2.1"), NOW, 10);
	fail_times(throttle, STR(""), STR("192.0.2.9"), NOW, 10);
	assert_int_equal(wait_s(throttle, STR("a"), STR("192.0.2.1"), NOW), 0);
	assert_int_equal(wait_s(throttle, STR("1b"), STR("192.0.2."), NOW), 0);
	assert_int_equal(wait_s(throttle, STR(""), STR("192.0.2.9"), NOW), 6);
	assert_int_equal(wait_s(throttle, (struct str){NULL, 0}, STR("192.0.2.9"), NOW),
		6); /* not the entry of the address */
	throttle_free(throttle);
}

static void addresses_count_by_network(void **state)
{
	(void)state;
	static const struct {
		const char *failed, *asked;
		bool same;
	} rows[] = {
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true}, /* one /64 */
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false}, /* not one /64 */
		{"::1", "127.0.0.1", false},
		{"unix", "unix", true},
		{"unix", "", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct throttle *throttle = make(1024);
		fail_times(throttle, CLIENT, str_of(rows[i].failed), NOW, 10);
		bool same = wait_s(throttle, CLIENT, str_of(rows[i].asked), NOW) > 0;
		if (same != rows[i].same)
			fail_msg("%s and %s", rows[i].failed, rows[i].asked);
		throttle_free(throttle);
	}
}

/* One address trying many client ids is stopped, whether the ids exist or not; others are not touched. */
static void spraying_is_stopped(void **state)
{
	(void)state;
	struct throttle *throttle = make(4096);
	char id[32];
	unsigned crossed = 0;
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "client-%d", i);
		assert_int_equal(wait_s(throttle, str_of(id), ADDR, NOW), 0);
		crossed = throttle_fail(throttle, str_of(id), ADDR, NOW);
		assert_int_equal(crossed, i < 99 ? 0 : THROTTLE_CROSSED_ADDR);
	}
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 1); /* 60 s / 100, rounded up */
	assert_int_equal(wait_s(throttle, CLIENT, STR("192.0.2.2"), NOW), 0);
	/*
	 * CC-22: before a chosen secret is hashed only the pair is asked, so other clients of the address are not
	 * locked out
	 */
	uint32_t wait;
	assert_int_equal(throttle_check_pair(throttle, CLIENT, ADDR, NOW, &wait), 0);
	assert_int_equal(fail_times(throttle, CLIENT, ADDR, NOW, 10) & THROTTLE_CROSSED_PAIR, THROTTLE_CROSSED_PAIR);
	assert_int_equal(throttle_check_pair(throttle, CLIENT, ADDR, NOW, &wait), E_THROTTLED);
	throttle_success(throttle, CLIENT, ADDR, NOW);
	/* a known secret does not clean the address */
	throttle_success(throttle, STR("client-1"), ADDR, NOW);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 1);
	throttle_free(throttle);
}

static void many_addresses_count_apart(void **state)
{
	(void)state;
	struct throttle *throttle = make(65536);
	char addr[32];
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(addr, sizeof(addr), "10.0.%u.%u", i / 250, i % 250);
		assert_int_equal(fail_times(throttle, CLIENT, str_of(addr), NOW, 9), 0);
	}
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(addr, sizeof(addr), "10.0.%u.%u", i / 250, i % 250);
		assert_int_equal(wait_s(throttle, CLIENT, str_of(addr), NOW), 0);
		assert_int_equal(throttle_fail(throttle, CLIENT, str_of(addr), NOW), THROTTLE_CROSSED_PAIR);
	}
	throttle_free(throttle);
}

static void success_forgets(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	throttle_success(throttle, CLIENT, ADDR, NOW);
	fail_times(throttle, CLIENT, ADDR, NOW, 9);
	throttle_success(throttle, CLIENT, ADDR, NOW);
	assert_int_equal(fail_times(throttle, CLIENT, ADDR, NOW, 9), 0);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW), 0);
	throttle_free(throttle);
}

/* A clock set back by an hour delays nobody for an hour; one set back by seconds opens no door. */
static void survives_clock_set_back(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	fail_times(throttle, CLIENT, ADDR, NOW, 10);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW - 2), 6);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW - 60), 6);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW - 3600), 0);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, -5), 0);
	assert_int_equal(fail_times(throttle, CLIENT, ADDR, NOW - 3600, 9), 0);
	assert_int_equal(throttle_fail(throttle, CLIENT, ADDR, NOW - 3600), THROTTLE_CROSSED_PAIR);
	assert_int_equal(wait_s(throttle, CLIENT, ADDR, NOW - 3600), 6);
	throttle_free(throttle);
}

/* A flood from many addresses displaces few full pairs, and one that was displaced is full again after one guess. */
static void flood_forgets_few(void **state)
{
	(void)state;
	enum { ENTRIES = 4096, FULL = 256, FLOOD = 40000 };
	struct throttle *throttle = make(ENTRIES);
	char text[32];
	unsigned kept = 0;
	for (unsigned i = 0; i < FULL; i++) {
		snprintf(text, sizeof(text), "10.9.0.%u", i);
		fail_times(throttle, CLIENT, str_of(text), NOW, 10);
	}
	for (unsigned i = 0; i < FLOOD; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		throttle_fail(throttle, CLIENT, str_of(text), NOW);
	}
	for (unsigned i = 0; i < FULL; i++) {
		snprintf(text, sizeof(text), "10.9.0.%u", i);
		kept += wait_s(throttle, CLIENT, str_of(text), NOW) > 0;
	}
	/* 256 full pairs (and 256 addresses with a tenth of their measure) in 512 buckets: more than eight are rare */
	if (kept < FULL * 95 / 100)
		fail_msg("%u of %u full pairs survived", kept, (unsigned)FULL);
	for (unsigned i = 0; i < FULL; i++) {
		snprintf(text, sizeof(text), "10.9.0.%u", i);
		throttle_fail(throttle, CLIENT, str_of(text), NOW);
		assert_true(wait_s(throttle, CLIENT, str_of(text), NOW) > 0);
	}
	/* who has not failed is heard, even now; what the flood did is over a window later */
	assert_int_equal(wait_s(throttle, CLIENT, STR("203.0.113.1"), NOW), 0);
	assert_int_equal(fail_times(throttle, CLIENT, STR("203.0.113.1"), NOW + 61, 9), 0);
	assert_int_equal(wait_s(throttle, CLIENT, STR("203.0.113.1"), NOW + 61), 0);
	throttle_free(throttle);
}

/* However pairs displace each other in a full bucket, one address gets no more than its own measure. */
static void displacing_frees_no_guesses(void **state)
{
	(void)state;
	struct throttle *throttle = make(32); /* four buckets of pairs, one of addresses */
	char id[32];
	unsigned heard = 0, told = 0;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "client-%u", i % 200);
		if (wait_s(throttle, str_of(id), ADDR, NOW) > 0)
			continue;
		heard++;
		told += throttle_fail(throttle, str_of(id), ADDR, NOW) > 0;
	}
	assert_int_equal(heard, 100);
	assert_true(told <= 1 + 32); /* each entry at most once */
	throttle_free(throttle);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct throttle *throttle = make(65536);
	assert_true(throttle_memory(throttle) <= 65536 * 20 + 8192);
	throttle_free(throttle);
	throttle = make(1000); /* rounded up */
	assert_true(throttle_memory(throttle) >= 1024 * 20 && throttle_memory(throttle) < 2048 * 20);
	throttle_free(throttle);
}

static void limits_change(void **state)
{
	(void)state;
	struct throttle *throttle = make(1024);
	fail_times(throttle, CLIENT, ADDR, NOW, 5);
	throttle_set_limits(throttle, &(struct throttle_limits){.failures = 5, .window_s = 30});
	assert_true(wait_s(throttle, CLIENT, ADDR, NOW) > 0);
	throttle_set_limits(throttle,
		&(struct throttle_limits){.failures = 0, .window_s = 0}); /* no division by zero */
	(void)throttle_fail(throttle, CLIENT, ADDR, NOW);
	assert_true(wait_s(throttle, CLIENT, ADDR, NOW) <= 1);
	throttle_free(throttle);
}

static void survives_lack_of_memory(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	for (long nth = 1; nth <= 2; nth++) {
		struct throttle *throttle = NULL;
		fault_arm(FAULT_ALLOC, nth);
		assert_int_equal(throttle_new(&limits, 1024, &throttle), E_NOMEM);
		assert_null(throttle);
	}
	fault_arm(FAULT_ALLOC, 0);
#else
	skip();
#endif
}

static void *hammer(void *arg)
{
	struct throttle *throttle = arg;
	char addr[32];
	uint32_t wait;
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(addr, sizeof(addr), "10.0.%u.%u", i % 7, i % 250);
		if (throttle_check(throttle, CLIENT, str_of(addr), NOW, &wait) == 0)
			(void)throttle_fail(throttle, CLIENT, str_of(addr), NOW);
		if (i % 100 == 0)
			throttle_success(throttle, CLIENT, str_of(addr), NOW);
		if (i % 1000 == 0)
			throttle_set_limits(throttle, &limits);
	}
	return NULL;
}

/* No count is lost between threads; under -Db_sanitize=thread this also proves the locking. */
static void *fail_some(void *arg)
{
	unsigned crossed = 0;
	for (int i = 0; i < 25; i++)
		crossed += throttle_fail(arg, CLIENT, STR("198.51.100.1"), NOW) & THROTTLE_CROSSED_PAIR;
	return crossed > 0 ? arg : NULL;
}

static void threads_agree(void **state)
{
	(void)state;
	struct throttle *throttle = make(65536);
	pthread_t threads[4];
	unsigned told = 0;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, throttle), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fail_some, throttle), 0);
	for (size_t i = 0; i < 4; i++) {
		void *crossed;
		pthread_join(threads[i], &crossed);
		told += crossed != NULL;
	}
	assert_int_equal(told, 1);
	assert_int_equal(wait_s(throttle, CLIENT, STR("198.51.100.1"), NOW), 6);
	throttle_free(throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(throttles_after_failures),
		cmocka_unit_test(others_are_heard),
		cmocka_unit_test(pairs_do_not_run_together),
		cmocka_unit_test(addresses_count_by_network),
		cmocka_unit_test(spraying_is_stopped),
		cmocka_unit_test(many_addresses_count_apart),
		cmocka_unit_test(success_forgets),
		cmocka_unit_test(survives_clock_set_back),
		cmocka_unit_test(flood_forgets_few),
		cmocka_unit_test(displacing_frees_no_guesses),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(limits_change),
		cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(threads_agree),
	};
	return cmocka_run_group_tests_name("oauth/throttle", tests, NULL, NULL);
}
