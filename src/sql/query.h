/*
 * One use of a prepared statement, written straight down: values are bound and columns read in order, and the first
 *failure sticks until query_row, query_run or query_status returns it. Bound strings must live until query_done.
 *
 *	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM client WHERE id = ?");
 *	query_text(&query, id);
 *	TRY(query_row(&query));
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include "base/arena.h"
#include "sql/db.h"

struct query {
	struct db *db;
	sqlite3_stmt *stmt;
	int bound, column;
	int status; /* 0, or the code of the first failure */
};

/* sql: a literal (its address is the cache key). Failures show in the later calls. */
struct query query_of(struct db *db, const char *sql);
/* Gives the statement back; needed on every path. */
void query_done(struct query *query);

void query_text(struct query *query, struct str value);
void query_blob(struct query *query, struct str value);
void query_int(struct query *query, int64_t value);
/* An integer, or NULL when it is 0: references to rows. */
void query_ref(struct query *query, int64_t n);

/* 1: at a row, columns are read from the first on. 0: no more rows. Or the failure. */
must_check int query_next(struct query *query);
/* As query_next, but no row is E_ABSENT and the row gives 0. */
must_check int query_row(struct query *query);
/* Runs a change to its end. E_EXISTS: unique key taken. E_ABSENT: a referred row is missing. */
must_check int query_run(struct query *query);
/* As query_run; E_ABSENT when no row was changed. */
must_check int query_hit(struct query *query);
/* Runs a change whose only value is a number, mostly a row's. As query_run. */
must_check int query_run_for(struct db *db, const char *sql, int64_t n);
must_check int query_status(const struct query *query);

int64_t query_get_int(struct query *query);
/* A copy in the arena. */
struct str query_get_str(struct query *query, struct arena *arena);
/* Valid until the next step. */
struct str query_peek_str(struct query *query);
/* Exactly len bytes, else E_STORE. */
void query_get_mem(struct query *query, void *ret_bytes, size_t len);

/*
 * Room for one more element behind n: *array is moved to twice the room when it is full. Start with NULL and 0.
 * E_NOMEM.
 */
must_check int query_grow(struct arena *arena, void *array_ptr, size_t n, size_t size);

#endif
