/* Storing points; see points.h. */
#include "series/points.h"

#include <math.h>
#include <stdlib.h>

#include "base/fault.h"

static bool is_before(const struct points_row *a, const struct points_row *b)
{
	return a->series != b->series ? a->series < b->series : a->time_us < b->time_us;
}

static bool is_sorted(const struct points_row *rows, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (is_before(&rows[i], &rows[i - 1]))
			return false;
	return true;
}

static void merge(struct points_row *to, const struct points_row *from, size_t n_left, size_t n)
{
	size_t left = 0, right = n_left;
	for (size_t i = 0; i < n; i++) {
		bool take_right = left == n_left || (right < n && is_before(&from[right], &from[left]));
		to[i] = from[take_right ? right++ : left++];
	}
}

/* Merge sort, which keeps equal rows in their order: of two values of one moment the later one counts. */
static int sort(struct points_row *rows, size_t n)
{
	if (is_sorted(rows, n))
		return 0;
	struct points_row *spare = fault_hit(FAULT_ALLOC) ? NULL : malloc(n * sizeof(*spare));
	if (!spare)
		return E_NOMEM;
	struct points_row *from = rows, *to = spare;
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t at = 0; at < n; at += 2 * width) {
			size_t left = n - at < width ? n - at : width;
			size_t both = n - at < 2 * width ? n - at : 2 * width;
			merge(to + at, from + at, left, both);
		}
		struct points_row *turn = from;
		from = to;
		to = turn;
	}
	if (from != rows)
		memcpy(rows, from, n * sizeof(*rows));
	free(spare);
	return 0;
}

static int put_row(struct query *query, const struct points_row *row)
{
	sqlite3_stmt *stmt = query->stmt;
	if (fault_hit(FAULT_STORE))
		return E_STORE;
	TRY(db_error(query->db, sqlite3_bind_int64(stmt, 1, row->series)));
	TRY(db_error(query->db, sqlite3_bind_int64(stmt, 2, row->time_us)));
	TRY(db_error(query->db, sqlite3_bind_double(stmt, 3, row->value)));
	TRY(db_error(query->db, sqlite3_step(stmt)));
	return db_error(query->db, sqlite3_reset(stmt));
}

/* Sorted, so that neighbours in the file are written one after the other. */
int points_put(struct db *db, struct points_row *rows, size_t n)
{
	TRY(sort(rows, n));
	_cleanup_(query_done) struct query query = query_of(
		db, "INSERT INTO point (series, time_us, value) VALUES (?, ?, ?) "
		    "ON CONFLICT (series, time_us) DO UPDATE SET value = excluded.value");
	TRY(query_status(&query));
	for (size_t i = 0; i < n; i++)
		TRY(put_row(&query, &rows[i]));
	return 0;
}

int points_write(struct series_db *db, struct points_row *rows, size_t n)
{
	_cleanup_(series_db_write_end) struct series_db_writer writer = {0};
	if (n == 0)
		return 0;
	TRY(series_db_write(db, &writer));
	TRY(points_put(writer.db, rows, n));
	return series_db_commit(&writer);
}

/* --- numbers --- */

struct number {
	bool negative;
	uint64_t mantissa; /* of the first 19 digits */
	int exponent;      /* of ten */
	bool exact;        /* no digit was dropped */
};

static size_t take_digits(struct str text, size_t at, bool fraction, struct number *number)
{
	enum { DIGITS_MAX = 19 };
	const uint64_t full = UINT64_C(1000000000000000000);
	size_t n = 0;
	for (; at + n < text.len && text.p[at + n] >= '0' && text.p[at + n] <= '9'; n++) {
		bool room = number->mantissa < full;
		if (room)
			number->mantissa = number->mantissa * 10 + (uint64_t)(text.p[at + n] - '0');
		else if (text.p[at + n] != '0')
			number->exact = false;
		number->exponent += (room ? 0 : 1) - (fraction ? 1 : 0);
	}
	return n;
}

/* "e-12"; the number of bytes, 0 when there is no exponent, SIZE_MAX when it is malformed. */
static size_t take_exponent(struct str text, size_t at, struct number *number)
{
	enum { EXPONENT_MAX = 9999 };
	size_t begin = at, digits = 0;
	int value = 0;
	if (at == text.len || (text.p[at] | 0x20) != 'e')
		return 0;
	at++;
	bool minus = at < text.len && text.p[at] == '-';
	at += at < text.len && (text.p[at] == '-' || text.p[at] == '+');
	for (; at < text.len && text.p[at] >= '0' && text.p[at] <= '9'; at++, digits++)
		value = value < EXPONENT_MAX ? value * 10 + text.p[at] - '0' : value;
	number->exponent += minus ? -value : value;
	return digits > 0 ? at - begin : SIZE_MAX;
}

/* The grammar is checked; what the short way can't do exactly is left to strtod. */
static int read_number(struct str text, struct number *number)
{
	size_t at = 0;
	if (text.len > 0 && (text.p[0] == '-' || text.p[0] == '+'))
		number->negative = text.p[at++] == '-';
	size_t whole = take_digits(text, at, false, number), part = 0;
	at += whole;
	if (at < text.len && text.p[at] == '.') {
		part = take_digits(text, ++at, true, number);
		at += part;
		if (part == 0)
			return E_SERIES_VALUE;
	}
	size_t exponent = take_exponent(text, at, number);
	if (whole == 0 || exponent == SIZE_MAX || at + exponent != text.len)
		return E_SERIES_VALUE;
	return 0;
}

static int read_long_way(struct str text, double *ret_value)
{
	enum { LONGEST = 400 };
	char copy[LONGEST + 1];
	if (text.len > LONGEST)
		return E_SERIES_VALUE;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	double value = strtod(copy, NULL); /* the grammar is ours already: a point, no hexadecimal, no name */
	if (!isfinite(value))
		return E_SERIES_VALUE;
	*ret_value = value;
	return 0;
}

int points_parse_value(struct str text, double *ret_value)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
					1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	const int powers_max = 22;
	struct number number = {.exact = true};
	TRY(read_number(text, &number));
	int exponent = number.exponent;
	/* both factors are exact doubles, so one rounding gives the nearest one */
	if (!number.exact || number.mantissa >= UINT64_C(1) << 53 || exponent > powers_max || exponent < -powers_max)
		return read_long_way(text, ret_value);
	double value = (double)number.mantissa;
	value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
	*ret_value = number.negative ? -value : value;
	return 0;
}
