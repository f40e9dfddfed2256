/*
 * Answers that stream. A cursor is a small struct in the caller's memory; each call fills an array with what comes next
 * and holds no connection, no statement and no transaction between calls, so an answer of any size takes constant
 * memory, and a client that reads slowly is in nobody's way.
 *
 * Order: by series as in the selection, then by time. A point that is written while an answer streams is in it or not;
 * no point is there twice.
 *
 * One cursor belongs to one thread at a time. Blocks (SQLite): on pool threads.
 */
#ifndef SERIES_CURSOR_H
#define SERIES_CURSOR_H

#include "series/selection.h"

struct cursor_point {
	size_t series; /* index in the selection */
	int64_t time_us;
	double value;  /* finite */
};

struct cursor {
	struct series_db *db;
	const struct selection *selection;
	size_t series, time; /* where to go on: index in the selection, index of its times */
	int64_t next_us;     /* INT64_MIN: at the beginning of that time */
	struct cursor_stats {
		int64_t window_us;
		bool open; /* a window is being filled */
		size_t series;
		int64_t start_us;
		uint64_t count;
		double mean, m2, min, max; /* Welford */
	} stats;
};

/* The selection (made with a range) must outlive the cursor. */
void cursor_init(struct cursor *cursor, struct series_db *db, const struct selection *selection);
/* Up to max more points; *ret_n == 0: that was all. E_STORE, E_NOMEM: the cursor is where it was. */
must_check int cursor_points(struct cursor *cursor, struct cursor_point *points, size_t max, size_t *ret_n);

/* Aggregates of one window of one series. Windows without a point don't come. */
struct cursor_window {
	size_t series;
	int64_t start_us; /* a multiple of the window since 1970-01-01T00:00:00Z */
	uint64_t count;
	double avg, min, max;
	double stddev; /* of the population: 0 for a single point */
};
enum cursor_function { CURSOR_AVG, CURSOR_MIN, CURSOR_MAX, CURSOR_COUNT, CURSOR_STDDEV, CURSOR_FUNCTIONS };

/* "avg", "min", "max", "count", "stddev". E_STATISTICS_FUNCTION. */
must_check int cursor_find_function(struct str name, enum cursor_function *ret_function);
const char *cursor_function_name(enum cursor_function function);
double cursor_value(const struct cursor_window *window, enum cursor_function function);
/* "10m": a number and one of s, m, h, d. 1 s to 366 d. E_STATISTICS_WINDOW. */
must_check int cursor_parse_window(struct str text, int64_t *ret_us);

/* Instead of cursor_init, for cursor_windows: points outside of what is permitted don't count in any window. */
void cursor_init_windows(struct cursor *cursor, struct series_db *db, const struct selection *selection,
			 int64_t window_us);
/* Points that one call looks at: others wait for the thread, and the peer may be gone. */
enum { CURSOR_SCAN_MAX = 65536 };
/*
 * Up to max more windows. *ret_n == 0: that was all, or, while cursor_has_windows, a window has more points than one
 * call looks at. E_STORE, E_NOMEM: as above.
 */
must_check int cursor_windows(struct cursor *cursor, struct cursor_window *windows, size_t max, size_t *ret_n);
/* Whether there may be more: ask again. */
bool cursor_has_windows(const struct cursor *cursor);

#endif
