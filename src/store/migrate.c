/* The migration runner; see migrate.h. */
#include "store/migrate.h"

#include <sqlite3.h>

#include "base/log.h"
#include "store/query.h"

enum { APPLICATION_ID = 0x4d696e74 }; /* "Mint"; set by the first migration */

static int read_number(struct db *db, const char *pragma, int64_t *ret_value)
{
	_cleanup_(query_done) struct query query = query_of(db, pragma);
	TRY(query_row(&query));
	*ret_value = query_get_int(&query);
	return query_status(&query);
}

/* A fresh file has no version, no mark and no table. */
static int check_mark(struct db *db, int64_t version)
{
	int64_t mark, tables;
	TRY(read_number(db, "PRAGMA application_id", &mark));
	TRY(read_number(db, "SELECT count(*) FROM sqlite_schema", &tables));
	if (version == 0)
		return mark == 0 && tables == 0 ? 0 : E_SYNTAX;
	return mark == APPLICATION_ID ? 0 : E_SYNTAX;
}

static int apply(struct db *db, int version)
{
	TRY(db_exec(db, "BEGIN IMMEDIATE"));
	int rc = db_exec(db, migrate_sql[version - 1]);
	if (rc == 0)
		rc = db_exec(db, "COMMIT");
	if (rc < 0) {
		db_rollback(db);
		return rc;
	}
	LOG(LOG_INFO, "store_migrated", F("version", version));
	return 0;
}

int migrate_run(struct db *db)
{
	int64_t version;
	TRY(read_number(db, "PRAGMA user_version", &version));
	if (version < 0 || version > migrate_n)
		return E_SYNTAX;
	TRY(check_mark(db, version));
	for (int next = (int)version + 1; next <= migrate_n; next++)
		TRY(apply(db, next));
	return 0;
}
