/*
 * Brings a SQLite file to the newest layout: numbered forward-only files, each one transaction that ends with setting
 * PRAGMA user_version to its own number. Runs on the writer's connection before its thread starts.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* Embedded at build time from migrations/NNNN_*.sql: migrate_sql[i] leads to version i + 1. */
extern const char *const migrate_sql[];
extern const int migrate_n;

/* E_SYNTAX: a foreign database, no database at all, or a newer version than migrate_n. E_STORE. */
must_check int migrate_run(struct db *db);

#endif
