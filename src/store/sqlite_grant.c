/*
 * Codes and refresh tokens on SQLite (RFC 6749 4.1.2, RFC 9700 4.14.2). A change that needs the row unused takes it: of
 * any number of callers exactly one does. Who comes second ends the family, in the transaction that tells him.
 */
#include "store/sqlite_people.h"

struct put {
	const struct code *code;
	const unsigned char *pushed;
};

static int put(struct db *db, const void *args)
{
	const struct put *change = args;
	const struct code *code = change->code;
	int64_t client_n, account_n;
	const struct store_once_key pushed = {change->pushed, ONCE_PAR, code->created_s};
	TRY(sqlite_once_use(db, change->pushed ? &pushed : NULL)); /* RFC 9126 4: good for one authorization */
	TRY(sqlite_client_n(db, code->client_id, &client_n));
	TRY(sqlite_account_n(db, code->account_id, &account_n));
	TRY(sqlite_api_known(db, code->api_id));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO code (sha256, client_n, account_n, session_id, redirect_uri, scope, api_id,"
			     " nonce, challenge, methods, auth_s, created_s, expires_s, used)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
	query_blob(&query, sqlite_hash(code->sha256));
	query_int(&query, client_n);
	query_int(&query, account_n);
	query_text(&query, code->session_id);
	query_text(&query, code->redirect_uri);
	query_text(&query, code->scope);
	query_text(&query, code->api_id);
	query_text(&query, code->nonce);
	query_text(&query, code->challenge);
	query_int(&query, code->methods);
	query_int(&query, code->auth_s);
	query_int(&query, code->created_s);
	query_int(&query, code->expires_s);
	return query_run(&query);
}

int sqlite_code_put(struct store *store, const struct code *code, const unsigned char *pushed)
{
	return sqlite_write(store, put, &(struct put){code, pushed}, NULL);
}

static int load_code(struct query *query, struct arena *arena, struct code *ret_code, bool *ret_used)
{
	struct code code = {0};
	query_get_mem(query, code.sha256, sizeof(code.sha256));
	code.client_id = query_get_str(query, arena);
	code.account_id = query_get_str(query, arena);
	code.session_id = query_get_str(query, arena);
	code.redirect_uri = query_get_str(query, arena);
	code.scope = query_get_str(query, arena);
	code.api_id = query_get_str(query, arena);
	code.nonce = query_get_str(query, arena);
	code.challenge = query_get_str(query, arena);
	code.methods = (unsigned)query_get_int(query);
	code.auth_s = query_get_int(query);
	code.created_s = query_get_int(query);
	code.expires_s = query_get_int(query);
	bool used = query_get_int(query) != 0;
	TRY(query_status(query));
	*ret_code = code;
	*ret_used = used;
	return 0;
}

int sqlite_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena, struct code *ret_code,
		     bool *ret_used)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT o.sha256, c.id, a.id, o.session_id, o.redirect_uri, o.scope, o.api_id, "
				    "o.nonce, o.challenge, o.methods, o.auth_s, o.created_s, o.expires_s, o.used"
				    " FROM code o JOIN client c ON c.n = o.client_n JOIN account a ON a.n = o.account_n"
				    " WHERE o.sha256 = ?");
	query_blob(&query, sqlite_hash(sha256));
	TRY(query_row(&query));
	return load_code(&query, arena, ret_code, ret_used);
}

struct redeem {
	const unsigned char *sha256;
	int64_t grace_s; /* of refresh tokens */
	const struct issue *issue;
	const struct audit_note *note;
};

/* E_ABSENT: there is no such code that is good now. */
static int take_code(struct db *db, const struct redeem *redeem, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE code SET used = 1 WHERE sha256 = ? AND used = 0 AND expires_s > ? RETURNING n");
	query_blob(&query, sqlite_hash(redeem->sha256));
	query_int(&query, redeem->issue->now_s);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int find_used_code(struct db *db, const unsigned char *sha256, int64_t *ret_family_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT family_n FROM code WHERE sha256 = ? AND used = 1");
	query_blob(&query, sqlite_hash(sha256));
	TRY(query_row(&query));
	*ret_family_n = query_get_int(&query);
	return query_status(&query);
}

static int link_family(struct db *db, int64_t code_n, int64_t family_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "UPDATE code SET family_n = ? WHERE n = ?");
	query_int(&query, family_n);
	query_int(&query, code_n);
	return query_hit(&query);
}

static int redeem(struct db *db, const void *args)
{
	const struct redeem *change = args;
	int64_t n, family_n;
	int rc = take_code(db, change, &n);
	if (rc == E_ABSENT) {
		TRY(find_used_code(db, change->sha256, &family_n));
		return sqlite_family_reused(db, family_n, change->note);
	}
	TRY(rc);
	TRY(sqlite_family_begin(db, change->issue, &family_n));
	return link_family(db, n, family_n);
}

int sqlite_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
		       const struct audit_note *note)
{
	const struct redeem change = {.sha256 = sha256, .issue = issue, .note = note};
	return sqlite_write(store, redeem, &change, note);
}

