/* Audit verbs on SQLite. The newest link stands in the one row of "state", so a cut-off end is found too. */
#include "store/audit.h"
#include "store/sqlite.h"

static int read_head(struct db *db, int64_t *ret_seq, unsigned char ret_hash[AUDIT_HASH_LEN])
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT audit_seq, audit_hash FROM state WHERE one = 1");
	TRY(query_row(&query));
	int64_t seq = query_get_int(&query);
	query_get_mem(&query, ret_hash, AUDIT_HASH_LEN);
	TRY(query_status(&query));
	*ret_seq = seq;
	return 0;
}

static int write_head(struct db *db, const struct audit_entry *entry)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE state SET audit_seq = ?, audit_hash = ? WHERE one = 1");
	query_int(&query, entry->seq);
	query_blob(&query, str_mem(entry->hash, sizeof(entry->hash)));
	return query_hit(&query);
}

static int insert(struct db *db, const struct audit_entry *entry)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO audit (seq, time_s, actor, action, target, detail, prev, hash) VALUES (?, ?, "
			     "?, ?, ?, ?, ?, ?)");
	query_int(&query, entry->seq);
	query_int(&query, entry->time_s);
	query_text(&query, entry->actor);
	query_text(&query, entry->action);
	query_text(&query, entry->target);
	query_text(&query, entry->detail);
	query_blob(&query, str_mem(entry->prev, sizeof(entry->prev)));
	query_blob(&query, str_mem(entry->hash, sizeof(entry->hash)));
	return query_run(&query);
}

int sqlite_audit_link(struct db *db, const struct audit_note *note)
{
	int64_t seq;
	unsigned char prev[AUDIT_HASH_LEN];
	struct audit_entry entry;
	TRY(read_head(db, &seq, prev));
	TRY(audit_link(note, seq + 1, prev, &entry));
	int rc = insert(db, &entry);
	if (rc < 0)
		return rc == E_NOMEM ? E_NOMEM : E_STORE; /* a row where none may be yet is no verb's outcome */
	return write_head(db, &entry);
}

static int nothing(struct db *db, const void *args)
{
	(void)db;
	(void)args;
	return 0;
}

int sqlite_audit_append(struct store *store, const struct audit_note *note)
{
	return sqlite_write(store, nothing, NULL, note);
}

/* Strings are borrowed from the statement. */
static void peek(struct query *query, struct audit_entry *ret_entry)
{
	ret_entry->seq = query_get_int(query);
	ret_entry->time_s = query_get_int(query);
	ret_entry->actor = query_peek_str(query);
	ret_entry->action = query_peek_str(query);
	ret_entry->target = query_peek_str(query);
	ret_entry->detail = query_peek_str(query);
	query_get_mem(query, ret_entry->prev, sizeof(ret_entry->prev));
	query_get_mem(query, ret_entry->hash, sizeof(ret_entry->hash));
}

static int keep(struct arena *arena, struct audit_entry *entry)
{
	TRY(arena_str(arena, entry->actor, &entry->actor));
	TRY(arena_str(arena, entry->action, &entry->action));
	TRY(arena_str(arena, entry->target, &entry->target));
	return arena_str(arena, entry->detail, &entry->detail);
}

#define SELECT_ENTRY "SELECT seq, time_s, actor, action, target, detail, prev, hash FROM audit "

static int collect(struct query *query, struct arena *arena, struct audit_entry **ret_entries, size_t *ret_n)
{
	struct audit_entry *entries = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(query)) > 0) {
		TRY(query_grow(arena, &entries, n, sizeof(*entries)));
		peek(query, &entries[n]);
		TRY(query_status(query));
		TRY(keep(arena, &entries[n++]));
	}
	TRY(rc);
	*ret_entries = entries;
	*ret_n = n;
	return 0;
}

int sqlite_audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
		      struct audit_entry **ret_entries, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_ENTRY "WHERE seq > ? ORDER BY seq LIMIT ?");
	query_int(&query, after_seq);
	query_int(&query, limit);
	return collect(&query, arena, ret_entries, ret_n);
}

int sqlite_audit_about(struct store *store, const struct store_audit_about *about, struct arena *arena,
		       struct audit_entry **ret_entries, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_ENTRY "WHERE target = ? AND seq < ? ORDER BY seq DESC LIMIT ?");
	query_text(&query, about->target);
	query_int(&query, about->before_seq > 0 ? about->before_seq : INT64_MAX);
	query_int(&query, about->limit);
	return collect(&query, arena, ret_entries, ret_n);
}

/* Fails with the row that does not fit, its number in *seq. */
static int walk(struct db *db, int64_t *seq, unsigned char hash[AUDIT_HASH_LEN])
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT seq, time_s, actor, action, target, detail, prev, hash FROM audit ORDER BY seq");
	int rc;
	while ((rc = query_next(&query)) > 0) {
		struct audit_entry entry;
		++*seq;
		peek(&query, &entry);
		if (query_status(&query) == E_STORE) /* prev or hash has a length that we never write */
			return E_SIGNATURE;
		TRY(query_status(&query));
		TRY(audit_check(&entry, *seq, hash));
		memcpy(hash, entry.hash, AUDIT_HASH_LEN);
	}
	return rc;
}

int sqlite_audit_verify(struct store *store, int64_t *ret_seq)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	int64_t seq = 0, head_seq;
	unsigned char hash[AUDIT_HASH_LEN] = {0}, head[AUDIT_HASH_LEN];
	int rc = walk(reader.db, &seq, hash);
	if (rc == E_SIGNATURE)
		*ret_seq = seq;
	TRY(rc);
	TRY(read_head(reader.db, &head_seq, head));
	bool whole = head_seq == seq && memcmp(head, hash, AUDIT_HASH_LEN) == 0;
	*ret_seq = whole ? seq : seq + 1;
	return whole ? 0 : E_SIGNATURE;
}
