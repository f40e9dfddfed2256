/* Durations and moments as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "cli/cli.h"

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t expected; /* -1: refused */
	} rows[] = {
		{"", -1},     {"s", -1},      {"-1", -1},    {"+1", -1},     {"1.5h", -1},  {"1 h", -1}, {"1hh", -1},
		{"h1", -1},   {"01", -1},     {"0x10", -1},  {"1M", -1},     {"99999999999999999999", -1},
		{"9223372036854775807y", -1}, {"0", 0},      {"3600", 3600}, {"90s", 90},   {"15m", 900},
		{"1h", 3600}, {"30d", 2592000}, {"2w", 1209600}, {"1y", 31536000},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t got = -1;
		int rc = when_duration(str_of(rows[i].text), &got);
		if ((rows[i].expected < 0) != (rc < 0) || got != rows[i].expected)
			fail_msg("%s gave %d, %lld", rows[i].text, rc, (long long)got);
	}
}

static void moments(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t expected; /* -1: refused */
	} rows[] = {
		{"", -1},                      {"now", -1},                   {"0", -1},
		{"0d", -1},                    {"2027-02-29", -1},            {"2027-13-01", -1},
		{"2027-00-10", -1},            {"2027-01-32", -1},            {"2027-1-1", -1},
		{"2027-01-01T24:00:00Z", -1},  {"2027-01-01T12:60:00Z", -1},  {"2027-01-01T12:00:00", -1},
		{"2027-01-01T12:00:00+01:00", -1}, {"2027-01-01 12:00:00Z", -1}, {"1960-01-01", -1},
		{"never", 0},                  {"2027-01-31", 1801353600},    {"2028-02-29", 1835395200},
		{"2027-01-31T12:00:01Z", 1801396801}, {"90d", 1000 + 90 * 86400}, {"60", 1060},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t got = -1;
		int rc = when_moment(str_of(rows[i].text), 1000, &got);
		if ((rows[i].expected < 0) != (rc < 0) || (rc == 0 && got != rows[i].expected))
			fail_msg("%s gave %d, %lld", rows[i].text, rc, (long long)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(durations), cmocka_unit_test(moments)};
	return cmocka_run_group_tests_name("cli_when", tests, NULL, NULL);
}
