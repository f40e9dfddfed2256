/*
 * Read-only connections, opened when first needed, at most as many as the options say; a verb waits for one. A reader
 * never waits for the writer: it sees the last committed state.
 */
#include "store/sqlite.h"

/* NULL: the caller may open one more. */
static struct db *take(struct sqlite *sqlite)
{
	struct db *db = NULL;
	pthread_mutex_lock(&sqlite->readers.lock);
	while (sqlite->readers.n_idle == 0 && sqlite->readers.n_open == sqlite->readers.max)
		pthread_cond_wait(&sqlite->readers.back, &sqlite->readers.lock);
	if (sqlite->readers.n_idle > 0)
		db = sqlite->readers.idle[--sqlite->readers.n_idle];
	else
		sqlite->readers.n_open++;
	pthread_mutex_unlock(&sqlite->readers.lock);
	return db;
}

/* db NULL: the one that was promised could not be opened. */
static void give(struct sqlite *sqlite, struct db *db)
{
	if (db && db->doubt) {
		db_close(db);
		db = NULL;
	}
	pthread_mutex_lock(&sqlite->readers.lock);
	if (db)
		sqlite->readers.idle[sqlite->readers.n_idle++] = db;
	else
		sqlite->readers.n_open--;
	pthread_cond_signal(&sqlite->readers.back);
	pthread_mutex_unlock(&sqlite->readers.lock);
}

static int run(struct db *db, const char *sql)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	return query_run(&query);
}

int sqlite_read_begin(struct store *store, struct sqlite_reader *ret_reader)
{
	struct sqlite *sqlite = sqlite_of(store);
	struct db *db = take(sqlite);
	int rc = db ? 0 : db_open(sqlite->path, false, sqlite->cache_kib, &db);
	if (rc == 0)
		rc = run(db, "BEGIN");
	if (rc < 0) {
		give(sqlite, db);
		return rc == E_NOMEM ? E_NOMEM : E_STORE;
	}
	*ret_reader = (struct sqlite_reader){sqlite, db};
	return 0;
}

void sqlite_read_end(struct sqlite_reader *reader)
{
	if (!reader->db)
		return;
	if (db_in_transaction(reader->db) && run(reader->db, "COMMIT") < 0)
		db_rollback(reader->db);
	give(reader->sqlite, reader->db);
	reader->db = NULL;
}

void sqlite_read_close_all(struct sqlite *sqlite)
{
	while (sqlite->readers.n_idle > 0)
		db_close(sqlite->readers.idle[--sqlite->readers.n_idle]);
}

/* Ids are ASCII without DEL, so DEL is behind all of them. */
static struct sqlite_bound outside(bool descending)
{
	return descending ? (struct sqlite_bound){INT64_MAX, STR("\x7f")} : (struct sqlite_bound){-1, STR("")};
}

int sqlite_bound_of(struct db *db, const char *created, const struct store_range *range,
		    struct sqlite_bound *ret_bound)
{
	struct sqlite_bound bound = outside(range->descending);
	if (range->after.len > 0)
		bound.id = range->after;
	if (range->order == STORE_BY_TIME && range->after.len > 0) {
		_cleanup_(query_done) struct query query = query_of(db, created);
		query_text(&query, range->after);
		TRY(query_row(&query));
		bound.created_s = query_get_int(&query);
		TRY(query_status(&query));
	}
	*ret_bound = bound;
	return 0;
}

void sqlite_bind_range(struct query *query, const struct sqlite_bound *bound, const struct store_range *range)
{
	if (range->order == STORE_BY_TIME)
		query_int(query, bound->created_s);
	query_text(query, bound->id);
	query_int(query, range->limit);
	query_int(query, (int64_t)range->skip);
}
