/*
 * Families on SQLite: all tokens that come from one authorization, and how they end together (RFC 6749 4.1.2,
 * RFC 9700 4.14.2).
 */
#include "store/sqlite_people.h"

static int insert(struct db *db, const struct family *family, int64_t now_s, int64_t *ret_n)
{
	int64_t client_n, account_n;
	TRY(sqlite_client_n(db, family->client_id, &client_n));
	TRY(sqlite_account_n(db, family->account_id, &account_n));
	TRY(sqlite_app_used(db, client_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO family (id, client_n, account_n, session_id, epoch, account_epoch, scope,"
			     " api_id, nonce, methods, auth_s, created_s, expires_s, ended_s, used_s)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)");
	query_text(&query, family->id);
	query_int(&query, client_n);
	query_int(&query, account_n);
	query_text(&query, family->session_id);
	query_int(&query, family->epoch);
	query_int(&query, family->account_epoch);
	query_text(&query, family->scope);
	query_text(&query, family->api_id);
	query_text(&query, family->nonce);
	query_int(&query, family->methods);
	query_int(&query, family->auth_s);
	query_int(&query, family->created_s);
	query_int(&query, family->expires_s);
	query_int(&query, now_s);
	TRY(query_run(&query));
	*ret_n = sqlite3_last_insert_rowid(db->handle);
	return 0;
}

static int insert_refresh(struct db *db, int64_t family_n, const struct refresh *refresh, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO refresh (sha256, family_n, created_s, expires_s, used_s, next_n, grace_over)"
			     " VALUES (?, ?, ?, ?, 0, 0, 0)");
	query_blob(&query, sqlite_hash(refresh->sha256));
	query_int(&query, family_n);
	query_int(&query, refresh->created_s);
	query_int(&query, refresh->expires_s);
	TRY(query_run(&query));
	*ret_n = sqlite3_last_insert_rowid(db->handle);
	return 0;
}

/* However often it is refreshed, a family remembers those of its tokens that can be alive. */
static int forget_dead(struct db *db, int64_t n, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM family_token WHERE family_n = ? AND until_s <= ?");
	query_int(&query, n);
	query_int(&query, now_s);
	return query_run(&query);
}

static int insert_token(struct db *db, int64_t n, const struct family_token *token)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO family_token (family_n, jti, until_s) VALUES (?, ?, ?)");
	query_int(&query, n);
	query_text(&query, token->jti);
	query_int(&query, token->until_s);
	return query_run(&query);
}

int sqlite_family_issue(struct db *db, int64_t n, const struct issue *issue, int64_t *ret_refresh_n)
{
	int64_t refresh_n = 0;
	if (issue->refresh)
		TRY(insert_refresh(db, n, issue->refresh, &refresh_n));
	TRY(forget_dead(db, n, issue->now_s));
	TRY(insert_token(db, n, issue->access));
	*ret_refresh_n = refresh_n;
	return 0;
}

int sqlite_family_begin(struct db *db, const struct issue *issue, int64_t *ret_n)
{
	int64_t n, refresh_n;
	TRY(insert(db, issue->family, issue->now_s, &n));
	TRY(sqlite_family_issue(db, n, issue, &refresh_n));
	*ret_n = n;
	return 0;
}

/* Each living access token is named in the feed, whatever its owner has there already: an ending never fails. */
static int name_tokens(struct db *db, int64_t n, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT t.jti, t.until_s, c.id FROM family_token t JOIN family f ON f.n = t.family_n"
			     " JOIN client c ON c.n = f.client_n WHERE t.family_n = ? AND t.until_s > ?");
	query_int(&query, n);
	query_int(&query, now_s);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		struct revocation token = {.kind = REVOCATION_JTI, .not_before_s = now_s};
		token.id = query_peek_str(&query);
		token.until_s = query_get_int(&query);
		token.owner = query_peek_str(&query);
		TRY(query_status(&query));
		TRY(sqlite_revocation_end_jti(db, &token));
	}
	return rc;
}

int sqlite_family_close(struct db *db, int64_t n, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE family SET ended_s = max(?1, 1) WHERE n = ?2 AND ended_s = 0");
	query_int(&query, now_s);
	query_int(&query, n);
	int rc = query_hit(&query);
	if (rc < 0)
		return rc == E_ABSENT ? SQLITE_UNCHANGED : rc;
	TRY(name_tokens(db, n, now_s));
	return query_run_for(db, "DELETE FROM family_token WHERE family_n = ?", n);
}

static int note_reuse(struct db *db, int64_t n, const struct audit_note *note)
{
	struct audit_note entry = *note;
	_cleanup_(query_done) struct query query = query_of(db, "SELECT id FROM family WHERE n = ?");
	query_int(&query, n);
	TRY(query_row(&query));
	entry.action = STR(STORE_REUSED);
	entry.target = query_peek_str(&query);
	TRY(query_status(&query));
	return sqlite_audit_link(db, &entry);
}

int sqlite_family_reused(struct db *db, int64_t n, const struct audit_note *note)
{
	int rc = sqlite_family_close(db, n, note->now_s);
	if (rc == 0)
		rc = note_reuse(db, n, note);
	return rc < 0 ? rc : SQLITE_REUSED;
}

int sqlite_family_load(struct query *query, struct arena *arena, struct family *ret_family)
{
	struct family family = {0};
	family.id = query_get_str(query, arena);
	family.client_id = query_get_str(query, arena);
	family.account_id = query_get_str(query, arena);
	family.session_id = query_get_str(query, arena);
	family.epoch = query_get_int(query);
	family.account_epoch = query_get_int(query);
	family.scope = query_get_str(query, arena);
	family.api_id = query_get_str(query, arena);
	family.nonce = query_get_str(query, arena);
	family.methods = (unsigned)query_get_int(query);
	family.auth_s = query_get_int(query);
	family.created_s = query_get_int(query);
	family.expires_s = query_get_int(query);
	family.ended_s = query_get_int(query);
	family.used_s = query_get_int(query);
	TRY(query_status(query));
	*ret_family = family;
	return 0;
}

struct end {
	struct str id;
	int64_t now_s;
};

static int end(struct db *db, const void *args)
{
	const struct end *change = args;
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM family WHERE id = ?");
	query_text(&query, change->id);
	TRY(query_row(&query));
	int64_t n = query_get_int(&query);
	TRY(query_status(&query));
	return sqlite_family_close(db, n, change->now_s);
}

int sqlite_family_end(struct store *store, struct str id, const struct audit_note *note)
{
	return sqlite_write(store, end, &(struct end){id, note->now_s}, note);
}

#define SELECT_FAMILY \
	"SELECT " SQLITE_FAMILY_COLUMNS " FROM family f JOIN client c ON c.n = f.client_n" \
	" JOIN account a ON a.n = f.account_n "

int sqlite_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, SELECT_FAMILY "WHERE f.id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	return sqlite_family_load(&query, arena, ret_family);
}

int sqlite_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		       struct family **ret_families, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_FAMILY "WHERE a.id = ? AND f.ended_s = 0 AND f.expires_s > ?"
						  " AND f.epoch = c.epoch AND f.account_epoch = a.epoch"
						  " ORDER BY f.created_s DESC, f.n DESC LIMIT ?");
	query_text(&query, account_id);
	query_int(&query, now_s);
	query_int(&query, SQLITE_LIST_MAX);
	struct family *families = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &families, n, sizeof(*families)));
		TRY(sqlite_family_load(&query, arena, &families[n++]));
	}
	TRY(rc);
	*ret_families = families;
	*ret_n = n;
	return 0;
}
