/* CSV -> points in one transaction; see import.h. RFC 4180. The command line's process, or a pool thread. */
#include "series/import.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/fault.h"
#include "series/catalog.h"
#include "series/moment.h"
#include "series/points.h"

enum {
	BATCH = 1 << 17,
	PROGRESS_LINES = 1 << 16,
	NAMES_MAX = 64 << 20, /* bytes of memory for names that were seen */
	COLUMNS = 3,
};

enum column { COLUMN_SERIES, COLUMN_TIME, COLUMN_VALUE };

/* A spelling of a series that was looked up, and what came of it. */
struct known {
	struct str text;
	int64_t series;
	int code;
};

struct run {
	struct import *import;
	struct series_db_writer writer;
	struct points_row *rows;
	size_t n_rows;
	size_t columns[COLUMNS];
	bool at_front;
	struct arena arena;
	struct known *known; /* open addressing by hash of the text */
	size_t n_known, known_size;
	const struct known *last;
};

/* --- the series of a line --- */

static uint64_t hash(struct str text)
{
	uint64_t value = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < text.len; i++)
		value = (value ^ (unsigned char)text.p[i]) * UINT64_C(1099511628211);
	return value ^ value >> 32;
}

static struct known *find_place(struct known *known, size_t size, struct str text)
{
	size_t at = hash(text) & (size - 1);
	while (known[at].text.p && !str_eq(known[at].text, text))
		at = (at + 1) & (size - 1);
	return &known[at];
}

static int grow_known(struct run *run)
{
	enum { FIRST = 1024 };
	size_t size = run->known_size > 0 ? 2 * run->known_size : FIRST;
	struct known *larger = fault_hit(FAULT_ALLOC) ? NULL : calloc(size, sizeof(*larger));
	if (!larger)
		return E_NOMEM;
	for (size_t i = 0; i < run->known_size; i++)
		if (run->known[i].text.p)
			*find_place(larger, size, run->known[i].text) = run->known[i];
	free(run->known);
	run->known = larger;
	run->known_size = size;
	run->last = NULL;
	return 0;
}

/* Codes that say something about the line; others end the import. */
static bool is_bad_line(int code)
{
	static const int codes[] = {E_CSV_LINE,          E_CSV_COLUMNS,       E_SERIES_UNKNOWN, E_SERIES_AMBIGUOUS,
				    E_SERIES_EXPRESSION, E_RANGE_SYNTAX,      E_SERIES_VALUE};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static int look_up(struct run *run, struct str text, const struct known **ret_known)
{
	if (2 * run->n_known >= run->known_size)
		TRY(grow_known(run));
	struct known *known = find_place(run->known, run->known_size, text);
	if (!known->text.p) {
		struct known made = {0};
		made.code = catalog_find(run->writer.db, text, &made.series);
		if (made.code < 0 && !is_bad_line(made.code))
			return made.code;
		TRY(arena_str(&run->arena, text, &made.text));
		*known = made;
		run->n_known++;
	}
	*ret_known = known;
	return 0;
}

static int read_series(struct run *run, struct str text, int64_t *ret_series)
{
	if (!run->last || !str_eq(run->last->text, text))
		TRY(look_up(run, text, &run->last));
	*ret_series = run->last->series;
	return run->last->code;
}

/* --- lines --- */

static int read_time(struct str text, int64_t *ret_us)
{
	if (moment_parse(text, ret_us) == 0 || moment_parse_epoch(text, ret_us) == 0)
		return 0;
	return E_RANGE_SYNTAX;
}

static int read_row(struct run *run, const struct csv_record *record, struct points_row *ret_row)
{
	TRY(record->error);
	for (size_t i = 0; i < COLUMNS; i++)
		if (run->columns[i] >= record->n)
			return E_CSV_COLUMNS;
	TRY(read_series(run, record->fields[run->columns[COLUMN_SERIES]], &ret_row->series));
	TRY(read_time(record->fields[run->columns[COLUMN_TIME]], &ret_row->time_us));
	return points_parse_value(record->fields[run->columns[COLUMN_VALUE]], &ret_row->value);
}

/* Columns of a header row; false when it names not all three, or one twice. */
static bool read_header(const struct csv_record *record, size_t *ret_columns)
{
	static const struct {
		struct str name;
		enum column column;
	} names[] = {{{"id", 2}, COLUMN_SERIES},     {{"series", 6}, COLUMN_SERIES}, {{"name", 4}, COLUMN_SERIES},
		     {{"timestamp", 9}, COLUMN_TIME}, {{"time", 4}, COLUMN_TIME},     {{"value", 5}, COLUMN_VALUE}};
	unsigned found[COLUMNS] = {0};
	for (size_t i = 0; i < record->n; i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			if (!str_eq_ci(str_trim_ows(record->fields[i]), names[k].name))
				continue;
			ret_columns[names[k].column] = i;
			found[names[k].column]++;
		}
	}
	return found[0] == 1 && found[1] == 1 && found[2] == 1;
}

