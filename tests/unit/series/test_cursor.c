/* Points and aggregates in pieces: the same whatever the size of the pieces. */
#include "core.h"

#include <math.h>

#include "series/cursor.h"

enum { POINTS = 1000 };

/* A selection of one or two series with given times. */
static void select_times(struct selection_series *series, int64_t n, struct range *times, size_t n_times)
{
	*series = (struct selection_series){.match = {.n = n}, .times = {times, n_times}};
}

static void fill(struct core *core)
{
	static struct points_row rows[2 * POINTS];
	for (int i = 0; i < POINTS; i++) {
		rows[2 * i] = (struct points_row){1, i * MOMENT_SECOND_US, i};
		rows[2 * i + 1] = (struct points_row){2, i * MOMENT_SECOND_US, -i};
	}
	assert_int_equal(points_write(core->db, rows, COUNT(rows)), 0);
}

static void test_points_in_pieces(void **state)
{
	struct core *core = *state;
	struct range all = {MOMENT_MIN_US, MOMENT_END_US};
	struct range parts[] = {{-5, 10 * MOMENT_SECOND_US}, {20 * MOMENT_SECOND_US, 30 * MOMENT_SECOND_US + 1}};
	struct selection_series series[2];
	struct selection selection = {series, 2};
	select_times(&series[0], 2, parts, 2);
	select_times(&series[1], 1, &all, 1);
	static const size_t sizes[] = {1, 7, 21, 1000, 5000};
	for (size_t k = 0; k < COUNT(sizes); k++) {
		static struct cursor_point points[5000];
		struct cursor cursor;
		size_t n, total = 0;
		int64_t last_us = INT64_MIN;
		size_t last = 0;
		cursor_init(&cursor, core->db, &selection);
		for (;;) {
			assert_int_equal(cursor_points(&cursor, points, sizes[k], &n), 0);
			if (n == 0)
				break;
			for (size_t i = 0; i < n; i++) {
				assert_true(points[i].series > last || points[i].time_us > last_us);
				assert_true(points[i].value * MOMENT_SECOND_US ==
					(double)points[i].time_us * (points[i].series == 0 ? -1 : 1));
				last = points[i].series;
				last_us = points[i].time_us;
			}
			total += n;
		}
		assert_int_equal(total, 10 + 11 + POINTS);
	}
}

static size_t read_windows(struct core *core, const struct selection *selection, int64_t window_us, size_t piece,
			   struct cursor_window *windows)
{
	struct cursor cursor;
	size_t n, total = 0;
	cursor_init_windows(&cursor, core->db, selection, window_us);
	do {
		assert_int_equal(cursor_windows(&cursor, windows + total, piece, &n), 0);
		total += n;
	} while (n > 0);
	return total;
}

static void test_windows(void **state)
{
	struct core *core = *state;
	struct range range = {0, POINTS * MOMENT_SECOND_US};
	struct selection_series series[2];
	struct selection selection = {series, 2};
	static struct cursor_window windows[100];
	select_times(&series[0], 1, &range, 1);
	select_times(&series[1], 2, &range, 1);
	for (size_t piece = 1; piece < 40; piece += 12) {
		size_t n = read_windows(core, &selection, MOMENT_MINUTE_US, piece, windows);
		assert_int_equal(n, 2 * 17);
		for (size_t i = 0; i < n; i++) {
			size_t k = i % 17;
			double sign = i < 17 ? 1 : -1, first = 60.0 * (double)k, count = k == 16 ? 40 : 60;
			assert_true(windows[i].series == i / 17 && windows[i].start_us ==
				(int64_t)k * MOMENT_MINUTE_US);
			assert_true((double)windows[i].count == count);
			assert_true(fabs(windows[i].avg - sign * (first + (count - 1) / 2)) < 1e-9);
			assert_true((sign > 0 ? windows[i].min : -windows[i].max) == first);
			assert_true((sign > 0 ? windows[i].max : -windows[i].min) == first + count - 1);
			assert_true(fabs(windows[i].stddev - sqrt((count * count - 1) / 12)) < 1e-9);
		}
	}
}

/* A window of any size: each call looks at so many points, and the sum is the same. */
static void test_windows_larger_than_a_call(void **state)
{
	enum { MANY = 2 * CURSOR_SCAN_MAX + 10 };
	struct core *core = *state;
	const int64_t start_us = 3660 * MOMENT_DAY_US; /* where no other test looks */
	struct range range = {start_us, start_us + MANY};
	struct selection_series series;
	struct selection selection = {&series, 1};
	struct cursor_window window;
	struct cursor cursor;
	size_t n, calls = 0;
	struct points_row *rows = calloc(MANY, sizeof(*rows));
	assert_non_null(rows);
	for (int i = 0; i < MANY; i++)
		rows[i] = (struct points_row){1, start_us + i, 1};
	assert_int_equal(points_write(core->db, rows, MANY), 0);
	free(rows);
	select_times(&series, 1, &range, 1);
	cursor_init_windows(&cursor, core->db, &selection, 366 * MOMENT_DAY_US);
	do {
		assert_true(cursor_has_windows(&cursor));
		assert_int_equal(cursor_windows(&cursor, &window, 1, &n), 0);
		calls++;
	} while (n == 0);
	assert_int_equal(calls, 3);
	assert_true(window.count == MANY && window.avg == 1);
	assert_int_equal(cursor_windows(&cursor, &window, 1, &n), 0);
	assert_true(n == 0 && !cursor_has_windows(&cursor));
}

