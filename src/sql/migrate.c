/* The migration runner; see migrate.h. */
#include "sql/migrate.h"

#include <sqlite3.h>

#include "base/log.h"
#include "sql/query.h"

static int read_number(struct db *db, const char *pragma, int64_t *ret_value)
{
	_cleanup_(query_done) struct query query = query_of(db, pragma);
	TRY(query_row(&query));
	*ret_value = query_get_int(&query);
	return query_status(&query);
}

/* A fresh file has no version, no mark and no table. */
static int check_mark(struct db *db, int64_t version, int64_t application_id)
{
	int64_t mark, tables;
	TRY(read_number(db, "PRAGMA application_id", &mark));
	TRY(read_number(db, "SELECT count(*) FROM sqlite_schema", &tables));
	if (version == 0)
		return mark == 0 && tables == 0 ? 0 : E_SYNTAX;
	return mark == application_id ? 0 : E_SYNTAX;
}

static int apply(struct db *db, const struct migrate_table *table, int version)
{
	TRY(db_exec(db, "BEGIN IMMEDIATE"));
	int rc = db_exec(db, table->sql[version - 1]);
	if (rc == 0)
		rc = db_exec(db, "COMMIT");
	if (rc < 0) {
		db_rollback(db);
		return rc;
	}
	LOG(LOG_INFO, "store_migrated", F("version", version));
	return 0;
}

int migrate_run(struct db *db, const struct migrate_table *table, int64_t application_id)
{
	int64_t version;
	TRY(read_number(db, "PRAGMA user_version", &version));
	if (version < 0 || version > table->n)
		return E_SYNTAX;
	TRY(check_mark(db, version, application_id));
	for (int next = (int)version + 1; next <= table->n; next++)
		TRY(apply(db, table, next));
	return 0;
}
