/* Session verbs on SQLite: browsers that are signed in. */
#include "store/sqlite_people.h"

struct put {
	const struct session *session;
	const unsigned char *replaces;
};

static int find_enabled(struct db *db, struct str account_id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT n FROM account WHERE id = ? AND disabled = 0");
	query_text(&query, account_id);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int insert(struct db *db, int64_t account_n, const struct session *session)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO session (sha256, id, account_n, account_epoch, methods, auth_s, created_s,"
			     " expires_s, seen_s, addr, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	query_blob(&query, sqlite_hash(session->sha256));
	query_text(&query, session->id);
	query_int(&query, account_n);
	query_int(&query, session->account_epoch);
	query_int(&query, session->methods);
	query_int(&query, session->auth_s);
	query_int(&query, session->created_s);
	query_int(&query, session->expires_s);
	query_int(&query, session->seen_s);
	query_text(&query, session->addr);
	query_text(&query, session->agent);
	return query_run(&query);
}

static int delete_hash(struct db *db, const unsigned char *sha256)
{
	_cleanup_(query_done) struct query query = query_of(db, "DELETE FROM session WHERE sha256 = ?");
	query_blob(&query, sqlite_hash(sha256));
	return query_run(&query);
}

static int put(struct db *db, const void *args)
{
	const struct put *change = args;
	int64_t n;
	TRY(find_enabled(db, change->session->account_id, &n));
	if (change->replaces)
		TRY(delete_hash(db, change->replaces));
	return insert(db, n, change->session);
}

int sqlite_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
		       const struct audit_note *note)
{
	return sqlite_write(store, put, &(struct put){session, replaces}, note);
}

#define SELECT_SESSION                                                                                        \
	"SELECT s.sha256, s.id, a.id, s.account_epoch, s.methods, s.auth_s, s.created_s, s.expires_s, s.seen_s," \
	" s.addr, s.agent FROM session s JOIN account a ON a.n = s.account_n "
#define LIVES "a.disabled = 0 AND s.account_epoch = a.epoch AND s.expires_s > ?"

static int load(struct query *query, struct arena *arena, struct session *ret_session)
{
	struct session session = {0};
	query_get_mem(query, session.sha256, sizeof(session.sha256));
	session.id = query_get_str(query, arena);
	session.account_id = query_get_str(query, arena);
	session.account_epoch = query_get_int(query);
	session.methods = (unsigned)query_get_int(query);
	session.auth_s = query_get_int(query);
	session.created_s = query_get_int(query);
	session.expires_s = query_get_int(query);
	session.seen_s = query_get_int(query);
	session.addr = query_get_str(query, arena);
	session.agent = query_get_str(query, arena);
	TRY(query_status(query));
	*ret_session = session;
	return 0;
}

int sqlite_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
		       struct session *ret_session, struct account *ret_account)
{
	struct session session;
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_SESSION "WHERE s.sha256 = ? AND " LIVES);
	query_blob(&query, sqlite_hash(sha256));
	query_int(&query, now_s);
	TRY(query_row(&query));
	TRY(load(&query, arena, &session));
	TRY(sqlite_account_load(reader.db, session.account_id, arena, ret_account));
	*ret_session = session;
	return 0;
}

struct touch {
	const unsigned char *sha256;
	int64_t now_s, expires_s;
	struct str addr;
};

/* One that is over is not revived. */
static int touch(struct db *db, const void *args)
{
	const struct touch *change = args;
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE session SET seen_s = ?1, expires_s = ?2, addr = ?3"
			     " WHERE sha256 = ?4 AND expires_s > ?1 AND account_epoch ="
			     " (SELECT epoch FROM account a WHERE a.n = account_n AND a.disabled = 0)");
	query_int(&query, change->now_s);
	query_int(&query, change->expires_s);
	query_text(&query, change->addr);
	query_blob(&query, sqlite_hash(change->sha256));
	return query_hit(&query);
}

int sqlite_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			 struct str addr)
{
	return sqlite_write(store, touch, &(struct touch){sha256, now_s, expires_s, addr}, NULL);
}

int sqlite_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			struct session **ret_sessions, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(
		reader.db, SELECT_SESSION "WHERE a.id = ? AND " LIVES " ORDER BY s.auth_s DESC, s.n DESC LIMIT ?");
	query_text(&query, account_id);
	query_int(&query, now_s);
	query_int(&query, SQLITE_LIST_MAX);
	struct session *sessions = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &sessions, n, sizeof(*sessions)));
		TRY(load(&query, arena, &sessions[n++]));
	}
	TRY(rc);
	*ret_sessions = sessions;
	*ret_n = n;
	return 0;
}

struct end {
	struct str account_id, id;
	const unsigned char *except;
};

static int end_one(struct db *db, const struct end *end)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM session WHERE id = ? AND account_n = (SELECT n FROM account WHERE id = ?)");
	query_text(&query, end->id);
	query_text(&query, end->account_id);
	return query_hit(&query);
}

/* No hash is empty, so an empty one excepts nobody. */
int sqlite_session_end_all(struct db *db, int64_t account_n, const unsigned char *except)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM session WHERE account_n = ? AND sha256 <> ?");
	query_int(&query, account_n);
	query_blob(&query, except ? sqlite_hash(except) : STR(""));
	return query_hit(&query);
}

static int end(struct db *db, const void *args)
{
	const struct end *change = args;
	int64_t n;
	if (change->id.len > 0)
		return end_one(db, change);
	int rc = sqlite_account_n(db, change->account_id, &n);
	if (rc == 0)
		rc = sqlite_session_end_all(db, n, change->except);
	return rc == E_ABSENT ? SQLITE_UNCHANGED : rc;
}

int sqlite_session_end(struct store *store, struct str account_id, struct str id, const unsigned char *except,
		       const struct audit_note *note)
{
	return sqlite_write(store, end, &(struct end){account_id, id, except}, note);
}
