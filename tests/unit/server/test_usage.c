/* Gathering and draining of last-use figures; see server/usage.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/fault.h"
#include "server/usage.h"

enum { NOW = 1700000000, SEEN_MAX = 200000 };

/* Stands where the store's verb stands; adds up what it is given. */
struct sink {
	struct {
		char id[MODEL_ID_MAX + 1], addr[64];
		int64_t last_used_s, count;
	} *rows;
	size_t n, calls, largest;
	int64_t total;
	int fail_after; /* calls that succeed before E_STORE; -1: all */
};

static void sink_init(struct sink *sink)
{
	*sink = (struct sink){.fail_after = -1};
	sink->rows = calloc(SEEN_MAX, sizeof(*sink->rows));
	assert_non_null(sink->rows);
}

static int sink_write(void *arg, const struct usage_row *rows, size_t n)
{
	struct sink *sink = arg;
	if (sink->fail_after == 0)
		return E_STORE;
	if (sink->fail_after > 0)
		sink->fail_after--;
	sink->calls++;
	if (n > sink->largest)
		sink->largest = n;
	for (size_t i = 0; i < n; i++) {
		assert_true(sink->n < SEEN_MAX);
		assert_true(rows[i].count > 0);
		memcpy(sink->rows[sink->n].id, rows[i].secret_id.p, rows[i].secret_id.len);
		memcpy(sink->rows[sink->n].addr, rows[i].addr.p, rows[i].addr.len);
		sink->rows[sink->n].last_used_s = rows[i].last_used_s;
		sink->rows[sink->n].count = rows[i].count;
		sink->total += rows[i].count;
		sink->n++;
	}
	return 0;
}

static struct usage *make(unsigned slots)
{
	struct usage *usage = NULL;
	assert_int_equal(usage_new(slots, &usage), 0);
	return usage;
}

static bool note_nth(struct usage_slot *slot, unsigned n, int64_t now_s)
{
	char id[32];
	snprintf(id, sizeof(id), "mmk_%022u", n);
	return usage_note(slot, str_of(id), now_s, STR("192.0.2.1"));
}

static void refuses_bad_sizes(void **state)
{
	(void)state;
	struct usage *usage = NULL;
	assert_int_equal(usage_new(0, &usage), E_LIMIT);
	assert_int_equal(usage_new(USAGE_SLOTS_MAX + 1, &usage), E_LIMIT);
#ifdef MINTMARK_FAULTS
	for (long nth = 1; nth <= 2; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		assert_int_equal(usage_new(1, &usage), E_NOMEM);
	}
	fault_arm(FAULT_ALLOC, 0);
#endif
	assert_null(usage);
	usage_free(NULL);
}

static void adds_up(void **state)
{
	(void)state;
	struct sink sink;
	sink_init(&sink);
	struct usage *usage = make(1);
	struct usage_slot *slot = usage_slot(usage, 0);
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.calls, 0); /* nothing to write: the store is left alone */
	assert_false(usage_note(slot, STR("a"), NOW, STR("192.0.2.1")));
	assert_false(usage_note(slot, STR("b"), NOW,
		STR("2001:db8:1111:2222:3333:4444:5555:6666%a-zone-that-is-much-too-long")));
	assert_false(usage_note(slot, STR("a"), NOW + 2, STR("192.0.2.3")));
	assert_false(usage_note(slot, STR("a"), NOW + 1,
		STR("192.0.2.2"))); /* an older reading of the clock changes the count only */
	assert_false(usage_note(slot, STR(""), NOW, STR("192.0.2.2")));
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.n, 2);
	assert_string_equal(sink.rows[0].id, "a");
	assert_int_equal(sink.rows[0].count, 3);
	assert_int_equal(sink.rows[0].last_used_s, NOW + 2);
	assert_string_equal(sink.rows[0].addr, "192.0.2.3");
	assert_int_equal(strlen(sink.rows[1].addr), 45);
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.n, 2); /* written once */
	usage_free(usage);
	free(sink.rows);
}

