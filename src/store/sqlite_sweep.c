/* The sweep on SQLite: forgets what is over, a bounded number of rows at a time, found by the index of their end. */
#include "store/sqlite_people.h"

/* What is over may still be asked for by somebody whose clock is behind, and a code that comes twice be recognised.
 * What is good for one use is unknown from its end on; strangers can have much of it made. */
enum { GRACE_S = 3600, ONCE_GRACE_S = 60 };

struct sweep {
	int64_t now_s;
	unsigned limit;
	bool *more;
};

#define SWEEP(table, grace_s)                                                                              \
	{grace_s, "DELETE FROM " table " WHERE n IN (SELECT n FROM " table " WHERE expires_s < ? LIMIT ?)", \
	 "SELECT n FROM " table " WHERE expires_s < ? LIMIT 1"}
/* Families last: nothing of theirs is left to go with them, as it ended before them. */
static const struct {
	int64_t grace_s;
	const char *forget, *left;
} tables[] = {
	SWEEP("session", GRACE_S), SWEEP("once", ONCE_GRACE_S), SWEEP("code", GRACE_S), SWEEP("device", GRACE_S),
	SWEEP("refresh", GRACE_S), SWEEP("family", GRACE_S),
};

static int forget(struct db *db, const char *sql, int64_t before_s, unsigned limit)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, before_s);
	query_int(&query, limit);
	return query_run(&query);
}

static int is_left(struct db *db, const char *sql, int64_t before_s, bool *more)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, before_s);
	int rc = query_next(&query);
	*more |= rc > 0;
	return rc < 0 ? rc : 0;
}

static int sweep(struct db *db, const void *args)
{
	const struct sweep *change = args;
	*change->more = false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		int64_t before_s = change->now_s - tables[i].grace_s;
		TRY(forget(db, tables[i].forget, before_s, change->limit));
		TRY(is_left(db, tables[i].left, before_s, change->more));
	}
	return 0;
}

int sqlite_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more)
{
	bool more = false;
	TRY(sqlite_write(store, sweep, &(struct sweep){now_s, limit, &more}, NULL));
	*ret_more = more;
	return 0;
}
