/* The time range of a request; see range.h. */
#include "series/range.h"

#include "series/moment.h"

enum { AMOUNT_MAX = 1000000000 };

/* The ways to say a range, as bits. */
enum { WAY_ENDS = 1, WAY_SINCE = 2, WAY_LAST = 4, WAY_CALENDAR = 8 };

struct unit {
	const char *names[3]; /* singular, plural, short */
	int64_t us;           /* 0: calendar months */
	int months;
	int64_t origin_us; /* whole units count from here */
};

static const struct unit units[] = {
	{{"second", "seconds", "s"}, MOMENT_SECOND_US, 0, 0},
	{{"minute", "minutes", "min"}, MOMENT_MINUTE_US, 0, 0},
	{{"m", "m", "m"}, MOMENT_MINUTE_US, 0, 0},
	{{"hour", "hours", "h"}, MOMENT_HOUR_US, 0, 0},
	{{"day", "days", "d"}, MOMENT_DAY_US, 0, 0},
	{{"week", "weeks", "w"}, 7 * MOMENT_DAY_US, 0, -3 * MOMENT_DAY_US}, /* 1969-12-29, a Monday */
	{{"month", "months", "month"}, 0, 1, 0},
	{{"year", "years", "y"}, 0, 12, 0},
};

static int read_amount(struct str text, int64_t *ret_n, const struct unit **ret_unit)
{
	size_t digits = 0;
	uint64_t n;
	while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	struct str name = {text.p + digits, text.len - digits};
	if (str_to_u64((struct str){text.p, digits}, AMOUNT_MAX, &n) < 0 || n == 0)
		return E_RANGE_SYNTAX;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		for (size_t k = 0; k < 3; k++) {
			if (!str_eq(name, str_of(units[i].names[k])))
				continue;
			*ret_n = (int64_t)n;
			*ret_unit = &units[i];
			return 0;
		}
	}
	return E_RANGE_SYNTAX;
}

/* Calendar months before a moment; the day is cut to the length of the month. */
static int months_before(int64_t us, int64_t months, int64_t *ret_us)
{
	struct moment_date date = moment_date_of(us);
	int64_t of_day = us - moment_of_date(date);
	int64_t at = date.year * INT64_C(12) + date.month - 1 - months;
	if (at < 12) /* year 1 */
		return E_RANGE_SYNTAX;
	struct moment_date moved = {(int)(at / 12), (int)(at % 12) + 1, date.day};
	int days = moment_days_in(moved.year, moved.month);
	moved.day = moved.day < days ? moved.day : days;
	*ret_us = moment_of_date(moved) + of_day;
	return 0;
}

static int before(int64_t us, int64_t n, const struct unit *unit, int64_t *ret_us)
{
	if (unit->us == 0)
		return months_before(us, n * unit->months, ret_us);
	if (n > (us - MOMENT_MIN_US) / unit->us)
		return E_RANGE_SYNTAX;
	*ret_us = us - n * unit->us;
	return 0;
}

/* Where the present unit began. */
static int64_t begin_of(int64_t us, const struct unit *unit)
{
	if (unit->us == 0) {
		struct moment_date date = moment_date_of(us);
		return moment_of_date((struct moment_date){date.year, unit->months == 12 ? 1 : date.month, 1});
	}
	int64_t over = (us - unit->origin_us) % unit->us;
	return us - over - (over < 0 ? unit->us : 0);
}

static int read_since(const struct range_params *params, int64_t now_us, struct range *ret_range)
{
	int64_t n;
	const struct unit *unit;
	TRY(read_amount(params->since, &n, &unit));
	ret_range->to_us = now_us;
	return before(now_us, n, unit, &ret_range->from_us);
}

static int read_last(const struct range_params *params, int64_t now_us, struct range *ret_range)
{
	int64_t n;
	const struct unit *unit;
	TRY(read_amount(params->last, &n, &unit));
	ret_range->to_us = begin_of(now_us, unit);
	return before(ret_range->to_us, n, unit, &ret_range->from_us);
}

