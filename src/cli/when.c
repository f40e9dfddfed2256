/* Durations and moments as people write them; see cli.h. RFC 3339 for dates. */
#include "cli/cli.h"

#include <stdio.h>
#include <time.h>

static const struct {
	char unit;
	int64_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'y', 31536000}};

int when_duration(struct str text, int64_t *ret_s)
{
	int64_t factor = 1;
	uint64_t value;
	for (size_t i = 0; text.len > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text.p[text.len - 1] != units[i].unit)
			continue;
		factor = units[i].seconds;
		text.len--;
		break;
	}
	if (str_to_u64(text, (uint64_t)(INT64_MAX / 2 / factor), &value) < 0)
		return E_SYNTAX;
	*ret_s = (int64_t)value * factor;
	return 0;
}

static int two(const char *p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

/* Every character is a digit where the pattern has '0', else the pattern's own. */
static bool fits(struct str text, const char *pattern)
{
	if (text.len != strlen(pattern))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (pattern[i] == '0' ? text.p[i] < '0' || text.p[i] > '9' : text.p[i] != pattern[i])
			return false;
	return true;
}

static int read_date(struct str text, int64_t *ret_s)
{
	bool with_time = fits(text, "0000-00-00T00:00:00Z");
	if (!with_time && !fits(text, "0000-00-00"))
		return E_SYNTAX;
	struct tm tm = {
		.tm_year = two(text.p) * 100 + two(text.p + 2) - 1900,
		.tm_mon = two(text.p + 5) - 1,
		.tm_mday = two(text.p + 8),
	};
	if (with_time) {
		tm.tm_hour = two(text.p + 11);
		tm.tm_min = two(text.p + 14);
		tm.tm_sec = two(text.p + 17);
	}
	struct tm same = tm;
	time_t t = timegm(&same);
	/* timegm() carries 31 February over into March: such a date is refused */
	if (t < 0 || same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour ||
	    same.tm_min != tm.tm_min)
		return E_SYNTAX;
	*ret_s = (int64_t)t;
	return 0;
}

int when_moment(struct str text, int64_t now_s, int64_t *ret_s)
{
	int64_t duration_s;
	if (str_eq(text, STR("never"))) {
		*ret_s = 0;
		return 0;
	}
	if (read_date(text, ret_s) == 0)
		return 0;
	TRY(when_duration(text, &duration_s));
	if (duration_s == 0)
		return E_SYNTAX;
	*ret_s = now_s + duration_s;
	return 0;
}
