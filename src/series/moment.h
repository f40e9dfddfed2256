/*
 * Moments as microseconds since 1970-01-01T00:00:00Z, in the proleptic Gregorian calendar, years 0001 to 9999; no leap
 * seconds. RFC 3339, ISO 8601. Pure functions, no locale, no time zone of the machine, thread-safe.
 */
#ifndef SERIES_MOMENT_H
#define SERIES_MOMENT_H

#include "base/str.h"

enum { MOMENT_TEXT_LEN = 27 };

#define MOMENT_SECOND_US INT64_C(1000000)
#define MOMENT_MINUTE_US (60 * MOMENT_SECOND_US)
#define MOMENT_HOUR_US (60 * MOMENT_MINUTE_US)
#define MOMENT_DAY_US (24 * MOMENT_HOUR_US)
#define MOMENT_MIN_US INT64_C(-62135596800000000)  /* 0001-01-01 */
#define MOMENT_END_US INT64_C(253402300800000000)  /* 10000-01-01, the first one that is not allowed */

struct moment_date {
	int year, month, day; /* from 1 */
};

/*
 * "2024-02-29" (its first moment in UTC), or "2024-02-29T12:00[:00[.000000]]" and a zone, "Z" or "+01:00" ("+0100",
 * "+01"); a blank may stand for the T. Without a zone a time is refused. Digits behind the sixth of the fraction must
 * be 0, since nothing is rounded. E_SYNTAX: another form, or no such day or time (30 February, 24:00, a second 60).
 */
must_check int moment_parse(struct str text, int64_t *ret_us);
/*
 * Seconds since 1970: [-]digits[.digits], not more than six digits of fraction that are not 0. E_SYNTAX, also outside
 * of years 1 to 9999.
 */
must_check int moment_parse_epoch(struct str text, int64_t *ret_us);
/*
 * "2024-02-29T12:00:00.000000Z": MOMENT_TEXT_LEN characters, no NUL (RFC 3339 5.6). us: within MOMENT_MIN_US and END.
 */
void moment_write(int64_t us, char *ret_text);

/* The first moment of a day that exists; and the other way. moment_of_date takes any month number (13 is January). */
int64_t moment_of_date(struct moment_date date);
struct moment_date moment_date_of(int64_t us);
int moment_days_in(int year, int month);

#endif
