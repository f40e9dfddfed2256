/* The time range of a request, half-open. Now is a Wednesday, 2024-02-28, 12:34:56.5. */
#include "core.h"

#include "series/range.h"

#define NOW "2024-02-28T12:34:56.500000Z"

/* "name=value&name=value" as range_params; p NULL where nothing is. */
static struct range_params read_params(const char *text)
{
	struct range_params params = {0};
	const struct {
		const char *name;
		struct str *to;
	} names[] = {{"from", &params.from},   {"to", &params.to},     {"from_epoch", &params.from_epoch},
		     {"to_epoch", &params.to_epoch}, {"since", &params.since}, {"last", &params.last},
		     {"year", &params.year},   {"month", &params.month}, {"day", &params.day}};
	struct str pair, name, value, rest = str_of(text);
	for (bool more = rest.len > 0; more;) {
		more = str_cut(rest, '&', &pair, &rest);
		pair = more ? pair : rest;
		assert_true(str_cut(pair, '=', &name, &value));
		for (size_t i = 0; i < COUNT(names); i++)
			if (str_eq(name, str_of(names[i].name)))
				*names[i].to = value;
	}
	return params;
}

static const struct {
	const char *params;
	int verdict;
	const char *from, *to;
} rows[] = {
	/* malformed */
	{"from=", E_RANGE_SYNTAX, NULL, NULL},
	{"from=yesterday", E_RANGE_SYNTAX, NULL, NULL},
	{"from=2024-02-30", E_RANGE_SYNTAX, NULL, NULL},
	{"from=2024-02-01T00:00:00", E_RANGE_SYNTAX, NULL, NULL},
	{"from_epoch=now", E_RANGE_SYNTAX, NULL, NULL},
	{"from_epoch=1e9", E_RANGE_SYNTAX, NULL, NULL},
	{"since=", E_RANGE_SYNTAX, NULL, NULL},
	{"since=day", E_RANGE_SYNTAX, NULL, NULL},
	{"since=0days", E_RANGE_SYNTAX, NULL, NULL},
	{"since=-1day", E_RANGE_SYNTAX, NULL, NULL},
	{"since=1.5hours", E_RANGE_SYNTAX, NULL, NULL},
	{"since=1 day", E_RANGE_SYNTAX, NULL, NULL},
	{"since=1Day", E_RANGE_SYNTAX, NULL, NULL},
	{"since=1fortnight", E_RANGE_SYNTAX, NULL, NULL},
	{"since=10000years", E_RANGE_SYNTAX, NULL, NULL},
	{"since=999999999weeks", E_RANGE_SYNTAX, NULL, NULL},
	{"since=99999999999999999999seconds", E_RANGE_SYNTAX, NULL, NULL},
	{"last=9999months9", E_RANGE_SYNTAX, NULL, NULL},
	{"last=999999999months", E_RANGE_SYNTAX, NULL, NULL},
	{"year=0", E_RANGE_SYNTAX, NULL, NULL},
	{"year=10000", E_RANGE_SYNTAX, NULL, NULL},
	{"year=+24", E_RANGE_SYNTAX, NULL, NULL},
	{"year=2024&month=13", E_RANGE_SYNTAX, NULL, NULL},
	{"year=2023&month=2&day=29", E_RANGE_SYNTAX, NULL, NULL},
	{"year=2024&month=4&day=31", E_RANGE_SYNTAX, NULL, NULL},
	{"year=2024&month=4&day=", E_RANGE_SYNTAX, NULL, NULL},
	/* contradictions */
	{"from=2024-01-01&from_epoch=1", E_RANGE_CONFLICT, NULL, NULL},
	{"to=2024-01-01&to_epoch=1", E_RANGE_CONFLICT, NULL, NULL},
	{"from=2024-01-01&since=1day", E_RANGE_CONFLICT, NULL, NULL},
	{"to=2024-01-01&since=1day", E_RANGE_CONFLICT, NULL, NULL},
	{"since=1day&last=1day", E_RANGE_CONFLICT, NULL, NULL},
	{"year=2024&from=2024-01-01", E_RANGE_CONFLICT, NULL, NULL},
	{"year=2024&last=1day", E_RANGE_CONFLICT, NULL, NULL},
	{"month=2", E_RANGE_CONFLICT, NULL, NULL},
	{"day=2", E_RANGE_CONFLICT, NULL, NULL},
	{"year=2024&day=2", E_RANGE_CONFLICT, NULL, NULL},
	/* order */
	{"from=2024-01-02&to=2024-01-01", E_RANGE_ORDER, NULL, NULL},
	{"from=2024-01-01&to=2024-01-01", E_RANGE_ORDER, NULL, NULL},
	{"from=2025-01-01", E_RANGE_ORDER, NULL, NULL}, /* until now */
	{"to=0001-01-01T00:30:00Z", E_RANGE_SYNTAX, NULL, NULL},
	/* taken */
	{"", 0, "2024-02-28T11:34:56.500000Z", NOW},
	{"from=2024-01-01&to=2024-02-01", 0, "2024-01-01", "2024-02-01"},
	{"from=2024-01-01T00:00:00+01:00&to=2024-01-01", 0, "2023-12-31T23:00:00Z", "2024-01-01"},
	{"from=2024-01-01T00:00:00 01:00&to=2024-01-01", 0, "2023-12-31T23:00:00Z", "2024-01-01"},
	{"from=2024-01-01T00:00:00.000001Z&to=2024-01-01T00:00:00.000002Z", 0, "2024-01-01T00:00:00.000001Z",
	 "2024-01-01T00:00:00.000002Z"},
	{"from=2024-01-01", 0, "2024-01-01", NOW},
	{"to=2024-01-01", 0, "2023-12-31T23:00:00Z", "2024-01-01"},
	{"to=2030-01-01&from=2024-01-01", 0, "2024-01-01", "2030-01-01"},
	{"from_epoch=0&to_epoch=1.5", 0, "1970-01-01", "1970-01-01T00:00:01.5Z"},
	{"from_epoch=-1&to=1970-01-01", 0, "1969-12-31T23:59:59Z", "1970-01-01"},
	{"since=1day", 0, "2024-02-27T12:34:56.500000Z", NOW},
	{"since=6hours", 0, "2024-02-28T06:34:56.500000Z", NOW},
	{"since=6h", 0, "2024-02-28T06:34:56.500000Z", NOW},
	{"since=1m", 0, "2024-02-28T12:33:56.500000Z", NOW},
	{"since=90min", 0, "2024-02-28T11:04:56.500000Z", NOW},
	{"since=3months", 0, "2023-11-28T12:34:56.500000Z", NOW},
	{"since=1year", 0, "2023-02-28T12:34:56.500000Z", NOW},
	{"last=1second", 0, "2024-02-28T12:34:55Z", "2024-02-28T12:34:56Z"},
	{"last=15minutes", 0, "2024-02-28T12:19:00Z", "2024-02-28T12:34:00Z"},
	{"last=1hour", 0, "2024-02-28T11:00:00Z", "2024-02-28T12:00:00Z"},
	{"last=1day", 0, "2024-02-27", "2024-02-28"},
	{"last=2weeks", 0, "2024-02-12", "2024-02-26"}, /* a Monday */
	{"last=1month", 0, "2024-01-01", "2024-02-01"},
	{"last=14months", 0, "2022-12-01", "2024-02-01"},
	{"last=2years", 0, "2022-01-01", "2024-01-01"},
	{"year=2024", 0, "2024-01-01", "2025-01-01"},
	{"year=2024&month=2", 0, "2024-02-01", "2024-03-01"},
	{"year=2024&month=02&day=29", 0, "2024-02-29", "2024-03-01"},
	{"year=2023&month=12", 0, "2023-12-01", "2024-01-01"},
	{"year=2023&month=12&day=31", 0, "2023-12-31", "2024-01-01"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct range_params params = read_params(rows[i].params);
		struct range range = {-1, -1};
		int rc = range_parse(&params, core_us(NOW), &range);
		if (rc != rows[i].verdict)
			fail_msg("%s: %d, want %d", rows[i].params, rc, rows[i].verdict);
		if (rc < 0)
			assert_true(range.from_us == -1 && range.to_us == -1);
		else if (range.from_us != core_us(rows[i].from) || range.to_us != core_us(rows[i].to))
			fail_msg("%s: %lld to %lld", rows[i].params, (long long)range.from_us, (long long)range.to_us);
	}
}

