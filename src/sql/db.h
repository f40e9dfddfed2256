/*
 * One SQLite connection with its prepared statements. Used by one thread at a time; which one may change (no SQLite
 * mutex is taken). Only on threads that may block.
 */
#ifndef SQL_DB_H
#define SQL_DB_H

#include <sqlite3.h>

#include "base/str.h"

enum { DB_STATEMENTS_MAX = 512 };

struct db {
	sqlite3 *handle;
	/* Keyed by the address of the SQL literal; open addressing. */
	struct db_statement {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[DB_STATEMENTS_MAX];
	int wal_pages; /* pages in the write-ahead log after the last commit of this connection */
	bool doubt;    /* SQLite reported a failure of the disk, the file or memory on this connection */
};

/*
 * path must exist. The page cache is bounded to cache_kib; nothing is mapped into memory. Neither kind checkpoints by
 * itself. E_SYNTAX: no SQLite file. E_NOMEM, E_STORE.
 */
must_check int db_open(const char *path, bool writable, unsigned cache_kib, struct db **ret_db);
/* NULL is allowed. */
void db_close(struct db *db);

/* Statements without values or results, from literals only. */
must_check int db_exec(struct db *db, const char *sql);
/* End the transaction without a trace, if there is one. */
void db_rollback(struct db *db);
/* Whether a transaction is open; SQLite ends it by itself after some failures. */
bool db_in_transaction(const struct db *db);
/* SQLITE_CHECKPOINT_…; 0 also when a reader stood in the way. E_STORE. */
must_check int db_checkpoint(struct db *db, int mode);

/* The cached statement of a literal, ready to bind. NULL and *ret_error on failure. */
must_check sqlite3_stmt *db_statement(struct db *db, const char *sql, int *ret_error);
/* Our code for SQLite's. A failure that is not the caller's doing is logged here (the code can't carry it) and marks
 * doubt. */
int db_error(struct db *db, int sqlite_rc);

#endif