static void asks_for_a_flush_and_loses_nothing(void **state)
{
	(void)state;
	struct sink sink;
	sink_init(&sink);
	struct usage *usage = make(1);
	struct usage_slot *slot = usage_slot(usage, 0);
	for (unsigned i = 1; i < USAGE_ROWS_DUE; i++)
		assert_false(note_nth(slot, i, NOW));
	assert_true(note_nth(slot, 0, NOW));
	for (unsigned i = USAGE_ROWS_DUE; i < 20000; i++)
		assert_true(note_nth(slot, i, NOW));
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.n, 20000);
	assert_true(sink.largest <= USAGE_BATCH_ROWS);
	assert_int_equal(usage_lost(usage), 0);
	assert_false(note_nth(slot, 1, NOW));
	usage_free(usage);
	free(sink.rows);
}

/*
 * The store fails in the middle of a drain: what was written is not written again, the rest is, and newer uses add to
 * it.
 */
static void keeps_what_was_not_written(void **state)
{
	(void)state;
	struct sink sink;
	sink_init(&sink);
	struct usage *usage = make(2);
	for (unsigned i = 0; i < 2000; i++)
		(void)note_nth(usage_slot(usage, i % 2), i, NOW);
	for (int tries = 0; tries < 4; tries++) {
		sink.fail_after = tries > 0 ? 1 : 0;
		assert_int_equal(usage_drain(usage, sink_write, &sink), E_STORE);
		assert_false(note_nth(usage_slot(usage, 0), 5, NOW + 10 + tries));
	}
	sink.fail_after = -1;
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.total, 2004);
	assert_int_equal(usage_lost(usage), 0);
	usage_free(usage);
	free(sink.rows);
}

/* With the store failing for long the memory stays bounded, and what finds no room is counted. */
static void counts_what_is_lost(void **state)
{
	(void)state;
	struct sink sink;
	sink_init(&sink);
	struct usage *usage = make(1);
	struct usage_slot *slot = usage_slot(usage, 0);
	for (unsigned i = 0; i < USAGE_ROWS_MAX + 10; i++)
		(void)note_nth(slot, i, NOW);
	assert_int_equal(usage_lost(usage), 10);
	assert_true(note_nth(slot, 7, NOW)); /* a known one still adds */
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.n, USAGE_ROWS_MAX);
	assert_int_equal(sink.total, USAGE_ROWS_MAX + 1);
	assert_false(note_nth(slot, 1, NOW));
	usage_free(usage);
	free(sink.rows);
}

static void counts_lack_of_memory(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct usage *usage = make(1);
	fault_arm(FAULT_ALLOC, 1);
	assert_true(note_nth(usage_slot(usage, 0), 1, NOW));
	assert_true(fault_reached(FAULT_ALLOC));
	fault_arm(FAULT_ALLOC, 0);
	assert_int_equal(usage_lost(usage), 1);
	assert_false(note_nth(usage_slot(usage, 0), 1, NOW));
	usage_free(usage);
#else
	skip();
#endif
}

static struct client_secret get_secret(struct store *store, struct arena *arena)
{
	struct client client;
	assert_int_equal(store_client_get(store, STR("mmc_usage"), arena, &client), 0);
	assert_int_equal(client.n_secrets, 1);
	return client.secrets[0];
}

