/* Answers that stream; see cursor.h. */
#include "series/cursor.h"

#include <math.h>

#include "series/moment.h"

/* Takes one point; false: there is no room, and the cursor stays before it. */
typedef bool (*take_point)(void *context, const struct cursor_point *point);

static void advance(struct cursor *cursor)
{
	cursor->next_us = INT64_MIN;
	if (++cursor->time < cursor->selection->v[cursor->series].times.n)
		return;
	cursor->time = 0;
	cursor->series++;
}

/* The present time of the present series. 1: all of it was taken; 0: no room. */
static int scan_time(struct cursor *cursor, struct db *db, take_point take, void *context)
{
	const struct selection_series *series = &cursor->selection->v[cursor->series];
	const struct range *range = &series->times.v[cursor->time];
	int more;
	_cleanup_(query_done) struct query query = query_of(db,
		"SELECT time_us, value FROM point WHERE series = ? AND time_us >= ? AND time_us < ? ORDER BY time_us");
	query_int(&query, series->match.n);
	query_int(&query, cursor->next_us > range->from_us ? cursor->next_us : range->from_us);
	query_int(&query, range->to_us);
	while ((more = query_next(&query)) > 0) {
		struct cursor_point point = {cursor->series, sqlite3_column_int64(query.stmt, 0),
					     sqlite3_column_double(query.stmt, 1)};
		if (!take(context, &point))
			return 0;
		cursor->next_us = point.time_us + 1;
	}
	return more < 0 ? more : 1;
}

static int scan(struct cursor *cursor, take_point take, void *context)
{
	_cleanup_(series_db_read_end) struct series_db_reader reader = {0};
	if (cursor->series == cursor->selection->n)
		return 0;
	TRY(series_db_read(cursor->db, &reader));
	while (cursor->series < cursor->selection->n) {
		int rc = scan_time(cursor, reader.db, take, context);
		if (rc <= 0)
			return rc;
		advance(cursor);
	}
	return 0;
}

void cursor_init(struct cursor *cursor, struct series_db *db, const struct selection *selection)
{
	*cursor = (struct cursor){.db = db, .selection = selection, .next_us = INT64_MIN};
}

struct points_out {
	struct cursor_point *v;
	size_t n, max;
};

static bool take_into_points(void *context, const struct cursor_point *point)
{
	struct points_out *out = context;
	if (out->n == out->max)
		return false;
	out->v[out->n++] = *point;
	return true;
}

int cursor_points(struct cursor *cursor, struct cursor_point *points, size_t max, size_t *ret_n)
{
	struct points_out out = {points, 0, max};
	struct cursor moved = *cursor;
	TRY(scan(&moved, take_into_points, &out));
	*cursor = moved;
	*ret_n = out.n;
	return 0;
}

/* --- statistics --- */

static const char *const function_names[CURSOR_FUNCTIONS] = {"avg", "min", "max", "count", "stddev"};

int cursor_find_function(struct str name, enum cursor_function *ret_function)
{
	for (unsigned i = 0; i < CURSOR_FUNCTIONS; i++) {
		if (!str_eq(name, str_of(function_names[i])))
			continue;
		*ret_function = (enum cursor_function)i;
		return 0;
	}
	return E_STATISTICS_FUNCTION;
}

const char *cursor_function_name(enum cursor_function function) { return function_names[function]; }

double cursor_value(const struct cursor_window *window, enum cursor_function function)
{
	switch (function) {
	case CURSOR_MIN:
		return window->min;
	case CURSOR_MAX:
		return window->max;
	case CURSOR_COUNT:
		return (double)window->count;
	case CURSOR_STDDEV:
		return window->stddev;
	default:
		return window->avg;
	}
}

int cursor_parse_window(struct str text, int64_t *ret_us)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'s', MOMENT_SECOND_US}, {'m', MOMENT_MINUTE_US}, {'h', MOMENT_HOUR_US}, {'d', MOMENT_DAY_US}};
	const int64_t longest_us = 366 * MOMENT_DAY_US;
	uint64_t n;
	for (size_t i = 0; text.len > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text.p[text.len - 1] != units[i].unit)
			continue;
		struct str digits = {text.p, text.len - 1};
		if (str_to_u64(digits, (uint64_t)(longest_us / units[i].us), &n) < 0 || n == 0)
			return E_STATISTICS_WINDOW;
		*ret_us = (int64_t)n * units[i].us;
		return 0;
	}
	return E_STATISTICS_WINDOW;
}

void cursor_init_windows(struct cursor *cursor, struct series_db *db, const struct selection *selection,
			 int64_t window_us)
{
	cursor_init(cursor, db, selection);
	cursor->stats.window_us = window_us;
}

struct windows_out {
	struct cursor_stats *stats;
	struct cursor_window *v;
	size_t n, max, looked_at;
};

static bool close_window(struct windows_out *out)
{
	struct cursor_stats *stats = out->stats;
	if (!stats->open)
		return true;
	if (out->n == out->max)
		return false;
	double variance = stats->m2 / (double)stats->count;
	out->v[out->n++] = (struct cursor_window){
		.series = stats->series, .start_us = stats->start_us, .count = stats->count,
		.avg = stats->mean, .min = stats->min, .max = stats->max, .stddev = variance > 0 ? sqrt(variance) : 0};
	stats->open = false;
	return true;
}

static void open_window(struct cursor_stats *stats, const struct cursor_point *point, int64_t start_us)
{
	*stats = (struct cursor_stats){.window_us = stats->window_us, .open = true, .series = point->series,
				       .start_us = start_us, .min = point->value, .max = point->value};
}

/* Welford: no sum that grows, no difference of large squares. */
static void count_value(struct cursor_stats *stats, double value)
{
	stats->count++;
	double delta = value - stats->mean;
	stats->mean += delta / (double)stats->count;
	stats->m2 += delta * (value - stats->mean);
	stats->min = value < stats->min ? value : stats->min;
	stats->max = value > stats->max ? value : stats->max;
}

static bool take_into_window(void *context, const struct cursor_point *point)
{
	struct windows_out *out = context;
	struct cursor_stats *stats = out->stats;
	if (out->looked_at == CURSOR_SCAN_MAX)
		return false;
	int64_t over = point->time_us % stats->window_us;
	int64_t start_us = point->time_us - over - (over < 0 ? stats->window_us : 0);
	if (!stats->open || stats->series != point->series || stats->start_us != start_us) {
		if (!close_window(out))
			return false;
		open_window(stats, point, start_us);
	}
	count_value(stats, point->value);
	out->looked_at++;
	return true;
}

bool cursor_has_windows(const struct cursor *cursor)
{
	return cursor->series < cursor->selection->n || cursor->stats.open;
}

int cursor_windows(struct cursor *cursor, struct cursor_window *windows, size_t max, size_t *ret_n)
{
	struct cursor moved = *cursor;
	struct windows_out out = {&moved.stats, windows, 0, max, 0};
	TRY(scan(&moved, take_into_window, &out));
	if (moved.series == moved.selection->n)
		(void)close_window(&out); /* without room it comes with the next call */
	*cursor = moved;
	*ret_n = out.n;
	return 0;
}
