/* The database file: what is refused, and the fault sweep over all that reads and writes. */
#include "core.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "series/cursor.h"
#include "series/import.h"

static void put_file(const char *path, struct str content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, content.p, content.len) == (ssize_t)content.len);
	close(fd);
}

static void test_open(void **state)
{
	(void)state;
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char dir[] = "/tmp/test_series_XXXXXX", path[64], name[80];
	struct series_db_options options = {0};
	struct series_db *db = NULL;
	struct stat about;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.db", dir);
	assert_int_equal(series_db_open(path, &options, &db), E_ABSENT);
	put_file(path, STR("This is some other file, and no database of ours, whatever it is and may be."));
	assert_int_equal(series_db_open(path, &options, &db), E_SYNTAX);
	unlink(path);
	options.create = true;
	assert_int_equal(series_db_open(path, &options, &db), 0);
	assert_int_equal(series_db_probe(db), 0);
	assert_true(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600);
	series_db_close(db);
	options.create = false;
	assert_int_equal(series_db_open(path, &options, &db), 0);
	series_db_close(db);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* A writer that ends without commit leaves no trace. */
static void test_rollback(void **state)
{
	struct core *core = *state;
	struct series_db_writer writer = {0};
	struct points_row row = {1, 1, 1};
	assert_int_equal(series_db_write(core->db, &writer), 0);
	assert_int_equal(points_put(writer.db, &row, 1), 0);
	series_db_write_end(&writer);
	assert_int_equal(core_count(core), 0);
}

static int read_text(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct str *text = context;
	*ret_n = text->len < size ? text->len : size;
	memcpy(mem, text->p, *ret_n);
	*text = (struct str){text->p + *ret_n, text->len - *ret_n};
	return 0;
}

static int store_some(struct series_db *db)
{
	struct str csv = STR("raalabs/IMO1/ME ShaftPower,1,1\n\"" UUID_B "\",2,2\n" UUID_A ",0,3\n");
	struct import import = {0};
	struct define_result result;
	struct buf why;
	buf_init(&why, 1024);
	int rc = define_run(db, str_of(core_definitions), &why, &result);
	buf_done(&why);
	return rc < 0 ? rc : import_run(&import, db, read_text, &csv);
}

static int read_some(struct series_db *db, struct arena *arena, size_t *ret_n)
{
	struct range range = {0, 10 * MOMENT_SECOND_US};
	struct expression expression;
	struct permit_set permits;
	struct selection selection;
	struct cursor cursor;
	struct cursor_point points[10];
	struct cursor_window windows[10];
	TRY(permit_parse(STR("series:read:raalabs/*/*"),
			 STR("[{\"type\":\"series\",\"identifiers\":[\"id/*\"],\"to\":\"2024-01-01\"}]"), STR(""),
				arena, &permits));
	TRY(expression_parse_joined(STR("raalabs/IMO1/*"), &expression));
	struct selection_request request = {&permits, &expression, 1, &range};
	TRY(selection_make(db, &request, arena, &selection));
	cursor_init_windows(&cursor, db, &selection, MOMENT_SECOND_US);
	TRY(cursor_windows(&cursor, windows, 10, ret_n));
	cursor_init(&cursor, db, &selection);
	return cursor_points(&cursor, points, 10, ret_n);
}

/* Every allocation and every step of the database fails once: a code comes back, nothing leaks, nothing is half. */
static void sweep(enum fault_kind kind, bool writing)
{
	bool reached = true;
	for (long nth = 1; reached; nth++) {
		struct core core;
		struct arena arena;
		size_t n = 0;
		core_open(&core);
		if (!writing)
			assert_int_equal(store_some(core.db), 0);
		arena_init(&arena, 1 << 20);
		fault_arm(kind, nth);
		int rc = writing ? store_some(core.db) : read_some(core.db, &arena, &n);
		reached = fault_reached(kind);
		fault_arm(kind, 0);
		if ((rc == 0) == reached)
			fail_msg("fault %d at %ld: %d", (int)kind, nth, rc);
		assert_true(rc == 0 || rc == E_NOMEM || rc == E_STORE);
		int64_t count = core_count(&core);
		assert_true(count == 0 || count == 3);
		if (!writing && rc == 0)
			assert_int_equal(n, 3);
		assert_int_equal(store_some(core.db), 0); /* it goes on as before */
		assert_int_equal(core_count(&core), 3);
		arena_done(&arena);
		core_close(&core);
	}
}

static void test_faults_writing(void **state)
{
	(void)state;
	sweep(FAULT_ALLOC, true);
	sweep(FAULT_STORE, true);
}

static void test_faults_reading(void **state)
{
	(void)state;
	sweep(FAULT_ALLOC, false);
	sweep(FAULT_STORE, false);
}

enum { THREADS = 6, TURNS = 20 };

/* Half of the threads write points of their own, all of them read, with fewer connections than threads. */
static void *work(void *context)
{
	static _Atomic int64_t next = 1;
	struct series_db *db = context;
	int64_t n = next++;
	for (int64_t i = 0; i < TURNS; i++) {
		struct points_row row = {n, i, (double)i};
		struct range all = {MOMENT_MIN_US, MOMENT_END_US};
		struct selection_series series = {.match = {.n = n}, .times = {&all, 1}};
		struct selection selection = {&series, 1};
		struct cursor_point points[2 * TURNS];
		struct cursor cursor;
		size_t count;
		cursor_init(&cursor, db, &selection);
		int rc = E_LOCKED;
		while (n % 2 == 0 && rc == E_LOCKED) /* on a machine that is slow enough */
			rc = points_write(db, &row, 1);
		if (n % 2 == 0 && rc < 0)
			return db;
		if (cursor_points(&cursor, points, COUNT(points), &count) < 0 || count != (n % 2 ==
			0 ? (size_t)i + 1 : 0))
			return db;
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	const struct series_db_options options = {.create = true, .readers = 2};
	pthread_t threads[THREADS];
	struct core core;
	core_open(&core);
	series_db_close(core.db);
	assert_int_equal(series_db_open(core.path, &options, &core.db), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, core.db), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(core_count(&core), THREADS / 2 * TURNS);
	core_close(&core);
}

static int setup(void **state)
{
	static struct core core;
	core_open(&core);
	*state = &core;
	return 0;
}

static int teardown(void **state)
{
	core_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open), cmocka_unit_test_setup_teardown(test_rollback, setup, teardown),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_faults_writing),
			cmocka_unit_test(test_faults_reading)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
