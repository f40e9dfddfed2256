/* See say.h. Pure but for the arena. */
#include "web/say.h"

#include <time.h>

enum { DAY_S = 86400 };

static bool break_down(int64_t t_s, struct tm *ret_tm)
{
	time_t t = (time_t)t_s;
	return t_s != 0 && gmtime_r(&t, ret_tm);
}

void say_time(struct page_vars *vars, const char *name, int64_t t_s)
{
	struct tm tm;
	if (break_down(t_s, &tm))
		page_printf(vars, name, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			    tm.tm_hour, tm.tm_min);
}

void say_clock(struct page_vars *vars, const char *name, int64_t t_s)
{
	struct tm tm;
	if (break_down(t_s, &tm))
		page_printf(vars, name, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

void say_day(struct page_vars *vars, const char *name, int64_t t_s)
{
	struct tm tm;
	if (break_down(t_s, &tm))
		page_printf(vars, name, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void say_ago(struct page_vars *vars, const char *name, int64_t t_s, int64_t now_s)
{
	static const struct {
		int64_t up_to_s, unit_s;
		const char *one, *many;
	} rows[] = {
		{60, 1, "second", "seconds"},
		{3600, 60, "minute", "minutes"},
		{2 * DAY_S, 3600, "hour", "hours"},
		{INT64_MAX, DAY_S, "day", "days"},
	};
	int64_t away_s = t_s > now_s ? t_s - now_s : now_s - t_s;
	size_t i = 0;
	if (t_s == 0)
		return;
	while (away_s >= rows[i].up_to_s)
		i++;
	int64_t n = away_s / rows[i].unit_s;
	page_printf(vars, name, "%s%lld %s%s", t_s > now_s ? "in " : "", (long long)n,
		    n == 1 ? rows[i].one : rows[i].many, t_s > now_s ? "" : " ago");
}

static int parse_number(struct str text, uint64_t max, int *ret_value)
{
	uint64_t value;
	while (text.len > 1 && *text.p == '0')
		text = str_mem(text.p + 1, text.len - 1);
	TRY(str_to_u64(text, max, &value));
	*ret_value = (int)value;
	return 0;
}

int say_parse_day(struct str text, int64_t *ret_end_s)
{
	struct tm tm = {0}, again;
	if (text.len != 10 || text.p[4] != '-' || text.p[7] != '-')
		return E_SYNTAX;
	if (parse_number(str_mem(text.p, 4), 9999, &tm.tm_year) < 0 ||
	    parse_number(str_mem(text.p + 5, 2), 12, &tm.tm_mon) < 0 ||
	    parse_number(str_mem(text.p + 8, 2), 31, &tm.tm_mday) < 0)
		return E_SYNTAX;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mday < 1)
		return E_SYNTAX;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	again = tm;
	time_t t = timegm(&again);
	if (again.tm_mday != tm.tm_mday || again.tm_mon != tm.tm_mon) /* the 30th of February */
		return E_SYNTAX;
	*ret_end_s = (int64_t)t + DAY_S;
	return 0;
}

int say_bars(struct arena *arena, const struct say_bars *bars, struct str *ret_path)
{
	size_t size = bars->n * 48 + 1;
	char *mem = arena_alloc(arena, size);
	struct buf path;
	int64_t max = bars->max > 0 ? bars->max : 1;
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&path, mem, size);
	for (size_t i = 0; bars->max == 0 && i < bars->n; i++)
		max = bars->values[i] > max ? bars->values[i] : max;
	double step = (double)bars->width / (double)(bars->n > 0 ? bars->n : 1);
	double wide = step * 0.7 / (bars->lanes > 0 ? bars->lanes : 1);
	for (size_t i = 0; i < bars->n; i++) {
		double high = (double)bars->values[i] / (double)max * (bars->height - 1);
		if (bars->values[i] > 0 && high < 1)
			high = 1;
		high += 1; /* a day without is a line on the ground */
		buf_printf(&path, "M%.1f %u v-%.1f h%.1f v%.1f z", (double)i * step + bars->lane * wide, bars->height,
			   high, wide, high);
	}
	TRY(buf_status(&path));
	*ret_path = buf_str(&path);
	return 0;
}