/* A number of at most four digits, leading zeros allowed ("02"). */
static int read_number(struct str text, int min, int max, int *ret_value)
{
	int value = 0;
	if (text.len == 0 || text.len > 4)
		return E_RANGE_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return E_RANGE_SYNTAX;
		value = value * 10 + text.p[i] - '0';
	}
	if (value < min || value > max)
		return E_RANGE_SYNTAX;
	*ret_value = value;
	return 0;
}

static int read_calendar(const struct range_params *params, int64_t now_us, struct range *ret_range)
{
	struct moment_date from = {0, 1, 1};
	(void)now_us;
	if (!params->year.p || (params->day.p && !params->month.p))
		return E_RANGE_CONFLICT;
	TRY(read_number(params->year, 1, 9999, &from.year));
	if (params->month.p)
		TRY(read_number(params->month, 1, 12, &from.month));
	if (params->day.p)
		TRY(read_number(params->day, 1, moment_days_in(from.year, from.month), &from.day));
	ret_range->from_us = moment_of_date(from);
	if (params->day.p)
		ret_range->to_us = ret_range->from_us + MOMENT_DAY_US;
	else
		ret_range->to_us = moment_of_date((struct moment_date){from.year + !params->month.p,
								       from.month + (params->month.p != NULL), 1});
	return 0;
}

/* In a query string '+' means a blank, so "…T12:00:00+01:00" arrives with one where its sign was. */
static int read_moment(struct str text, int64_t *ret_us)
{
	enum { TIME_BEGINS = 11, LONGEST = 64 };
	char copy[LONGEST];
	if (text.len > sizeof(copy))
		return E_RANGE_SYNTAX;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = text.p[i] == ' ' && i >= TIME_BEGINS ? '+' : text.p[i];
	return moment_parse((struct str){copy, text.len}, ret_us) < 0 ? E_RANGE_SYNTAX : 0;
}

static int read_end(struct str moment, struct str epoch, int64_t otherwise_us, int64_t *ret_us)
{
	if (moment.p && epoch.p)
		return E_RANGE_CONFLICT;
	if (moment.p)
		return read_moment(moment, ret_us);
	if (epoch.p)
		return moment_parse_epoch(epoch, ret_us) < 0 ? E_RANGE_SYNTAX : 0;
	*ret_us = otherwise_us;
	return 0;
}

static int read_ends(const struct range_params *params, int64_t now_us, struct range *ret_range)
{
	TRY(read_end(params->to, params->to_epoch, now_us, &ret_range->to_us));
	return read_end(params->from, params->from_epoch, ret_range->to_us - MOMENT_HOUR_US, &ret_range->from_us);
}

static int find_ways(const struct range_params *params)
{
	int ways = 0;
	if (params->from.p || params->to.p || params->from_epoch.p || params->to_epoch.p)
		ways |= WAY_ENDS;
	if (params->since.p)
		ways |= WAY_SINCE;
	if (params->last.p)
		ways |= WAY_LAST;
	if (params->year.p || params->month.p || params->day.p)
		ways |= WAY_CALENDAR;
	return ways;
}

int range_parse(const struct range_params *params, int64_t now_us, struct range *ret_range)
{
	static const struct {
		int ways;
		int (*read)(const struct range_params *params, int64_t now_us, struct range *ret_range);
	} rows[] = {{0, read_ends}, {WAY_ENDS, read_ends}, {WAY_SINCE, read_since}, {WAY_LAST, read_last},
		    {WAY_CALENDAR, read_calendar}};
	int ways = find_ways(params);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct range range;
		if (rows[i].ways != ways)
			continue;
		TRY(rows[i].read(params, now_us, &range));
		if (range.from_us >= range.to_us)
			return E_RANGE_ORDER;
		if (range.from_us < MOMENT_MIN_US || range.to_us > MOMENT_END_US)
			return E_RANGE_SYNTAX;
		*ret_range = range;
		return 0;
	}
	return E_RANGE_CONFLICT;
}
