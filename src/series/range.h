/*
 * The time range of a request: half-open, `from` is in it and `to` is not, so neighbouring ranges share no point and
 * leave none out. In UTC. Four ways to say it, of which a request may use one:
 *
 *   from, to (or from_epoch, to_epoch)  an ISO 8601 date or moment; seconds since 1970. Without `to` until now; without
 *                                       `from` the hour before `to`. A blank in the place of a zone's sign is a '+'
 *                                       that the query string lost.
 *   since=6hours                        from so much before now until now
 *   last=1day                           so many whole units until the beginning of the present one (yesterday)
 *   year=2024, month=2, day=29          that year, month or day
 *
 * Units: second, minute, hour, day, week (from Monday), month, year; plural or s, min, m, h, d, w. Months and years are
 * those of the calendar, the day cut to the length of the month. Without any of them: the last hour until now.
 *
 * Pure functions, thread-safe. Fuzzed.
 */
#ifndef SERIES_RANGE_H
#define SERIES_RANGE_H

#include "base/str.h"

struct range {
	int64_t from_us, to_us; /* from_us < to_us, within moment.h's bounds */
};

/*
 * The parameters of the request as they are after decoding; p is NULL for one that is absent. An empty one is
 * malformed.
 */
struct range_params {
	struct str from, to, from_epoch, to_epoch, since, last, year, month, day;
};

/*
 * E_RANGE_SYNTAX: a value that can't be read, a unit that is none, a number of 0 or above 10000 years.
 * E_RANGE_CONFLICT: parameters of two ways, the same end twice, a month without year, a day without month.
 * E_RANGE_ORDER: it would end before it begins, or be empty.
 */
must_check int range_parse(const struct range_params *params, int64_t now_us, struct range *ret_range);

#endif
