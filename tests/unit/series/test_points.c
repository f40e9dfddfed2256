/* Values of CSV and what storing them does. */
#include "core.h"

#include <float.h>
#include <math.h>

static const struct {
	const char *text;
	bool good;
	double value;
} rows[] = {
	{"", false, 0},       {"-", false, 0},      {"nan", false, 0},   {"NaN", false, 0},   {"inf", false, 0},
	{"-inf", false, 0},   {"Infinity", false, 0}, {"1e999", false, 0}, {"-1e309", false, 0}, {"0x10", false, 0},
	{"1,5", false, 0},    {"1.", false, 0},     {".5", false, 0},    {"1e", false, 0},    {"1e+", false, 0},
	{"1.e5", false, 0},   {" 1", false, 0},     {"1 ", false, 0},    {"--1", false, 0},   {"1.2.3", false, 0},
	{"1_000", false, 0},  {"1e5.5", false, 0},  {"0", true, 0},      {"-0", true, -0.0},  {"+1", true, 1},
	{"1", true, 1},       {"-1.5", true, -1.5}, {"0.1", true, 0.1},  {"1e3", true, 1000}, {"1E-3", true, 0.001},
	{"007", true, 7},     {"9007199254740993", true, 9007199254740993.0},
	{"123456789012345678901234567890", true, 123456789012345678901234567890.0},
	{"0.3333333333333333333333333333333", true, 1.0 / 3},
	{"1.7976931348623157e308", true, DBL_MAX},  {"4.9e-324", true, 4.9e-324}, {"1e-999", true, 0},
	{"2.2250738585072011e-308", true, 2.2250738585072011e-308}, {"1e22", true, 1e22}, {"1e23", true, 1e23},
	{"100000000000000000000000", true, 1e23},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double value = 77;
		int rc = points_parse_value(str_of(rows[i].text), &value);
		if (rc != (rows[i].good ? 0 : E_SERIES_VALUE) || memcmp(&value,
			rows[i].good ? &rows[i].value : &(double){77},
									  sizeof(value)) != 0)
			fail_msg("%s: %d %.17g", rows[i].text, rc, value);
	}
}

/* Whatever is short is read the short way: it must give what strtod gives. */
static void test_values_like_strtod(void **state)
{
	(void)state;
	uint64_t seed = 42;
	for (int i = 0; i < 100000; i++) {
		char text[64];
		double value;
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		snprintf(text, sizeof(text), "%s%llu.%0*llue%d", seed & 1 ? "-" : "",
			(unsigned long long)(seed >> (seed & 31) >> 20),
			 (int)(seed % 7) + 1, (unsigned long long)(seed >> 58), (int)(seed >> 40) % 30 - 15);
		assert_int_equal(points_parse_value(str_of(text), &value), 0);
		if (value != strtod(text, NULL))
			fail_msg("%s: %.17g", text, value);
	}
}

static double read_value(struct core *core, int64_t series, int64_t time_us)
{
	struct series_db_reader reader = {0};
	assert_int_equal(series_db_read(core->db, &reader), 0);
	struct query query = query_of(reader.db, "SELECT value FROM point WHERE series = ? AND time_us = ?");
	query_int(&query, series);
	query_int(&query, time_us);
	assert_int_equal(query_row(&query), 0);
	double value = sqlite3_column_double(query.stmt, 0);
	query_done(&query);
	series_db_read_end(&reader);
	return value;
}

/* Of equal rows the last counts, in whatever order they come; a second write replaces the first. */
static void test_upsert(void **state)
{
	struct core *core = *state;
	struct points_row rows_in[] = {{2, 5, 1}, {1, 7, 2}, {1, 5, 3}, {2, 5, 4}, {1, 7, 5}, {1, -5, 6}};
	assert_int_equal(points_write(core->db, rows_in, COUNT(rows_in)), 0);
	assert_int_equal(core_count(core), 4);
	assert_true(read_value(core, 2, 5) == 4 && read_value(core, 1, 7) == 5 && read_value(core, 1, -5) == 6);
	core_write(core, 1, 7, 8);
	assert_int_equal(core_count(core), 4);
	assert_true(read_value(core, 1, 7) == 8);
	assert_int_equal(points_write(core->db, NULL, 0), 0);
}

static void test_many_out_of_order(void **state)
{
	struct core *core = *state;
	enum { N = 5000 };
	static struct points_row many[2 * N];
	for (int i = 0; i < 2 * N; i++)
		many[i] = (struct points_row){i % 7, (int64_t)i % N * 7919 % N, i};
	assert_int_equal(points_write(core->db, many, COUNT(many)), 0);
	for (size_t i = 1; i < COUNT(many); i++)
		assert_true(many[i - 1].series < many[i].series ||
			    (many[i - 1].series == many[i].series && many[i - 1].time_us <= many[i].time_us));
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
		cmocka_unit_test(test_values), cmocka_unit_test(test_values_like_strtod),
		cmocka_unit_test_setup_teardown(test_upsert, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_out_of_order, setup, teardown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
