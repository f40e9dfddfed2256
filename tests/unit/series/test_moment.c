/* Moments: ISO 8601 and RFC 3339 5.6 in, RFC 3339 out. */
#include "core.h"

static const struct {
	const char *text;
	bool good;
	const char *same; /* as it is written */
} rows[] = {
	/* refused */
	{"", false, NULL},
	{"2024", false, NULL},
	{"2024-01", false, NULL},
	{"2024-1-1", false, NULL},
	{"24-01-01", false, NULL},
	{"2024-13-01", false, NULL},
	{"2024-00-01", false, NULL},
	{"2024-01-00", false, NULL},
	{"2024-04-31", false, NULL},
	{"2023-02-29", false, NULL},
	{"1900-02-29", false, NULL},
	{"0000-01-01", false, NULL},
	{"2024-01-01T", false, NULL},
	{"2024-01-01T00:00:00", false, NULL}, /* no zone */
	{"2024-01-01T00Z", false, NULL},
	{"2024-01-01T24:00:00Z", false, NULL},
	{"2024-01-01T23:60:00Z", false, NULL},
	{"2024-01-01T23:59:60Z", false, NULL},
	{"2024-01-01T00:00:00.Z", false, NULL},
	{"2024-01-01T00:00:00.1234567Z", false, NULL}, /* would have to be rounded */
	{"2024-01-01T00:00:00ZZ", false, NULL},
	{"2024-01-01T00:00:00+24:00", false, NULL},
	{"2024-01-01T00:00:00+01:60", false, NULL},
	{"2024-01-01T00:00:00+1", false, NULL},
	{"2024-01-01T00:00:00+01:", false, NULL},
	{"2024-01-01T00:00:00 01:00", false, NULL},
	{"2024-01-01 ", false, NULL},
	{" 2024-01-01", false, NULL},
	{"2024/01/01", false, NULL},
	{"+2024-01-01", false, NULL},
	{"0001-01-01T00:00:00+01:00", false, NULL}, /* before year 1 */
	{"9999-12-31T23:59:59-01:00", false, NULL}, /* behind year 9999 */
	/* taken */
	{"1970-01-01", true, "1970-01-01T00:00:00.000000Z"},
	{"0001-01-01", true, "0001-01-01T00:00:00.000000Z"},
	{"9999-12-31T23:59:59.999999Z", true, "9999-12-31T23:59:59.999999Z"},
	{"1969-12-31T23:59:59.999999Z", true, "1969-12-31T23:59:59.999999Z"},
	{"2024-02-29", true, "2024-02-29T00:00:00.000000Z"},
	{"2000-02-29T12:00Z", true, "2000-02-29T12:00:00.000000Z"},
	{"2024-01-01t01:02:03z", true, "2024-01-01T01:02:03.000000Z"},
	{"2024-01-01 01:02:03Z", true, "2024-01-01T01:02:03.000000Z"},
	{"2024-01-01T01:02:03.5Z", true, "2024-01-01T01:02:03.500000Z"},
	{"2024-01-01T01:02:03.123456000Z", true, "2024-01-01T01:02:03.123456Z"},
	{"2024-01-01T00:30:00+01:00", true, "2023-12-31T23:30:00.000000Z"},
	{"2024-02-28T23:30:00-0130", true, "2024-02-29T01:00:00.000000Z"},
	{"2024-01-01T00:00:00+05", true, "2023-12-31T19:00:00.000000Z"},
	{"1600-03-01T00:00:00Z", true, "1600-03-01T00:00:00.000000Z"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t us = 77;
		char text[MOMENT_TEXT_LEN];
		int rc = moment_parse(str_of(rows[i].text), &us);
		if (rc != (rows[i].good ? 0 : E_SYNTAX))
			fail_msg("%s: %d", rows[i].text, rc);
		if (rc < 0) {
			assert_int_equal(us, 77);
			continue;
		}
		moment_write(us, text);
		if (!str_eq(str_mem(text, sizeof(text)), str_of(rows[i].same)))
			fail_msg("%s: %.*s", rows[i].text, MOMENT_TEXT_LEN, text);
	}
}

static const struct {
	const char *text;
	bool good;
	int64_t us;
} epochs[] = {
	{"", false, 0},          {"-", false, 0},           {"+1", false, 0},       {".5", false, 0},
	{"1.", false, 0},        {"1e3", false, 0},         {"0x10", false, 0},     {" 1", false, 0},
	{"1.0000001", false, 0}, {"1234567890123", false, 0}, {"253402300800", false, 0}, {"-62135596801", false, 0},
	{"0", true, 0},          {"1", true, 1000000},      {"-1", true, -1000000}, {"1.5", true, 1500000},
	{"-0.000001", true, -1}, {"1767225600", true, 1767225600000000},
	{"253402300799.999999", true, MOMENT_END_US - 1},   {"-62135596800", true, MOMENT_MIN_US},
};

static void test_epochs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(epochs); i++) {
		int64_t us = 0;
		int rc = moment_parse_epoch(str_of(epochs[i].text), &us);
		if ((rc == 0) != epochs[i].good || us != epochs[i].us)
			fail_msg("%s: %d %lld", epochs[i].text, rc, (long long)us);
	}
}

/* Every day of 800 years, counted by hand. */
static void test_calendar(void **state)
{
	(void)state;
	int64_t us = moment_of_date((struct moment_date){1600, 1, 1});
	for (int year = 1600; year < 2400; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= moment_days_in(year, month); day++, us += MOMENT_DAY_US) {
				struct moment_date date = moment_date_of(us + MOMENT_DAY_US - 1);
				assert_true(date.year == year && date.month == month && date.day == day);
				assert_true(moment_of_date(date) == us);
			}
		}
	}
	assert_true(us == moment_of_date((struct moment_date){2399, 13, 1}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_epochs),
					   cmocka_unit_test(test_calendar)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
