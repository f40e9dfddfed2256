/*
 * Brings a SQLite file to the newest layout: numbered forward-only files, each one transaction that ends with setting
 * PRAGMA user_version to its own number. Runs on the writer's connection before its thread starts.
 */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include "sql/db.h"

/* Made at build time from a folder's migrations/NNNN_*.sql by embed.sh: sql[i] leads to version i + 1. */
struct migrate_table {
	const char *const *sql;
	int n;
};

/*
 * application_id: the mark that the first migration sets (PRAGMA application_id). E_SYNTAX: a foreign database, no
 * database at all, or a newer version than table->n. E_STORE.
 */
must_check int migrate_run(struct db *db, const struct migrate_table *table, int64_t application_id);

#endif
