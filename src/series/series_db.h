/*
 * The database of the series daemon and of `mintmark series import`: a SQLite file of its own (WAL). Readers borrow
 * connections; there is one writer at a time over all processes, by a lock on "<path>.lock" that is held for one
 * transaction. Thread-safe; all of it blocks, so never on an event loop.
 */
#ifndef SERIES_SERIES_DB_H
#define SERIES_SERIES_DB_H

#include "sql/query.h"

struct series_db;

/*
 * create: make the file (0600) when there is none; else E_ABSENT. readers: 1 to 64 connections at most, opened when
 * needed. cache_kib: of the page cache of each reader. E_SYNTAX: no database of ours, or of a newer version. E_STORE,
 * E_NOMEM.
 */
struct series_db_options {
	bool create;
	unsigned readers, cache_kib;       /* 0: 8 readers, 2048 KiB */
	unsigned writer_cache_kib;         /* 0: 8192 */
};
must_check int series_db_open(const char *path, const struct series_db_options *options, struct series_db **ret_db);
void series_db_close(struct series_db *db); /* NULL is allowed; nobody may use it any more */
void series_db_closep(struct series_db **db);
/* Whether it can be read: for health checks. E_STORE. */
must_check int series_db_probe(struct series_db *db);

/* For the files of this folder: a connection in a read transaction, which sees one state until the end. */
struct series_db_reader {
	struct series_db *owner;
	struct db *db;
};
must_check int series_db_read(struct series_db *db, struct series_db_reader *ret_reader);
void series_db_read_end(struct series_db_reader *reader); /* for _cleanup_; {0} is allowed */

/*
 * The writer's connection inside BEGIN IMMEDIATE; commit makes all of it durable, end without commit leaves no trace.
 * Waits up to 2 s for another writer, then E_LOCKED (an import that runs). E_STORE, E_NOMEM.
 */
struct series_db_writer {
	struct series_db *owner;
	struct db *db;
};
must_check int series_db_write(struct series_db *db, struct series_db_writer *ret_writer);
must_check int series_db_commit(struct series_db_writer *writer);
void series_db_write_end(struct series_db_writer *writer); /* for _cleanup_; {0} is allowed */

#endif
