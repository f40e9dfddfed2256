/* The sweep on SQLite: forgets what is over, a bounded number of rows at a time, found by the index of their end. */
#include "store/sqlite_people.h"

/* What is over may still be asked for by somebody whose clock is behind, and a code that comes twice be recognised. */
enum { GRACE_S = 3600 };

struct sweep {
	int64_t now_s;
	unsigned limit;
	bool *more;
};

#define SWEEP(table) "DELETE FROM " table " WHERE n IN (SELECT n FROM " table " WHERE expires_s <= ? LIMIT ?)"
/* Families last: nothing of theirs is left to go with them, as it ended before them. */
static const char *const tables[] = {
	SWEEP("session"), SWEEP("once"), SWEEP("code"), SWEEP("device"), SWEEP("refresh"), SWEEP("family"),
};

static int sweep(struct db *db, const void *args)
{
	const struct sweep *change = args;
	bool more = false;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		_cleanup_(query_done) struct query query = query_of(db, tables[i]);
		query_int(&query, change->now_s - GRACE_S);
		query_int(&query, change->limit);
		TRY(query_run(&query));
		more |= sqlite3_changes(db->handle) >= (int)change->limit;
	}
	*change->more = more;
	return 0;
}

int sqlite_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more)
{
	bool more;
	TRY(sqlite_write(store, sweep, &(struct sweep){now_s, limit, &more}, NULL));
	*ret_more = more;
	return 0;
}