/* Points outside of what is permitted don't count, and one window over two permitted times is one. */
static void test_windows_of_permitted_times(void **state)
{
	struct core *core = *state;
	struct range parts[] = {{10 * MOMENT_SECOND_US, 20 * MOMENT_SECOND_US}, {50 * MOMENT_SECOND_US,
		70 * MOMENT_SECOND_US}};
	struct selection_series series;
	struct selection selection = {&series, 1};
	struct cursor_window windows[10];
	select_times(&series, 1, parts, 2);
	assert_int_equal(read_windows(core, &selection, MOMENT_MINUTE_US, 3, windows), 2);
	assert_true(windows[0].count == 20 && windows[0].min == 10 && windows[0].max == 59);
	assert_true(windows[1].count == 10 && windows[1].start_us == MOMENT_MINUTE_US);
}

/* Before 1970 windows begin at multiples too. */
static void test_windows_before_1970(void **state)
{
	struct core *core = *state;
	struct range all = {MOMENT_MIN_US, MOMENT_END_US};
	struct selection_series series;
	struct selection selection = {&series, 1};
	struct cursor_window windows[10];
	core_write(core, 3, -1, 1);
	core_write(core, 3, -MOMENT_MINUTE_US, 2);
	core_write(core, 3, -MOMENT_MINUTE_US - 1, 3);
	core_write(core, 3, 0, 4);
	select_times(&series, 3, &all, 1);
	assert_int_equal(read_windows(core, &selection, MOMENT_MINUTE_US, 10, windows), 3);
	assert_true(windows[0].start_us == -2 * MOMENT_MINUTE_US && windows[0].count == 1);
	assert_true(windows[1].start_us == -MOMENT_MINUTE_US && windows[1].count == 2 && windows[1].avg == 1.5);
	assert_true(windows[2].start_us == 0 && windows[2].stddev == 0);
}

/* A small spread on a large offset: sums of squares lose all of it. */
static void test_stddev_is_sound(void **state)
{
	struct core *core = *state;
	struct range all = {MOMENT_MIN_US, MOMENT_END_US};
	struct selection_series series;
	struct selection selection = {&series, 1};
	struct cursor_window window[2];
	for (int i = 0; i < 10; i++)
		core_write(core, 4, i, 1e9 + i % 2);
	select_times(&series, 4, &all, 1);
	assert_int_equal(read_windows(core, &selection, MOMENT_MINUTE_US, 1, window), 1);
	assert_true(fabs(window[0].stddev - 0.5) < 1e-7 && fabs(window[0].avg - 1e9 - 0.5) < 1e-6);
}

static void test_nothing(void **state)
{
	struct core *core = *state;
	struct range past = {MOMENT_MIN_US, MOMENT_MIN_US + 1};
	struct selection_series series;
	struct selection empty = {0}, selection = {&series, 1};
	struct cursor_window windows[2];
	struct cursor_point points[2];
	struct cursor cursor;
	size_t n = 7;
	select_times(&series, 1, &past, 1);
	assert_int_equal(read_windows(core, &empty, MOMENT_MINUTE_US, 1, windows), 0);
	assert_int_equal(read_windows(core, &selection, MOMENT_MINUTE_US, 1, windows), 0);
	cursor_init(&cursor, core->db, &selection);
	assert_int_equal(cursor_points(&cursor, points, 2, &n), 0);
	assert_int_equal(n, 0);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {{"", 0},      {"m", 0},   {"0m", 0},   {"-1m", 0},  {"1", 0},       {"1.5m", 0}, {"1w", 0},
		    {"367d", 0},  {"1M", 0},  {"01m", 0},  {"1 m", 0},  {"99999999999999999999s", 0},
		    {"1s", MOMENT_SECOND_US}, {"10m", 10 * MOMENT_MINUTE_US}, {"24h", MOMENT_DAY_US}, {"366d",
			366 * MOMENT_DAY_US}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t us = 0;
		int rc = cursor_parse_window(str_of(rows[i].text), &us);
		if (rc != (rows[i].us ? 0 : E_STATISTICS_WINDOW) || us != rows[i].us)
			fail_msg("%s: %d", rows[i].text, rc);
	}
	enum cursor_function function;
	assert_int_equal(cursor_find_function(STR("median"), &function), E_STATISTICS_FUNCTION);
	assert_int_equal(cursor_find_function(STR("AVG"), &function), E_STATISTICS_FUNCTION);
	for (unsigned i = 0; i < CURSOR_FUNCTIONS; i++) {
		assert_int_equal(cursor_find_function(str_of(cursor_function_name((enum cursor_function)i)),
			&function), 0);
		assert_true(function == i);
	}
	const struct cursor_window window = {.avg = 1, .min = 2, .max = 3, .count = 4, .stddev = 5};
	for (unsigned i = 0; i < CURSOR_FUNCTIONS; i++)
		assert_true(cursor_value(&window, (enum cursor_function)i) == i + 1.0);
}

static int setup(void **state)
{
	static struct core core;
	core_open(&core);
	fill(&core);
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
		cmocka_unit_test(test_points_in_pieces),   cmocka_unit_test(test_windows),
		cmocka_unit_test(test_windows_of_permitted_times), cmocka_unit_test(test_windows_before_1970),
		cmocka_unit_test(test_stddev_is_sound),    cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_names),              cmocka_unit_test(test_windows_larger_than_a_call)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
