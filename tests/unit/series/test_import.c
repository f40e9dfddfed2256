/* CSV -> points: all of a file or nothing, unless bad lines are skipped. */
#include "core.h"

#include "series/import.h"

#define A "raalabs/IMO1/ME ShaftPower"
#define T "2024-01-01T00:00:00Z"
#define GOOD A "," T ",1\n"

static int read_text(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct str *text = context;
	*ret_n = text->len < size ? text->len : size;
	memcpy(mem, text->p, *ret_n);
	*text = (struct str){text->p + *ret_n, text->len - *ret_n};
	return 0;
}

struct bad {
	uint64_t lines[8];
	size_t n;
};

static void note_bad(void *context, const struct import *import, uint64_t line, int code)
{
	struct bad *bad = context;
	assert_true(code < 0 && import->n_bad == bad->n + 1);
	if (bad->n < COUNT(bad->lines))
		bad->lines[bad->n] = line;
	bad->n++;
}

static int run(struct core *core, struct import *import, const char *text)
{
	struct str rest = str_of(text);
	return import_run(import, core->db, read_text, &rest);
}

/* One bad line among good ones. */
static const struct {
	const char *text;
	int code;
	uint64_t line;
	uint64_t points; /* stored when it is skipped */
} rows[] = {
	{"other," T ",1\n", E_SERIES_EXPRESSION, 1, 0},
	{GOOD "raalabs/IMO9/x," T ",1\n", E_SERIES_UNKNOWN, 2, 1},
	{GOOD "other/x," T ",1\n", E_SERIES_UNKNOWN, 2, 1},
	{GOOD UUID_NONE "," T ",1\n", E_SERIES_UNKNOWN, 2, 1},
	{GOOD "maker/IMO1/M/x," T ",1\n", E_SERIES_AMBIGUOUS, 2, 1},
	{GOOD "raalabs/IMO1/*," T ",1\n", E_SERIES_EXPRESSION, 2, 1},
	{GOOD "id/" UUID_A "," UUID_B "," T ",1\n", E_RANGE_SYNTAX, 2, 1},
	{GOOD A ",2024-01-01T00:00:00,1\n", E_RANGE_SYNTAX, 2, 1},
	{GOOD A ",2024-02-30,1\n", E_RANGE_SYNTAX, 2, 1},
	{GOOD A ",,1\n", E_RANGE_SYNTAX, 2, 1},
	{GOOD A "," T ",nan\n" GOOD, E_SERIES_VALUE, 2, 2},
	{GOOD A "," T ",inf\n", E_SERIES_VALUE, 2, 1},
	{GOOD A "," T ",-Infinity\n", E_SERIES_VALUE, 2, 1},
	{GOOD A "," T ",\n", E_SERIES_VALUE, 2, 1},
	{GOOD A "," T ",\"1,5\"\n", E_SERIES_VALUE, 2, 1},
	{GOOD A "," T "\n", E_CSV_COLUMNS, 2, 1},
	{GOOD "\n\n" A "\n", E_CSV_COLUMNS, 4, 1},
	{"id,timestamp,value\n" GOOD "x\n" GOOD, E_CSV_COLUMNS, 3, 2},
	{GOOD A "," T ",\"1\n" GOOD, E_CSV_LINE, 2, 2},
	{GOOD "\"raalabs/\nIMO1\"," T ",1\n" GOOD, E_SERIES_EXPRESSION, 2, 2},
	/* a header in other words is a line as any other */
	{"what,when,how much\n" GOOD, E_SERIES_EXPRESSION, 1, 1},
	{"id,series,value\n" GOOD, E_SERIES_EXPRESSION, 1, 1},
};

static void clear(struct core *core)
{
	struct series_db_writer writer = {0};
	assert_int_equal(series_db_write(core->db, &writer), 0);
	assert_int_equal(db_exec(writer.db, "DELETE FROM point"), 0);
	assert_int_equal(series_db_commit(&writer), 0);
	series_db_write_end(&writer);
}

static void test_bad_lines(void **state)
{
	struct core *core = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bad bad = {.n = 0};
		struct import import = {.context = &bad, .on_bad = note_bad};
		clear(core);
		int rc = run(core, &import, rows[i].text);
		if (rc != rows[i].code || import.bad_line != rows[i].line || import.bad_code != rc || bad.n != 1)
			fail_msg("row %zu: %d in line %llu", i, rc, (unsigned long long)import.bad_line);
		assert_int_equal(core_count(core), 0);

		bad.n = 0;
		import.skip_bad = true;
		assert_int_equal(run(core, &import, rows[i].text), 0);
		assert_true(import.points == rows[i].points && import.n_bad == 1 && bad.lines[0] == rows[i].line);
		assert_int_equal(core_count(core), rows[i].points > 0);
	}
}

