/* What tampering with the file does to the audit chain. */
#include "store_test.h"

#include <sqlite3.h>

enum { ENTRIES = 10 };

#define NO_TRIPWIRE "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;"

static int run_sql(struct world *world, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

static void fill(struct world *world)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct audit_note note = a_note;
		note.detail = name_of(world, "detail", i);
		OK(store_audit_append(world->store, &note));
	}
	assert_int_equal(audit_count(world), ENTRIES);
	store_close(world->store);
	world->store = NULL;
}

static void tampering_shows(void **state)
{
	static const struct {
		const char *sql;
		int64_t seq;
	} rows[] = {
		{"UPDATE audit SET detail = 'detail9999' WHERE seq = 4", 4},
		{"UPDATE audit SET time_s = time_s + 1 WHERE seq = 1", 1},
		{"UPDATE audit SET actor = 'x' WHERE seq = 10", 10},
		{"UPDATE audit SET prev = zeroblob(32) WHERE seq = 3", 3},
		{"UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", 3},
		{"UPDATE audit SET hash = zeroblob(31) WHERE seq = 3", 3},
		{"UPDATE audit SET detail = hex(zeroblob(5000)) WHERE seq = 7", 7},
		{"DELETE FROM audit WHERE seq = 5", 5},
		{"DELETE FROM audit WHERE seq = 1", 1},
		{"DELETE FROM audit WHERE seq = 10", 10},
		{"DELETE FROM audit WHERE seq > 3", 4},
		{"DELETE FROM audit", 1},
		{"UPDATE audit SET seq = 99 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;"
		 "UPDATE audit SET seq = 6 WHERE seq = 99",
		 5},
		{"INSERT INTO audit SELECT 11, time_s, actor, action, target, detail, prev, hash FROM audit WHERE seq "
		 "= 10",
		 11},
		{"UPDATE state SET audit_seq = 9", 11},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world *world = *state;
		int64_t seq = -1;
		fill(world);
		assert_int_equal(run_sql(world, NO_TRIPWIRE), SQLITE_OK);
		assert_int_equal(run_sql(world, rows[i].sql), SQLITE_OK);
		OK(world_open(world));
		FAILS(store_audit_verify(world->store, &seq), E_SIGNATURE);
		assert_int_equal(seq, rows[i].seq);
		world_teardown(state);
		assert_int_equal(world_setup(state), 0);
	}
}

static void tripwire(void **state)
{
	struct world *world = *state;
	fill(world);
	assert_int_equal(run_sql(world, "UPDATE audit SET detail = 'x' WHERE seq = 4"), SQLITE_CONSTRAINT);
	assert_int_equal(run_sql(world, "DELETE FROM audit WHERE seq = 10"), SQLITE_CONSTRAINT);
	OK(world_open(world));
	assert_int_equal(audit_count(world), ENTRIES);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(tampering_shows, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(tripwire, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