/* Through the store's own verb, on its memory backend. */
static void reaches_the_store(void **state)
{
	(void)state;
	struct store *store = NULL;
	struct arena arena;
	struct store_options options = {.kind = STORE_MEMORY, .create = true, .readers = 1, .cache_kib = 64};
	struct client_secret secret = {.id = STR("mmk_one"), .client_id = STR("mmc_usage"), .form = SECRET_GENERATED,
		.hint = STR("abcd"), .created_s = NOW};
	struct client client = {.id = STR("mmc_usage"), .kind = CLIENT_SERVICE, .name = STR("n"), .created_s = NOW,
		.secrets = &secret, .n_secrets = 1};
	struct audit_note audit = {.now_s = NOW,
		.actor = STR("system"),
		.action = STR("client.create"),
		.target = STR("mmc_usage")};
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_open(&options, &store), 0);
	assert_int_equal(store_client_put(store, &client, &audit), 0);
	struct usage *usage = make(2);
	(void)usage_note(usage_slot(usage, 0), STR("mmk_one"), NOW + 5, STR("192.0.2.5"));
	(void)usage_note(usage_slot(usage, 1), STR("mmk_one"), NOW + 4, STR("192.0.2.4"));
	(void)usage_note(usage_slot(usage, 1), STR("mmk_gone"), NOW + 4, STR("192.0.2.4"));
#ifdef MINTMARK_FAULTS
	fault_arm(FAULT_STORE, 1);
	assert_int_equal(usage_flush(usage, store), E_STORE);
	fault_arm(FAULT_STORE, 0);
	assert_int_equal(get_secret(store, &arena).use_count, 0);
#endif
	assert_int_equal(usage_flush(usage, store), 0);
	assert_int_equal(usage_flush(usage, store), 0);
	struct client_secret after = get_secret(store, &arena);
	assert_int_equal(after.use_count, 2);
	assert_int_equal(after.last_used_s, NOW + 5);
	assert_true(str_eq(after.last_used_addr, STR("192.0.2.5")));
	usage_free(usage);
	store_close(store);
	arena_done(&arena);
}

static void *note_many(void *arg)
{
	for (unsigned i = 0; i < 30000; i++)
		(void)note_nth(arg, i % 700, NOW + i / 1000);
	return NULL;
}

/* Notes on three slots while a drainer runs, failing now and then: every use is written exactly once. */
static void drains_under_load(void **state)
{
	(void)state;
	struct sink sink;
	sink_init(&sink);
	struct usage *usage = make(3);
	pthread_t threads[3];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, note_many, usage_slot(usage, i)), 0);
	for (int i = 0; i < 20; i++) {
		sink.fail_after = i % 3 == 0 ? 1 : -1;
		int rc = usage_drain(usage, sink_write, &sink);
		assert_true(rc == 0 || rc == E_STORE);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	sink.fail_after = -1;
	assert_int_equal(usage_drain(usage, sink_write, &sink), 0);
	assert_int_equal(sink.total, 90000);
	assert_int_equal(usage_lost(usage), 0);
	usage_free(usage);
	free(sink.rows);
}

static int64_t cpu_ns(void)
{
	struct timespec now;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Not a check but a figure: what one note costs (of a release build; DESIGN asks for less than 100 ns). */
static void shows_its_cost(void **state)
{
	(void)state;
	enum { SECRETS = 1000, NOTES = 1000000 };
	static char ids[SECRETS][32];
	struct usage *usage = make(1);
	struct usage_slot *slot = usage_slot(usage, 0);
	for (unsigned i = 0; i < SECRETS; i++)
		snprintf(ids[i], sizeof(ids[i]), "mmk_%022u", i);
	int64_t start_ns = cpu_ns();
	for (unsigned i = 0; i < NOTES; i++)
		(void)usage_note(slot, (struct str){ids[i % SECRETS], 26}, NOW, STR("192.0.2.1"));
	print_message("# %lld ns of CPU time per note\n", (long long)((cpu_ns() - start_ns) / NOTES));
	usage_free(usage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_sizes),
		cmocka_unit_test(keeps_what_was_not_written),
		cmocka_unit_test(counts_what_is_lost),
		cmocka_unit_test(counts_lack_of_memory),
		cmocka_unit_test(adds_up),
		cmocka_unit_test(asks_for_a_flush_and_loses_nothing),
		cmocka_unit_test(drains_under_load),
		cmocka_unit_test(reaches_the_store),
		cmocka_unit_test(shows_its_cost),
	};
	return cmocka_run_group_tests_name("server/usage", tests, NULL, NULL);
}
