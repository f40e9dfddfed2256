/*
 * Storing points. A point of a series at a moment has one value; writing it again replaces it, so every write may be
 * repeated. Thread-safe; blocks (SQLite).
 */
#ifndef SERIES_POINTS_H
#define SERIES_POINTS_H

#include "series/series_db.h"

struct points_row {
	int64_t series;  /* number in the database: catalog_find */
	int64_t time_us; /* within moment.h's bounds */
	double value;    /* finite */
};

/*
 * All rows in one transaction, or none; of equal ones the last counts. The rows are sorted in place. E_LOCKED: an
 * import is running. E_STORE, E_NOMEM.
 */
must_check int points_write(struct series_db *db, struct points_row *rows, size_t n);
/* The same inside a transaction of the caller. */
must_check int points_put(struct db *db, struct points_row *rows, size_t n);
/*
 * A number: [-+]digits[.digits][e[-+]digits]. E_SERIES_VALUE: anything else, "nan", "inf", or too large for a double.
 */
must_check int points_parse_value(struct str text, double *ret_value);

#endif