/* 1: the record was the header; 0: it is a line as any other. */
static int take_header(struct run *run, const struct csv_record *record)
{
	size_t columns[COLUMNS];
	run->at_front = false;
	if (run->import->header == IMPORT_HEADER_NO)
		return 0;
	if (record->error == 0 && read_header(record, columns)) {
		memcpy(run->columns, columns, sizeof(columns));
		return 1;
	}
	return run->import->header == IMPORT_HEADER_YES ? E_CSV_COLUMNS : 0;
}

static int flush(struct run *run)
{
	if (run->n_rows == 0)
		return 0;
	TRY(points_put(run->writer.db, run->rows, run->n_rows));
	run->n_rows = 0;
	return 0;
}

static void note_bad(struct import *import, uint64_t line, int code)
{
	if (import->n_bad++ == 0) {
		import->bad_line = line;
		import->bad_code = code;
	}
	if (import->on_bad)
		import->on_bad(import->context, import, line, code);
}

static int take_row(struct run *run, const struct csv_record *record)
{
	struct import *import = run->import;
	int rc = read_row(run, record, &run->rows[run->n_rows]);
	if (rc < 0) {
		if (!is_bad_line(rc))
			return rc;
		note_bad(import, record->line, rc);
		return import->skip_bad ? 0 : rc;
	}
	import->points++;
	return ++run->n_rows == BATCH ? flush(run) : 0;
}

static int take_record(struct run *run, const struct csv_record *record)
{
	if (run->at_front) {
		int rc = take_header(run, record);
		if (rc < 0)
			note_bad(run->import, record->line, rc);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	run->import->lines++;
	return take_row(run, record);
}

static int take_all(struct run *run, struct csv *csv)
{
	struct import *import = run->import;
	struct csv_record record;
	bool more;
	for (;;) {
		TRY(csv_next(csv, &record, &more));
		import->bytes = csv->bytes;
		if (!more)
			return flush(run);
		TRY(take_record(run, &record));
		if (import->on_progress && import->lines % PROGRESS_LINES == 0)
			import->on_progress(import->context, import);
	}
}

static int run_all(struct run *run, struct series_db *db, struct csv *csv)
{
	run->rows = fault_hit(FAULT_ALLOC) ? NULL : malloc(BATCH * sizeof(*run->rows));
	if (!run->rows)
		return E_NOMEM;
	TRY(series_db_write(db, &run->writer));
	TRY(take_all(run, csv));
	return series_db_commit(&run->writer);
}

int import_run(struct import *import, struct series_db *db,
	       int (*read)(void *context, void *mem, size_t size, size_t *ret_n), void *context)
{
	struct run run = {.import = import, .columns = {0, 1, 2}, .at_front = true};
	struct csv csv;
	import->bytes = import->lines = import->points = import->n_bad = import->bad_line = 0;
	import->bad_code = 0;
	arena_init(&run.arena, NAMES_MAX);
	csv_init(&csv, read, context);
	int rc = run_all(&run, db, &csv);
	series_db_write_end(&run.writer);
	csv_done(&csv);
	arena_done(&run.arena);
	free(run.known);
	free(run.rows);
	return rc;
}
