/* Login verbs on SQLite: password, time-based codes (RFC 6238), recovery codes. */
#include "store/sqlite_people.h"

int sqlite_login_get(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login)
{
	struct login login = {0};
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT l.phc, l.password_s, l.totp, l.totp_on, l.totp_step,"
				    " (SELECT count(*) FROM recovery r WHERE r.account_n = a.n)"
				    " FROM account a LEFT JOIN login l ON l.account_n = a.n WHERE a.id = ?");
	query_text(&query, account_id);
	TRY(query_row(&query));
	login.phc = query_get_str(&query, arena);
	login.password_s = query_get_int(&query);
	login.totp = query_get_str(&query, arena);
	login.totp_on = query_get_int(&query) != 0;
	login.totp_step = query_get_int(&query);
	login.n_recovery = (size_t)query_get_int(&query);
	TRY(query_status(&query));
	*ret_login = login;
	return 0;
}

struct password {
	struct str account_id;
	const struct new_password *to;
	struct sqlite_end end;
};

int sqlite_login_put(struct db *db, int64_t account_n, struct str phc, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO login (account_n, phc, password_s, totp, totp_on, totp_step)"
			     " VALUES (?, ?, ?, x'', 0, 0) ON CONFLICT (account_n)"
			     " DO UPDATE SET phc = excluded.phc, password_s = excluded.password_s");
	query_int(&query, account_n);
	query_text(&query, phc);
	query_int(&query, phc.len > 0 ? now_s : 0);
	return query_run(&query);
}

/* The browser that changed the password stays signed in, under the new epoch; an older session stays over. */
static int take_along(struct db *db, int64_t account_n, const unsigned char *except)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE session SET account_epoch = account_epoch + 1 WHERE sha256 = ?1 AND account_n = ?2"
			     " AND account_epoch = (SELECT epoch - 1 FROM account WHERE n = ?2)");
	query_blob(&query, sqlite_hash(except));
	query_int(&query, account_n);
	return query_run(&query);
}

static int set_password(struct db *db, const void *args)
{
	const struct password *change = args;
	int64_t n;
	TRY(sqlite_account_n(db, change->account_id, &n));
	TRY(sqlite_once_use(db, change->to->taken));
	TRY(sqlite_login_put(db, n, change->to->phc, change->end.now_s));
	TRY(query_run_for(db, "DELETE FROM once WHERE account_n = ?", n));
	int rc = sqlite_session_end_all(db, n, change->to->except);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	TRY(sqlite_revocation_raise(db, REVOCATION_ACCOUNT, n, change->end));
	return change->end.until_s > 0 && change->to->except ? take_along(db, n, change->to->except) : 0;
}

int sqlite_login_set_password(struct store *store, struct str account_id, const struct new_password *password,
			      const struct audit_note *note)
{
	const struct password change = {account_id, password, {note->now_s, password->until_s}};
	return sqlite_write(store, set_password, &change, note);
}

struct totp {
	struct str account_id;
	const struct login_totp *totp;
};

static int store_totp(struct db *db, int64_t account_n, const struct login_totp *totp)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO login (account_n, phc, password_s, totp, totp_on, totp_step)"
			     " VALUES (?, '', 0, ?, ?, ?) ON CONFLICT (account_n) DO UPDATE"
			     " SET totp = excluded.totp, totp_on = excluded.totp_on, totp_step = excluded.totp_step");
	bool set = totp->sealed.len > 0;
	query_int(&query, account_n);
	query_blob(&query, totp->sealed);
	query_int(&query, set && totp->on);
	query_int(&query, set ? totp->step : 0);
	return query_run(&query);
}

static int insert_recovery(struct db *db, int64_t account_n, const unsigned char sha256[32])
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT OR IGNORE INTO recovery (account_n, sha256) VALUES (?, ?)");
	query_int(&query, account_n);
	query_blob(&query, sqlite_hash(sha256));
	return query_run(&query);
}

static int set_totp(struct db *db, const void *args)
{
	const struct totp *change = args;
	const struct login_totp *totp = change->totp;
	int64_t n;
	TRY(sqlite_account_n(db, change->account_id, &n));
	TRY(store_totp(db, n, totp));
	TRY(query_run_for(db, "DELETE FROM recovery WHERE account_n = ?", n));
	for (size_t i = 0; totp->sealed.len > 0 && i < totp->n_recovery; i++)
		TRY(insert_recovery(db, n, totp->recovery[i]));
	return 0;
}

int sqlite_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
			  const struct audit_note *note)
{
	return sqlite_write(store, set_totp, &(struct totp){account_id, totp}, note);
}

static int reset_factors(struct db *db, const void *args)
{
	static const struct login_totp none = {.on = false};
	int64_t n;
	TRY(sqlite_account_n(db, *(const struct str *)args, &n));
	TRY(store_totp(db, n, &none));
	TRY(query_run_for(db, "DELETE FROM recovery WHERE account_n = ?", n));
	TRY(query_run_for(db, "DELETE FROM passkey WHERE account_n = ?", n));
	TRY(query_run_for(db, "DELETE FROM once WHERE account_n = ?", n));
	int rc = sqlite_session_end_all(db, n, NULL);
	return rc == E_ABSENT ? 0 : rc;
}

int sqlite_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note)
{
	return sqlite_write(store, reset_factors, &account_id, note);
}

struct step {
	struct str account_id;
	int64_t step;
};

static int find_on(struct db *db, struct str account_id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT account_n FROM login WHERE totp_on = 1"
			     " AND account_n = (SELECT n FROM account WHERE id = ?)");
	query_text(&query, account_id);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int use_totp(struct db *db, const void *args)
{
	const struct step *change = args;
	int64_t n;
	TRY(find_on(db, change->account_id, &n));
	/* RFC 6238 5.2: of any number that bring the same code one is heard. */
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE login SET totp_step = ?1 WHERE account_n = ?2 AND totp_step < ?1");
	query_int(&query, change->step);
	query_int(&query, n);
	int rc = query_hit(&query);
	return rc == E_ABSENT ? E_REUSED : rc;
}

int sqlite_login_use_totp(struct store *store, struct str account_id, int64_t step)
{
	return sqlite_write(store, use_totp, &(struct step){account_id, step}, NULL);
}

struct recovery {
	struct str account_id;
	const unsigned char *sha256;
};

static int use_recovery(struct db *db, const void *args)
{
	const struct recovery *change = args;
	_cleanup_(query_done) struct query query = query_of(
		db, "DELETE FROM recovery WHERE account_n = (SELECT n FROM account WHERE id = ?) AND sha256 = ?");
	query_text(&query, change->account_id);
	query_blob(&query, sqlite_hash(change->sha256));
	return query_hit(&query);
}

int sqlite_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
			      const struct audit_note *note)
{
	return sqlite_write(store, use_recovery, &(struct recovery){account_id, sha256}, note);
}