int sqlite_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
			struct refresh *ret_refresh, struct family *ret_family)
{
	struct family family;
	struct refresh refresh = {0};
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT " SQLITE_FAMILY_COLUMNS ", r.sha256, r.created_s, r.expires_s, r.used_s"
				    " FROM refresh r JOIN family f ON f.n = r.family_n"
				    " JOIN client c ON c.n = f.client_n JOIN account a ON a.n = f.account_n"
				    " WHERE r.sha256 = ?");
	query_blob(&query, sqlite_hash(sha256));
	TRY(query_row(&query));
	TRY(sqlite_family_load(&query, arena, &family));
	query_get_mem(&query, refresh.sha256, sizeof(refresh.sha256));
	refresh.created_s = query_get_int(&query);
	refresh.expires_s = query_get_int(&query);
	refresh.used_s = query_get_int(&query);
	TRY(query_status(&query));
	refresh.family_id = family.id;
	*ret_refresh = refresh;
	*ret_family = family;
	return 0;
}

/* A refresh token of a living family, as the writer sees it. */
struct token {
	int64_t n, family_n, expires_s, used_s, next_n;
	bool grace_over;
};

static int find_token(struct db *db, const struct redeem *redeem, struct token *ret_token)
{
	struct token token;
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT r.n, r.family_n, r.expires_s, r.used_s, r.next_n, r.grace_over FROM refresh r"
			     " JOIN family f ON f.n = r.family_n"
			     " WHERE r.sha256 = ? AND f.ended_s = 0 AND f.expires_s > ?");
	query_blob(&query, sqlite_hash(redeem->sha256));
	query_int(&query, redeem->issue->now_s);
	TRY(query_row(&query));
	token.n = query_get_int(&query);
	token.family_n = query_get_int(&query);
	token.expires_s = query_get_int(&query);
	token.used_s = query_get_int(&query);
	token.next_n = query_get_int(&query);
	token.grace_over = query_get_int(&query) != 0;
	TRY(query_status(&query));
	*ret_token = token;
	return 0;
}

/* Takes one that nobody used; a dead successor has spent its grace. E_ABSENT: somebody did. */
static int take_token(struct db *db, int64_t n, int64_t now_s, bool grace_over)
{
	_cleanup_(query_done) struct query query = query_of(
		db, "UPDATE refresh SET used_s = max(?1, 1), grace_over = ?2 WHERE n = ?3 AND used_s = 0");
	query_int(&query, now_s);
	query_int(&query, grace_over);
	query_int(&query, n);
	return query_hit(&query);
}

/*
 * An answer may have been lost: the old token is good once more when it comes soon and nobody used the successor, which
 * dies. E_REUSED: none of that.
 */
static int take_again(struct db *db, const struct redeem *redeem, const struct token *token)
{
	int64_t now_s = redeem->issue->now_s;
	if (token->grace_over || redeem->grace_s <= 0 || now_s - token->used_s > redeem->grace_s)
		return E_REUSED;
	if (token->expires_s <= now_s)
		return E_ABSENT;
	int rc = take_token(db, token->next_n, now_s, true);
	if (rc == E_ABSENT)
		return E_REUSED;
	TRY(rc);
	return query_run_for(db, "UPDATE refresh SET grace_over = 1 WHERE n = ?", token->n);
}

static int take(struct db *db, const struct redeem *redeem, const struct token *token)
{
	if (token->used_s != 0)
		return take_again(db, redeem, token);
	if (token->expires_s <= redeem->issue->now_s)
		return E_ABSENT;
	int rc = take_token(db, token->n, redeem->issue->now_s, false);
	return rc == E_ABSENT ? E_REUSED : rc;
}

static int set_next(struct db *db, int64_t n, int64_t next_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "UPDATE refresh SET next_n = ? WHERE n = ?");
	query_int(&query, next_n);
	query_int(&query, n);
	return query_hit(&query);
}

static int set_used(struct db *db, int64_t family_n, int64_t now_s)
{
	_cleanup_(query_done) struct query query = query_of(db, "UPDATE family SET used_s = ? WHERE n = ?");
	query_int(&query, now_s);
	query_int(&query, family_n);
	return query_hit(&query);
}

static int rotate(struct db *db, const void *args)
{
	const struct redeem *change = args;
	struct token token;
	int64_t next_n;
	TRY(find_token(db, change, &token));
	int rc = take(db, change, &token);
	if (rc == E_REUSED)
		return sqlite_family_reused(db, token.family_n, change->note);
	TRY(rc);
	TRY(sqlite_family_issue(db, token.family_n, change->issue, &next_n));
	TRY(set_next(db, token.n, next_n));
	TRY(set_used(db, token.family_n, change->issue->now_s));
	return SQLITE_UNCHANGED; /* what happens every hour is not worth an audit entry */
}

int sqlite_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			  const struct issue *issue, const struct audit_note *note)
{
	return sqlite_write(store, rotate, &(struct redeem){sha256, grace_s, issue, note}, note);
}
