/* Revocation verbs on SQLite: one row per subject, moved to the end of the feed by each new word about it. */
#include "store/sqlite.h"

static int next_seq(struct db *db, int64_t *ret_seq)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE state SET revocation_seq = revocation_seq + 1 WHERE one = 1"
			     " RETURNING revocation_seq");
	TRY(query_row(&query));
	*ret_seq = query_get_int(&query);
	return query_status(&query);
}

/* When the lifetime cap has sunk since the last word, that one's end still holds for the tokens of then. */
int sqlite_revocation_put(struct db *db, const struct revocation *revocation)
{
	int64_t seq;
	TRY(next_seq(db, &seq));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT OR REPLACE INTO revocation (seq, kind, id, epoch, not_before_s, until_s, owner)"
			     " VALUES (?1, ?2, ?3, ?4, ?5, max(?6, coalesce("
			     "(SELECT until_s FROM revocation WHERE kind = ?2 AND id = ?3), 0)), ?7)");
	query_int(&query, seq);
	query_int(&query, revocation->kind);
	query_text(&query, revocation->id);
	query_int(&query, revocation->epoch);
	query_int(&query, revocation->not_before_s);
	query_int(&query, revocation->until_s);
	query_text(&query, revocation->owner);
	return query_run(&query);
}

/* What was allowed before and not fetched yet would begin under the new epoch. */
static int end_unredeemed(struct db *db, enum revocation_kind kind, int64_t n)
{
	bool of_client = kind == REVOCATION_CLIENT;
	TRY(query_run_for(db, of_client ? "DELETE FROM code WHERE client_n = ? AND used = 0"
					: "DELETE FROM code WHERE account_n = ? AND used = 0", n));
	_cleanup_(query_done) struct query query = query_of(
		db, of_client ? "UPDATE device SET state = ?2 WHERE client_n = ?1 AND state = ?3"
			      : "UPDATE device SET state = ?2 WHERE account_n = ?1 AND state = ?3");
	query_int(&query, n);
	query_int(&query, DEVICE_DENIED);
	query_int(&query, DEVICE_APPROVED);
	return query_run(&query);
}

int sqlite_revocation_raise(struct db *db, enum revocation_kind kind, int64_t n, struct sqlite_end end)
{
	if (end.until_s == 0)
		return 0;
	TRY(end_unredeemed(db, kind, n));
	_cleanup_(query_done) struct query query = query_of(
		db, kind == REVOCATION_CLIENT ? "UPDATE client SET epoch = epoch + 1 WHERE n = ? RETURNING epoch, id"
					      : "UPDATE account SET epoch = epoch + 1 WHERE n = ? RETURNING epoch, id");
	query_int(&query, n);
	TRY(query_row(&query));
	struct revocation revocation = {.kind = kind, .not_before_s = end.now_s, .until_s = end.until_s};
	revocation.epoch = query_get_int(&query);
	revocation.id = query_peek_str(&query);
	TRY(query_status(&query));
	return sqlite_revocation_put(db, &revocation);
}

static int find_jti(struct db *db, struct str jti)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT seq FROM revocation WHERE kind = 2 AND id = ?");
	query_text(&query, jti);
	return query_row(&query);
}

/* Up to the maximum: endings of families may have put any number there. */
static int count_owned(struct db *db, struct str owner, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT count(*) FROM"
			     " (SELECT 1 FROM revocation WHERE owner = ?1 AND owner <> '' LIMIT ?2)");
	query_text(&query, owner);
	query_int(&query, MODEL_REVOKED_MAX);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

int sqlite_revocation_end_jti(struct db *db, const struct revocation *token)
{
	int rc = find_jti(db, token->id);
	return rc == E_ABSENT ? sqlite_revocation_put(db, token) : rc;
}

static int put_jti(struct db *db, const void *args)
{
	const struct revocation *token = args;
	int64_t n;
	int rc = find_jti(db, token->id);
	if (rc != E_ABSENT)
		return rc < 0 ? rc : SQLITE_UNCHANGED;
	TRY(count_owned(db, token->owner, &n));
	return n < MODEL_REVOKED_MAX ? sqlite_revocation_put(db, token) : E_LIMIT;
}

int sqlite_revocation_put_jti(struct store *store, const struct revocation *token, const struct audit_note *note)
{
	struct revocation row = *token;
	row.kind = REVOCATION_JTI;
	row.epoch = 0;
	row.not_before_s = note->now_s;
	return sqlite_write(store, put_jti, &row, note);
}

static int load_feed(struct db *db, struct arena *arena, struct revocation_feed *ret_feed)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT feed, revocation_seq FROM state WHERE one = 1");
	struct revocation_feed feed;
	TRY(query_row(&query));
	feed.id = query_get_str(&query, arena);
	feed.seq = query_get_int(&query);
	TRY(query_status(&query));
	*ret_feed = feed;
	return 0;
}

static int load(struct query *query, struct arena *arena, struct revocation_page *page)
{
	TRY(query_grow(arena, &page->revocations, page->n, sizeof(*page->revocations)));
	struct revocation *row = &page->revocations[page->n++];
	row->seq = query_get_int(query);
	row->kind = (enum revocation_kind)query_get_int(query);
	row->id = query_get_str(query, arena);
	row->epoch = query_get_int(query);
	row->not_before_s = query_get_int(query);
	row->until_s = query_get_int(query);
	row->owner = query_get_str(query, arena);
	return query_status(query);
}

int sqlite_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			   struct revocation_page *ret_page)
{
	struct revocation_page page = {0};
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	TRY(load_feed(reader.db, arena, &page.feed));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT seq, kind, id, epoch, not_before_s, until_s, owner FROM revocation"
				    " WHERE seq > ? ORDER BY seq LIMIT ?");
	query_int(&query, after_seq);
	query_int(&query, limit);
	int rc;
	while ((rc = query_next(&query)) > 0)
		TRY(load(&query, arena, &page));
	TRY(rc);
	*ret_page = page;
	return 0;
}

static int sweep(struct db *db, const void *args)
{
	const int64_t *now_s = args;
	_cleanup_(query_done) struct query query = query_of(db, "DELETE FROM revocation WHERE until_s <= ?");
	query_int(&query, *now_s);
	return query_run(&query);
}

int sqlite_revocation_sweep(struct store *store, int64_t now_s) { return sqlite_write(store, sweep, &now_s, NULL); }
