/*
 * CSV (RFC 4180) in pieces: feed bytes, take records. LF or CRLF ends a record; a field in double quotes may contain
 * commas, line ends and doubled quotes; a UTF-8 byte order mark at the front is skipped. Empty lines are skipped.
 * Memory is bounded by one record. Not thread-safe: one owner. Fuzzed.
 */
#ifndef SERIES_CSV_H
#define SERIES_CSV_H

#include "base/buf.h"

enum { CSV_FIELDS_MAX = 32, CSV_RECORD_MAX = 65536 };

struct csv_record {
	struct str fields[CSV_FIELDS_MAX]; /* borrowed until the next call */
	size_t n;
	uint64_t line; /* where it begins, from 1 */
	int error;     /* 0, or E_CSV_LINE: this record can't be read, the next ones can */
};

struct csv {
	int (*read)(void *context, void *mem, size_t size, size_t *ret_n); /* 0 bytes: the end */
	void *context;
	char *mem;
	size_t at, end; /* what is read and not yet taken */
	uint64_t line, bytes;
	bool started, ended, skipping;
};

/* read gives the next bytes, or fails with a code that csv_next passes on. Nothing is allocated before csv_next. */
void csv_init(struct csv *csv, int (*read)(void *, void *, size_t, size_t *), void *context);
void csv_done(struct csv *csv);
/*
 * The next record; *ret_more false at the end. A record that is malformed (a quote inside of an unquoted field, bytes
 * behind a closing quote, a quote that is never closed, more than CSV_FIELDS_MAX fields or CSV_RECORD_MAX bytes) has
 * its error set. E_NOMEM, and what read says.
 */
must_check int csv_next(struct csv *csv, struct csv_record *ret_record, bool *ret_more);

#endif
