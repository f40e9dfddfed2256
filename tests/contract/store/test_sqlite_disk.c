/*
 * Full disks and failing syncs: E_STORE and nothing acknowledged that is not there, nothing visible that was
 * refused, and the same store works again, without being reopened, once the disk is well.
 */
#include "store_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bad_disk.h"
#include "dump.h"

static const enum bad_disk_fault faults[] = {BAD_DISK_FULL, BAD_DISK_SYNC};

static int put(struct world *world, unsigned n)
{
	struct client client = a_client(world, n);
	struct client_secret secret = a_secret(world, client.id, 1);
	client.secrets = &secret;
	client.n_secrets = 1;
	return store_client_put(world->store, &client, &a_note);
}

static bool stands(struct world *world, unsigned n)
{
	struct client client;
	int rc = store_client_get(world->store, name_of(world, "mmc_", n), &world->arena, &client);
	assert_true(rc == 0 || rc == E_ABSENT);
	assert_true(rc < 0 || client.n_secrets == 1);
	return rc == 0;
}

static int teardown(void **state)
{
	bad_disk_set(BAD_DISK_NONE);
	bad_disk_hold_syncs(false);
	return world_teardown(state);
}

static void fails_then_heals(void **state)
{
	struct world *world = *state;
	struct buf before = {0}, after = {0};
	unsigned n = 1;
	buf_init(&before, 1 << 24);
	buf_init(&after, 1 << 24);
	for (size_t round = 0; round < 20; round++, n += 10) {
		OK(put(world, n));
		buf_reset(&before);
		buf_reset(&after);
		dump_store(world->store, &before);
		bad_disk_set(faults[round % COUNT(faults)]);
		for (unsigned i = 1; i < 4; i++)
			FAILS(put(world, n + i), E_STORE);
		FAILS(store_probe(world->store), E_STORE);
		dump_store(world->store, &after); /* reading goes on */
		assert_true(str_eq(buf_str(&before), buf_str(&after)));
		bad_disk_set(BAD_DISK_NONE);
		OK(store_probe(world->store));
		OK(put(world, n + 1));
		assert_false(stands(world, n + 2));
	}
	world_reopen(world);
	for (unsigned i = 1; i < n; i++)
		assert_int_equal(stands(world, i), i % 10 == 1 || i % 10 == 2);
	assert_int_equal(audit_count(world), 40);
	buf_done(&before);
	buf_done(&after);
}

/* Copies database and log as a power cut would leave them, and opens the copy. */
static void open_copy(const struct world *world, struct world *copy)
{
	static const char *const tails[] = {"", "-wal"};
	char command[300];
	*copy = (struct world){0};
	arena_init(&copy->arena, 64 << 20);
	snprintf(copy->folder, sizeof(copy->folder), "%s", world->folder);
	snprintf(copy->path, sizeof(copy->path), "%s/copy", world->folder);
	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(command, sizeof(command), "cp %s%s %s%s", world->path, tails[i], copy->path, tails[i]);
		assert_int_equal(system(command), 0);
	}
	OK(world_open(copy));
}

static void drop_copy(struct world *copy)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
	char name[120];
	store_close(copy->store);
	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(name, sizeof(name), "%s%s", copy->path, tails[i]);
		unlink(name);
	}
	arena_done(&copy->arena);
}

/*
 * Killed while the disk still refuses to sync: all that was acknowledged is there; of what was refused at most the last
 * transaction, and that whole. Killed after the store has recovered: nothing of what was refused.
 */
static void crash_after_a_failed_sync(void **state)
{
	struct world *world = *state, copy;
	OK(put(world, 1));
	bad_disk_set(BAD_DISK_SYNC);
	FAILS(put(world, 2), E_STORE);
	FAILS(put(world, 3), E_STORE);
	bad_disk_set(BAD_DISK_NONE);
	open_copy(world, &copy);
	assert_true(stands(&copy, 1));
	assert_false(stands(&copy, 3));
	assert_int_equal(audit_count(&copy), 1 + stands(&copy, 2));
	drop_copy(&copy);
	OK(store_probe(world->store)); /* recovered: the log was emptied before this */
	open_copy(world, &copy);
	assert_true(stands(&copy, 1));
	assert_false(stands(&copy, 2));
	assert_false(stands(&copy, 3));
	assert_int_equal(audit_count(&copy), 1);
	drop_copy(&copy);
}

/* Nobody writes: the store recovers by itself. */
static void heals_while_idle(void **state)
{
	struct world *world = *state, copy;
	OK(put(world, 1));
	bad_disk_set(BAD_DISK_SYNC);
	FAILS(put(world, 2), E_STORE);
	bad_disk_set(BAD_DISK_NONE);
	for (unsigned i = 0; i < 1200; i++) {
		char name[120];
		snprintf(name, sizeof(name), "%s-wal", world->path);
		FILE *log = fopen(name, "r");
		assert_non_null(log);
		fseek(log, 0, SEEK_END);
		long size = ftell(log);
		fclose(log);
		if (size == 0)
			break;
		usleep(50000);
	}
	open_copy(world, &copy);
	assert_true(stands(&copy, 1));
	assert_false(stands(&copy, 2));
	drop_copy(&copy);
}

