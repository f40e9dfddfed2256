/* A SQLite connection; see db.h. https://sqlite.org/wal.html, https://sqlite.org/rescode.html. */
#include "sql/db.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"

enum { BUSY_TIMEOUT_MS = 2000 };

static const struct {
	int sqlite, ours;
} outcomes[] = {
	{SQLITE_OK, 0},
	{SQLITE_DONE, 0},
	{SQLITE_ROW, 0},
	{SQLITE_CONSTRAINT_UNIQUE, E_EXISTS},
	{SQLITE_CONSTRAINT_PRIMARYKEY, E_EXISTS},
	{SQLITE_CONSTRAINT_ROWID, E_EXISTS},
	{SQLITE_CONSTRAINT_FOREIGNKEY, E_ABSENT},
};

int db_error(struct db *db, int sqlite_rc)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].sqlite == sqlite_rc)
			return outcomes[i].ours;
	}
	db->doubt = true;
	LOG(LOG_ERROR, "store_failed", F("code", sqlite_rc), F("cause", sqlite3_errstr(sqlite_rc)),
	    F("errno", db->handle ? sqlite3_system_errno(db->handle) : 0));
	switch (sqlite_rc & 0xff) {
	case SQLITE_NOMEM:
		return E_NOMEM;
	case SQLITE_NOTADB:
		return E_SYNTAX;
	default:
		return E_STORE;
	}
}

static int note_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
	(void)handle;
	(void)name;
	((struct db *)context)->wal_pages = pages;
	return SQLITE_OK;
}

static const int switches[][2] = {
	{SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
	{SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_DQS_DML, 0},     {SQLITE_DBCONFIG_DQS_DDL, 0},
};

static int set_cache(struct db *db, unsigned cache_kib)
{
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%u",
		 cache_kib); /* a pragma takes no bound value; the number is ours */
	return db_exec(db, sql);
}

static int configure(struct db *db, bool writable, unsigned cache_kib)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		TRY(db_error(db, sqlite3_db_config(db->handle, switches[i][0], switches[i][1], NULL)));
	TRY(db_error(db, sqlite3_extended_result_codes(db->handle, 1)));
	TRY(db_error(db, sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS)));
	TRY(db_exec(db, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA "
			"secure_delete = FAST"));
	TRY(set_cache(db, cache_kib));
	if (!writable)
		return db_exec(db, "PRAGMA query_only = ON");
	TRY(db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"));
	sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_wal_hook(db->handle, note_wal, db); /* takes the place of SQLite's own checkpointing */
	return 0;
}

int db_open(const char *path, bool writable, unsigned cache_kib, struct db **ret_db)
{
	struct db *db = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*db));
	if (!db)
		return E_NOMEM;
	int flags = (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_PRIVATECACHE;
	int rc = db_error(db, sqlite3_open_v2(path, &db->handle, flags, NULL));
	if (rc == 0)
		rc = configure(db, writable, cache_kib);
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*ret_db = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
		sqlite3_finalize(db->statements[i].stmt);
	sqlite3_close(db->handle);
	free(db);
}

int db_exec(struct db *db, const char *sql)
{
	if (fault_hit(FAULT_STORE))
		return E_STORE;
	return db_error(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

bool db_in_transaction(const struct db *db) { return !sqlite3_get_autocommit(db->handle); }

void db_rollback(struct db *db)
{
	if (db_in_transaction(db))
		(void)db_error(db, sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL));
}

int db_checkpoint(struct db *db, int mode)
{
	int left = 0, moved = 0;
	int rc = sqlite3_wal_checkpoint_v2(db->handle, "main", mode, &left, &moved);
	if ((rc & 0xff) == SQLITE_BUSY)
		return 0;
	return db_error(db, rc);
}

static struct db_statement *find_slot(struct db *db, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 3) % DB_STATEMENTS_MAX;
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++, at = (at + 1) % DB_STATEMENTS_MAX) {
		struct db_statement *slot = &db->statements[at];
		if (slot->sql == sql || !slot->sql)
			return slot;
	}
	return NULL;
}

sqlite3_stmt *db_statement(struct db *db, const char *sql, int *ret_error)
{
	struct db_statement *slot = find_slot(db, sql);
	if (!slot) {
		*ret_error = E_INTERNAL;
		return NULL;
	}
	if (!slot->stmt) {
		sqlite3_stmt *stmt = NULL;
		int rc = db_error(db, sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL));
		if (rc < 0) {
			*ret_error = rc;
			return NULL;
		}
		*slot = (struct db_statement){sql, stmt};
	}
	return slot->stmt;
}
