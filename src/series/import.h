/*
 * CSV -> points. Columns: the series (a UUID, or "{domain}/{name}" that leads to one series), the timestamp (moment.h;
 * or seconds since 1970), the value. A header row may name them in any order: id, series or name; timestamp or time;
 * value; other columns are ignored. Without one they stand in this order.
 *
 * One transaction: nothing of the input is stored when a line is bad, unless bad lines are to be skipped.
 * Single-threaded use; blocks.
 */
#ifndef SERIES_IMPORT_H
#define SERIES_IMPORT_H

#include "series/csv.h"
#include "series/series_db.h"

enum import_header { IMPORT_HEADER_AUTO, IMPORT_HEADER_YES, IMPORT_HEADER_NO };

struct import {
	/* In. */
	enum import_header header;
	bool skip_bad;
	void *context;
	void (*on_progress)(void *context, const struct import *import); /* NULL, or now and then */
	void (*on_bad)(void *context, const struct import *import, uint64_t line, int code); /* NULL, or each one */
	/* Out. */
	uint64_t bytes, lines, points; /* read; records that are points; stored */
	uint64_t n_bad;
	uint64_t bad_line; /* the first bad one; 0: none */
	int bad_code;      /* what is wrong with it */
};

/*
 * read as in csv.h. The code of a bad line: E_CSV_LINE, E_CSV_COLUMNS (too few columns, a header without one of the
 * three), E_SERIES_UNKNOWN, E_SERIES_AMBIGUOUS, E_SERIES_EXPRESSION, E_RANGE_SYNTAX (the timestamp), E_SERIES_VALUE;
 * it is returned too unless skip_bad. E_LOCKED: another import runs. E_STORE, E_NOMEM, what read says.
 */
must_check int import_run(struct import *import, struct series_db *db,
			  int (*read)(void *context, void *mem, size_t size, size_t *ret_n), void *context);

#endif