/* The log takes writes, but can't be moved to the database: noticed at the checkpoint, nothing lost. */
static void checkpoint_fails(void **state)
{
	static const enum bad_disk_fault kinds[] = {BAD_DISK_FULL_MAIN, BAD_DISK_SYNC_MAIN};
	struct world *world = *state;
	unsigned n = 0, good = 0;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		bad_disk_set(kinds[i]);
		int rc = 0;
		for (unsigned j = 0; rc == 0 && j < 40; j++) {
			struct client clients[100];
			for (unsigned k = 0; k < COUNT(clients); k++)
				clients[k] = a_client(world, n + k);
			rc = store_client_put_many(world->store, clients, COUNT(clients), &a_note);
			n += rc == 0 ? (unsigned)COUNT(clients) : 0;
			good += rc == 0;
		}
		assert_true(rc == 0 || rc == E_STORE);
		bad_disk_set(BAD_DISK_NONE);
		OK(store_probe(world->store));
	}
	world_reopen(world);
	assert_int_equal(audit_count(world), good);
	for (unsigned i = 0; i < n; i += 97)
		get_client(world, name_of(world, "mmc_", i));
}

static void reads_fail_then_heal(void **state)
{
	struct world *world = *state;
	struct client client;
	OK(put(world, 1));
	world_reopen(world); /* nothing is cached */
	bad_disk_set(BAD_DISK_READ);
	FAILS(store_client_get(world->store, STR("mmc_0001"), &world->arena, &client), E_STORE);
	FAILS(put(world, 2), E_STORE);
	bad_disk_set(BAD_DISK_NONE);
	assert_true(stands(world, 1));
	assert_false(stands(world, 2));
	OK(put(world, 2));
}

static void *put_one(void *arg)
{
	struct world *world = arg;
	return put(world, 2) == 0 ? NULL : world;
}

static void reading_does_not_wait_for_a_sync(void **state)
{
	struct world *world = *state, reader;
	pthread_t thread;
	void *failed;
	OK(put(world, 1));
	reader = *world;
	arena_init(&reader.arena, 1 << 20);
	bad_disk_hold_syncs(true);
	assert_int_equal(pthread_create(&thread, NULL, put_one, world), 0);
	while (!bad_disk_held())
		usleep(1000);
	for (unsigned i = 0; i < 20; i++) {
		assert_true(stands(&reader, 1));
		assert_false(stands(&reader, 2)); /* not durable yet, so nobody may see it */
	}
	bad_disk_hold_syncs(false);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_true(stands(&reader, 2));
	arena_done(&reader.arena);
}

struct hammer {
	struct world world;
	unsigned first;
	_Atomic unsigned tried, failed;
	bool acked[4000];
	_Atomic bool *stop;
};

static void *hammer_main(void *arg)
{
	struct hammer *hammer = arg;
	while (!atomic_load(hammer->stop) && hammer->tried < COUNT(hammer->acked)) {
		bool acked = put(&hammer->world, hammer->first + hammer->tried) == 0;
		hammer->acked[hammer->tried] = acked;
		hammer->failed += !acked;
		hammer->tried++;
		arena_reset(&hammer->world.arena);
	}
	return NULL;
}

static bool had_both(const struct hammer *hammers, size_t n)
{
	unsigned tried = 0, failed = 0;
	for (size_t i = 0; i < n; i++) {
		failed += hammers[i].failed;
		tried += hammers[i].tried; /* counted behind it */
	}
	return failed > 0 && tried > failed;
}

/* Six threads write while the disk fails again and again: in the end exactly what was acknowledged is there. */
static void hammered_while_the_disk_fails(void **state)
{
	enum { HAMMERS = 6 };
	struct world *world = *state;
	_Atomic bool stop = false;
	pthread_t threads[HAMMERS];
	struct hammer *hammers = calloc(HAMMERS, sizeof(*hammers));
	int64_t acked = 0, tried = 0;
	assert_non_null(hammers);
	for (unsigned i = 0; i < HAMMERS; i++) {
		hammers[i].world.store = world->store;
		hammers[i].first = i * 100000;
		hammers[i].stop = &stop;
		arena_init(&hammers[i].world.arena, 1 << 20);
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &hammers[i]), 0);
	}
	for (unsigned i = 0; i < 2000 && (i < 40 || !had_both(hammers, HAMMERS)); i++) { /* a slow disk needs more */
		usleep(20000);
		bad_disk_set(faults[i % COUNT(faults)]);
		usleep(5000);
		bad_disk_set(BAD_DISK_NONE);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < HAMMERS; i++)
		pthread_join(threads[i], NULL);
	world_reopen(world);
	for (unsigned i = 0; i < HAMMERS; i++) {
		for (unsigned j = 0; j < hammers[i].tried; j++) {
			assert_int_equal(stands(world, hammers[i].first + j), hammers[i].acked[j]);
			acked += hammers[i].acked[j];
		}
		tried += hammers[i].tried;
		arena_done(&hammers[i].world.arena);
	}
	assert_int_equal(audit_count(world), acked);
	assert_true(acked > 0 && acked < tried);
	free(hammers);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(fails_then_heals, world_setup, teardown),
	cmocka_unit_test_setup_teardown(crash_after_a_failed_sync, world_setup, teardown),
	cmocka_unit_test_setup_teardown(heals_while_idle, world_setup, teardown),
	cmocka_unit_test_setup_teardown(checkpoint_fails, world_setup, teardown),
	cmocka_unit_test_setup_teardown(reads_fail_then_heal, world_setup, teardown),
	cmocka_unit_test_setup_teardown(reading_does_not_wait_for_a_sync, world_setup, teardown),
	cmocka_unit_test_setup_teardown(hammered_while_the_disk_fails, world_setup, teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	bad_disk_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
