/*
 * What the storage of the time-series API takes: points imported from CSV,
	a month of one series read out of them. Prints
 * Markdown for bench/run. Usage: series [MILLIONS OF POINTS]. A database of its own below $TMPDIR, removed at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "series/cursor.h"
#include "series/define.h"
#include "series/import.h"
#include "series/moment.h"

enum { SERIES = 20, MONTH_MINUTES = 31 * 24 * 60, ROUNDS = SERIES, LINE = 128, PIECE = 4096 };

static void check(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "bench/series: %s: %s\n", what, err_row(rc)->symbol);
	exit(1);
}

static void name_of(unsigned i, char ret_text[UUID_TEXT_LEN + 1])
{
	snprintf(ret_text, UUID_TEXT_LEN + 1, "0188cf3a-6f5b-7c53-9a3b-%012x", i);
}

static void define(struct series_db *db)
{
	struct define_result result;
	struct buf json, why;
	buf_init(&json, 1 << 20);
	buf_init(&why, 1024);
	buf_put(&json, STR("{\"series\":["));
	for (unsigned i = 0; i < SERIES; i++) {
		char id[UUID_TEXT_LEN + 1];
		name_of(i, id);
		buf_printf(&json, "%s{\"id\":\"%s\",\"names\":{\"raalabs\":\"IMO%07u/ME ShaftPower\"}}",
			i ? "," : "", id, i);
	}
	buf_put(&json, STR("]}"));
	check(define_run(db, buf_str(&json), &why, &result), "define");
	buf_done(&json);
	buf_done(&why);
}

/* The CSV file: a point a minute of each series, minute by minute, as a logger writes. Made while it is read. */
struct source {
	char ids[SERIES][UUID_TEXT_LEN + 1];
	uint64_t next, n;
	int64_t begin_us;
};

static int read_lines(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct source *source = context;
	char *p = mem, *end = p + size;
	for (; source->next < source->n && end - p >= LINE; source->next++) {
		char moment[MOMENT_TEXT_LEN];
		uint64_t minute = source->next / SERIES;
		moment_write(source->begin_us + (int64_t)minute * MOMENT_MINUTE_US, moment);
		memcpy(p, source->ids[source->next % SERIES], UUID_TEXT_LEN);
		p += UUID_TEXT_LEN;
		*p++ = ',';
		memcpy(p, moment, sizeof(moment));
		p += sizeof(moment);
		p += snprintf(p, (size_t)(end - p), ",%u.%03u\n", (unsigned)(minute % 9973),
			(unsigned)(source->next % 1000));
	}
	*ret_n = (size_t)(p - (char *)mem);
	return 0;
}

static double seconds_since(int64_t start_ns) { return (double)(clock_mono_ns() - start_ns) / 1e9; }

static void import_all(struct series_db *db, const char *path, uint64_t n)
{
	struct source source = {.n = n, .begin_us = INT64_C(1672531200000000)};
	struct import import = {.skip_bad = false};
	struct stat about;
	for (unsigned i = 0; i < SERIES; i++)
		name_of(i, source.ids[i]);
	int64_t start = clock_mono_ns();
	check(import_run(&import, db, read_lines, &source), "import");
	double took = seconds_since(start);
	check(stat(path, &about) == 0 ? 0 : E_IO, "stat");
	double points = (double)import.points;
	printf("* Import: %.1f million points of %d series, %.0f MB of CSV in %.1f s: %.2f million/s, ", points / 1e6,
	       SERIES, (double)import.bytes / 1e6, took, points / 1e6 / took);
	printf("%.1f bytes per point (aim: 10 million in under 60 s)\n", (double)about.st_size / points);
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

/* From the request's texts to the last point, as the endpoints do it. Milliseconds. */
static double read_month(struct series_db *db, unsigned series, bool windows)
{
	struct range range = {INT64_C(1677628800000000), INT64_C(1680307200000000)}; /* March 2023 */
	char name[LINE];
	struct expression expression;
	struct permit_set permits;
	struct selection selection;
	struct cursor cursor;
	struct arena arena;
	static struct cursor_point points[PIECE];
	static struct cursor_window aggregates[PIECE];
	size_t n, total = 0;
	arena_init(&arena, 1 << 20);
	snprintf(name, sizeof(name), "raalabs/IMO%07u/ME ShaftPower", series);
	int64_t start = clock_mono_ns();
	check(permit_parse(STR("series:read:raalabs/*/ME*"), (struct str){0}, STR(""), &arena, &permits), "permit");
	check(expression_parse_joined(str_of(name), &expression), "expression");
	struct selection_request request = {&permits, &expression, 1, &range};
	check(selection_make(db, &request, &arena, &selection), "selection");
	cursor_init_windows(&cursor, db, &selection, MOMENT_HOUR_US);
	do {
		check(windows ? cursor_windows(&cursor, aggregates, PIECE, &n) : cursor_points(&cursor, points,
			PIECE, &n), "read");
		total += n;
	} while (n > 0);
	double took = seconds_since(start) * 1000;
	check(total == (windows ? MONTH_MINUTES / 60 : MONTH_MINUTES) ? 0 : E_INTERNAL, "a month");
	arena_done(&arena);
	return took;
}

static void read_months(struct series_db *db, bool windows)
{
	double took[ROUNDS];
	for (unsigned i = 0; i < ROUNDS; i++)
		took[i] = read_month(db, i, windows);
	double first = took[0];
	qsort(took, ROUNDS, sizeof(*took), by_size);
	printf("* A month of one series, %d points%s: median %.1f ms, worst %.1f ms, first %.1f ms of %d series%s\n",
	       MONTH_MINUTES, windows ? " as hourly aggregates" : "", took[ROUNDS / 2], took[ROUNDS - 1], first, ROUNDS,
	       windows ? "" : " (aim: under 50 ms)");
}

int main(int argc, char **argv)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	const struct series_db_options options = {.create = true, .writer_cache_kib = 32768};
	const char *parent = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char dir[256], path[300], name[320];
	struct series_db *db;
	struct rusage usage;
	uint64_t millions = 10;
	if (argc > 1)
		check(str_to_u64(str_of(argv[1]), 1000, &millions), "MILLIONS");
	snprintf(dir, sizeof(dir), "%s/mintmark-bench-XXXXXX", parent);
	check(mkdtemp(dir) ? 0 : E_IO, "folder");
	snprintf(path, sizeof(path), "%s/s.db", dir);
	check(series_db_open(path, &options, &db), "open");
	define(db);
	import_all(db, path, millions * 1000000);
	series_db_close(db);
	check(series_db_open(path, &options, &db), "open again");
	read_months(db, false);
	read_months(db, true);
	getrusage(RUSAGE_SELF, &usage);
	printf("* Peak RSS of all of that: %.1f MiB\n", (double)usage.ru_maxrss / 1024);
	series_db_close(db);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(dir) == 0 ? 0 : 1;
}