static const struct {
	const char *text;
	enum import_header header;
	int64_t points;
} good[] = {
	{"", IMPORT_HEADER_AUTO, 0},
	{"id,timestamp,value", IMPORT_HEADER_AUTO, 0},
	{GOOD, IMPORT_HEADER_AUTO, 1},
	{GOOD GOOD, IMPORT_HEADER_NO, 1}, /* the same point twice */
	{"\xef\xbb\xbf" "id,timestamp,value\r\n" UUID_A "," T ",1\r\n", IMPORT_HEADER_AUTO, 1},
	{"Series,Time,Value\n" GOOD, IMPORT_HEADER_YES, 1},
	{"value,unit,timestamp,name\n1,kW," T "," A "\n2,kW,0," A "\n", IMPORT_HEADER_AUTO, 2},
	{"\"" A "\",2024-01-01,\"1e3\"\nid/" UUID_A ",1704067200.5,-1\njsmea/ME//Power/,-1,0\n", IMPORT_HEADER_AUTO, 3},
};

static void test_good_files(void **state)
{
	struct core *core = *state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct import import = {.header = good[i].header};
		clear(core);
		if (run(core, &import, good[i].text) != 0 || core_count(core) != good[i].points)
			fail_msg("row %zu: line %llu", i, (unsigned long long)import.bad_line);
		/* once more: nothing changes */
		assert_int_equal(run(core, &import, good[i].text), 0);
		assert_int_equal(core_count(core), good[i].points);
	}
}

static void test_header_choice(void **state)
{
	struct core *core = *state;
	struct import import = {.header = IMPORT_HEADER_YES, .skip_bad = true};
	clear(core);
	assert_int_equal(run(core, &import, GOOD), E_CSV_COLUMNS);
	assert_true(import.bad_line == 1);
	import.header = IMPORT_HEADER_NO;
	import.skip_bad = false;
	assert_int_equal(run(core, &import, "id,timestamp,value\n" GOOD), E_SERIES_EXPRESSION);
	assert_int_equal(core_count(core), 0);
}

/* More than one batch, with the bad line at the very end: nothing of it is stored. */
static void test_all_or_nothing(void **state)
{
	struct core *core = *state;
	enum { LINES = 140000 };
	struct import import = {.skip_bad = false};
	struct buf text;
	clear(core);
	buf_init(&text, 1 << 24);
	for (int i = 0; i < LINES; i++)
		buf_printf(&text, UUID_B ",%d,%d\n", LINES - i, i);
	buf_put(&text, STR(UUID_B ",1,x\n"));
	buf_put_char(&text, '\0');
	assert_int_equal(run(core, &import, text.p), E_SERIES_VALUE);
	assert_true(import.bad_line == LINES + 1);
	assert_int_equal(core_count(core), 0);
	import.skip_bad = true;
	assert_int_equal(run(core, &import, text.p), 0);
	assert_int_equal(core_count(core), LINES);
	buf_done(&text);
}

/* While one import is in its transaction, readers see what was there; a second writer waits, then is refused. */
static void test_one_writer(void **state)
{
	struct core *core = *state;
	struct series_db_writer writer = {0};
	struct series_db *other = NULL;
	const struct series_db_options options = {0};
	struct import import = {0};
	clear(core);
	assert_int_equal(series_db_write(core->db, &writer), 0);
	assert_int_equal(series_db_open(core->path, &options, &other), 0); /* as another process would */
	struct str text = STR(GOOD);
	assert_int_equal(import_run(&import, other, read_text, &text), E_LOCKED);
	assert_int_equal(core_count(core), 0);
	series_db_write_end(&writer);
	text = STR(GOOD);
	assert_int_equal(import_run(&import, other, read_text, &text), 0);
	series_db_close(other);
	assert_int_equal(core_count(core), 1);
}

static int setup(void **state)
{
	static struct core core;
	core_open(&core);
	core_define(&core, core_definitions);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_lines),     cmocka_unit_test(test_good_files),
					   cmocka_unit_test(test_header_choice), cmocka_unit_test(test_all_or_nothing),
					   cmocka_unit_test(test_one_writer)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
