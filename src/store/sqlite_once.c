/* Verbs on SQLite for what is good for one use: who takes a row deletes it, so exactly one does. */
#include "store/sqlite_people.h"

static int put(struct db *db, const void *args)
{
	const struct once *once = args;
	int64_t account_n = 0;
	if (once->account_id.len > 0)
		TRY(sqlite_account_n(db, once->account_id, &account_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO once (sha256, kind, account_n, data, created_s, expires_s)"
			     " VALUES (?, ?, ?, ?, ?, ?)");
	query_blob(&query, sqlite_hash(once->sha256));
	query_int(&query, once->kind);
	query_ref(&query, account_n);
	query_text(&query, once->data);
	query_int(&query, once->created_s);
	query_int(&query, once->expires_s);
	return query_run(&query);
}

int sqlite_once_put(struct store *store, const struct once *once, const struct audit_note *note)
{
	return sqlite_write(store, put, once, note);
}

#define SELECT_ONCE                                                                    \
	"SELECT o.n, o.sha256, o.kind, a.id, o.data, o.created_s, o.expires_s FROM once o " \
	"LEFT JOIN account a ON a.n = o.account_n "

static int load(struct query *query, struct arena *arena, int64_t *ret_n, struct once *ret_once)
{
	struct once once = {0};
	int64_t n = query_get_int(query);
	query_get_mem(query, once.sha256, sizeof(once.sha256));
	once.kind = (enum once_kind)query_get_int(query);
	once.account_id = query_get_str(query, arena);
	once.data = query_get_str(query, arena);
	once.created_s = query_get_int(query);
	once.expires_s = query_get_int(query);
	TRY(query_status(query));
	*ret_n = n;
	*ret_once = once;
	return 0;
}

static int find(struct db *db, const struct store_once_key *key, struct arena *arena, int64_t *ret_n,
		struct once *ret_once)
{
	_cleanup_(query_done) struct query query =
		query_of(db, SELECT_ONCE "WHERE o.sha256 = ? AND o.kind = ? AND o.expires_s > ?");
	query_blob(&query, sqlite_hash(key->sha256));
	query_int(&query, key->kind);
	query_int(&query, key->now_s);
	TRY(query_row(&query));
	return load(&query, arena, ret_n, ret_once);
}

int sqlite_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once)
{
	int64_t n;
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	return find(reader.db, key, arena, &n, ret_once);
}

struct take {
	const struct store_once_key *key;
	struct arena *arena; /* the caller's, who waits */
	struct once *once;
};

static int take(struct db *db, const void *args)
{
	const struct take *change = args;
	int64_t n;
	TRY(find(db, change->key, change->arena, &n, change->once));
	_cleanup_(query_done) struct query query = query_of(db, "DELETE FROM once WHERE n = ?");
	query_int(&query, n);
	return query_hit(&query);
}

int sqlite_once_take(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once,
		     const struct audit_note *note)
{
	struct once once;
	TRY(sqlite_write(store, take, &(struct take){key, arena, &once}, note));
	*ret_once = once;
	return 0;
}

int sqlite_once_use(struct db *db, const struct store_once_key *key)
{
	if (!key)
		return 0;
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM once WHERE sha256 = ? AND kind = ? AND expires_s > ?");
	query_blob(&query, sqlite_hash(key->sha256));
	query_int(&query, key->kind);
	query_int(&query, key->now_s);
	int rc = query_hit(&query);
	return rc == E_ABSENT ? E_REUSED : rc;
}

int sqlite_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
		     struct once **ret_onces, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_ONCE "WHERE o.kind = ? AND o.expires_s > ?"
						" ORDER BY o.created_s DESC, o.n DESC LIMIT ?");
	query_int(&query, range->kind);
	query_int(&query, range->now_s);
	query_int(&query, range->limit);
	struct once *onces = NULL;
	size_t n = 0;
	int64_t row_n;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &onces, n, sizeof(*onces)));
		TRY(load(&query, arena, &row_n, &onces[n++]));
	}
	TRY(rc);
	*ret_onces = onces;
	*ret_n = n;
	return 0;
}