/* A month back from the 31st ends on the last day of a shorter month. */
static void test_month_lengths(void **state)
{
	(void)state;
	static const struct {
		const char *now, *params, *from;
	} cases[] = {
		{"2024-03-31T00:00:00Z", "since=1month", "2024-02-29"},
		{"2023-03-31T00:00:00Z", "since=1month", "2023-02-28"},
		{"2024-02-29T00:00:00Z", "since=1year", "2023-02-28"},
		{"2024-02-29T00:00:00Z", "since=4years", "2020-02-29"},
		{"2024-01-01T00:00:00Z", "last=1day", "2023-12-31"},
		{"2024-03-01T00:00:00Z", "last=1day", "2024-02-29"},
		{"1969-12-31T12:00:00Z", "last=1day", "1969-12-30"}, /* before 1970 too */
		{"1969-12-28T12:00:00Z", "last=1week", "1969-12-15"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct range_params params = read_params(cases[i].params);
		struct range range;
		assert_int_equal(range_parse(&params, core_us(cases[i].now), &range), 0);
		if (range.from_us != core_us(cases[i].from))
			fail_msg("%s at %s", cases[i].params, cases[i].now);
	}
}

/* An absent parameter is none; an empty one is malformed. */
static void test_last_moment(void **state)
{
	(void)state;
	struct range_params params = read_params("year=9999&month=12&day=31");
	struct range range;
	assert_int_equal(range_parse(&params, 0, &range), 0);
	assert_true(range.to_us == MOMENT_END_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_month_lengths),
					   cmocka_unit_test(test_last_moment)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
