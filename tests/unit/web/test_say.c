/* say.c: times and pictures as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/say.h"

static void reads_days_that_exist(void **state)
{
	static const struct {
		const char *text;
		int64_t end_s; /* -1: none */
	} rows[] = {
		{"", -1}, {"2027-02-30", -1}, {"2027-13-01", -1}, {"2027-00-01", -1}, {"2027-01-00", -1},
		{"1969-12-31", -1},
		{"2027-1-01", -1}, {"2027/01/01", -1}, {"20270101", -1}, {"2027-01-01x", -1}, {"+027-01-01", -1},
		{"2027-01- 1", -1}, {"1970-01-01", 86400}, {"2024-02-29", 1709251200}, {"2027-01-31", 1801440000},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t end_s = -1;
		int rc = say_parse_day(str_of(rows[i].text), &end_s);
		assert_int_equal(rc, rows[i].end_s < 0 ? E_SYNTAX : 0);
		assert_int_equal(end_s, rows[i].end_s);
	}
}

static void says_how_long_ago(void **state)
{
	static const struct {
		int64_t t_s;
		const char *text;
	} rows[] = {
		{0, ""}, {1000000, "0 seconds ago"}, {999999, "1 second ago"}, {999940, "1 minute ago"},
		{999160, "14 minutes ago"}, {1000000 - 7200, "2 hours ago"}, {1000000 - 86400 * 3, "3 days ago"},
		{1003600, "in 1 hour"}, {1000000 + 86400 * 30, "in 30 days"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		struct page_vars *vars;
		struct buf out;
		arena_init(&arena, 65536);
		buf_init(&out, 4096);
		assert_int_equal(page_vars_new(&arena, &vars), 0);
		say_ago(vars, "ago", rows[i].t_s, 1000000);
		say_time(vars, "time", rows[i].t_s);
		assert_int_equal(page_fill(STR("{{ago}}"), vars, &out), 0);
		assert_true(str_eq(buf_str(&out), str_of(rows[i].text)));
		buf_done(&out);
		arena_done(&arena);
	}
}

static void draws_bars(void **state)
{
	static const int64_t some[] = {0, 1, 1000000, INT64_MAX / 2}, none[30] = {0};
	struct arena arena;
	struct str path;
	(void)state;
	arena_init(&arena, 65536);
	assert_int_equal(say_bars(&arena, &(struct say_bars){some, 4, 120, 24, 0, 0, 0}, &path), 0);
	assert_true(str_has_prefix(path, STR("M0.0 24 v-1.0 h21.0 v1.0 z")));
	assert_int_equal(say_bars(&arena, &(struct say_bars){none, 30, 120, 24, 0, 0, 0}, &path), 0);
	for (size_t i = 0; i < path.len; i++)
		assert_non_null(strchr("Mvhz.- 0123456789", path.p[i])); /* nothing that ends an attribute */
	assert_int_equal(say_bars(&arena, &(struct say_bars){some, 4, 120, 24, 0, 1, 2}, &path), 0); /* right half */
	assert_true(str_has_prefix(path, STR("M10.5 24 v-1.0 h10.5 v1.0 z")));
	assert_int_equal(say_bars(&arena, &(struct say_bars){none, 0, 120, 24, 0, 0, 0}, &path), 0);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_days_that_exist),
		cmocka_unit_test(says_how_long_ago),
		cmocka_unit_test(draws_bars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
