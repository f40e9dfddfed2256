/*
 * CSV: the same records whatever the size of the pieces it comes in, numbers of lines that grow, every byte taken; and
 * what the import makes of each line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "series/csv.h"
#include "series/define.h"
#include "series/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct source {
	struct str text;
	size_t piece;
};

static int read_piece(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct source *source = context;
	size_t n = source->piece < size ? source->piece : size;
	n = n < source->text.len ? n : source->text.len;
	if (n > 0)
		memcpy(mem, source->text.p, n);
	source->text = (struct str){source->text.p + n, source->text.len - n};
	*ret_n = n;
	return 0;
}

struct digest {
	uint64_t hash, records, bad;
};

static void mix(struct digest *digest, const void *p, size_t len)
{
	const unsigned char *bytes = p;
	for (size_t i = 0; i < len; i++)
		digest->hash = (digest->hash ^ bytes[i]) * UINT64_C(1099511628211);
}

static struct digest read_all(struct str text, size_t piece)
{
	struct source source = {text, piece};
	struct digest digest = {0};
	struct csv_record record;
	struct csv csv;
	uint64_t line = 0;
	bool more;
	csv_init(&csv, read_piece, &source);
	for (;;) {
		check(csv_next(&csv, &record, &more) == 0);
		if (!more)
			break;
		check(record.line > line && record.n <= CSV_FIELDS_MAX);
		line = record.line;
		digest.records++;
		digest.bad += record.error != 0;
		mix(&digest, &record.line, sizeof(record.line));
		mix(&digest, &record.error, sizeof(record.error));
		for (size_t i = 0; record.error == 0 && i < record.n; i++) {
			mix(&digest, &record.fields[i].len, sizeof(record.fields[i].len));
			mix(&digest, record.fields[i].p, record.fields[i].len);
		}
	}
	check(csv.bytes == text.len);
	csv_done(&csv);
	return digest;
}

static void check_import(struct series_db *db, struct str text)
{
	struct source source = {text, 4096};
	struct import import = {.skip_bad = true};
	check(import_run(&import, db, read_piece, &source) == 0);
	check(import.points + import.n_bad == import.lines);
	uint64_t n_bad = import.n_bad, bad_line = import.bad_line;
	source = (struct source){text, 1000};
	import.skip_bad = false;
	int rc = import_run(&import, db, read_piece, &source);
	check((rc == 0) == (n_bad == 0) && import.bad_line == bad_line);
}

static void define_some(struct series_db *db)
{
	static const char json[] = "{\"series\":[{\"id\":\"0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a41\",\"names\":"
				   "{\"raalabs\":\"a\",\"jsmea\":\"b\"}},"
				   "{\"id\":\"0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a42\","
				   "\"names\":{\"jsmea\":\"b\"}}]}";
	struct define_result result;
	struct buf why;
	buf_init(&why, 1024);
	check(define_run(db, str_of(json), &why, &result) == 0);
	buf_done(&why);
}

/* One database for all runs. Its names are gone at once, so that nothing is left behind whatever ends the program. */
static struct series_db *open_db(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	static struct series_db *db;
	char dir[40], path[64], name[80];
	const struct series_db_options options = {.create = true};
	if (db)
		return db;
	/* in memory where there is such a place: an import ends with a sync */
	snprintf(dir, sizeof(dir), "%s/fuzz_series_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	check(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/s.db", dir);
	check(series_db_open(path, &options, &db) == 0);
	define_some(db);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	rmdir(dir);
	return db;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size);
	struct digest whole = read_all(text, SIZE_MAX);
	for (size_t piece = 1; piece <= 3; piece++) {
		struct digest same = read_all(text, piece);
		check(memcmp(&whole, &same, sizeof(whole)) == 0);
	}
	if (size <= 4096)
		check_import(open_db(), text);
	return 0;
}
