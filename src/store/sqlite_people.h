/*
 * What the files of the SQLite backend that deal with people share (see sqlite.h for the rest), and their verbs.
 */
#ifndef STORE_SQLITE_PEOPLE_H
#define STORE_SQLITE_PEOPLE_H

#include "base/buf.h"
#include "store/sqlite.h"

/* At most so many rows in lists that have no limit of their own. */
enum { SQLITE_LIST_MAX = 1000 };

static inline struct str sqlite_hash(const unsigned char sha256[32]) { return str_mem(sha256, 32); }

/* An API that a grant is for; an empty id is ourselves. E_ABSENT. */
must_check int sqlite_api_known(struct db *db, struct str id);

/* sqlite_family.c: inside the writer's transaction. A new family with its first tokens. E_ABSENT: client, account. */
must_check int sqlite_family_begin(struct db *db, const struct issue *issue, int64_t *ret_n);
/* The next refresh token (0: none) and the access token of a family. */
must_check int sqlite_family_issue(struct db *db, int64_t n, const struct issue *issue, int64_t *ret_refresh_n);
/* Ends it, its living access tokens go into the feed. SQLITE_UNCHANGED: it had ended before. */
must_check int sqlite_family_close(struct db *db, int64_t n, int64_t now_s);
/*
 * Something that was good for one use came twice: closes the family that began with it (0: none is known any more) and
 * notes that. SQLITE_REUSED, or a failure.
 */
must_check int sqlite_family_reused(struct db *db, int64_t n, const struct audit_note *note);
/* The columns of a family and how they are read; `f`, `c`, `a` are family, client, account. */
#define SQLITE_FAMILY_COLUMNS                                                                                       \
	"f.id, c.id, a.id, f.session_id, f.epoch, f.account_epoch, f.scope, f.api_id, f.nonce, f.methods, f.auth_s, " \
	"f.created_s, f.expires_s, f.ended_s, f.used_s"
must_check int sqlite_family_load(struct query *query, struct arena *arena, struct family *ret_family);

/* sqlite_once.c: uses it up. NULL: there is nothing to. E_REUSED: it is not good (any more). */
must_check int sqlite_once_use(struct db *db, const struct store_once_key *key);
/* sqlite_login.c: replaces the password (empty: none). */
must_check int sqlite_login_put(struct db *db, int64_t account_n, struct str phc, int64_t now_s);
/* sqlite_upstream.c: account_id of the link is not looked at. */
must_check int sqlite_upstream_insert(struct db *db, int64_t account_n, const struct upstream_link *link);

/* sqlite_session.c: all of an account but the one with the hash `except` (NULL: really all). E_ABSENT: none. */
must_check int sqlite_session_end_all(struct db *db, int64_t account_n, const unsigned char *except);

/*
 * sqlite_app.c: lists of words without line ends, kept in one column, one per line. The buffer is caller's to free; its
 * status says whether there was room.
 */
void sqlite_lines_init(struct buf *buf, struct str_list lines);
/* The next column as a list; failures stick to the query. */
void sqlite_lines_get(struct query *query, struct arena *arena, struct str_list *ret_lines);
/* What only an app has. replace: nothing for a client that is none. */
must_check int sqlite_app_put(struct db *db, int64_t client_n, const struct client_app *app);
must_check int sqlite_app_replace(struct db *db, int64_t client_n, const struct client_app *app);
/* Somebody let it in, or it got a token: it is no unused one from now on. */
must_check int sqlite_app_used(struct db *db, int64_t client_n);
/* E_ABSENT: none from before then. */
must_check int sqlite_app_oldest_unused(struct db *db, bool vouched, int64_t before_s, struct arena *arena,
					struct str *ret_id);
must_check int sqlite_app_load(struct db *db, int64_t client_n, struct arena *arena, struct client_app *ret_app);

/* The verbs, by file. */
int sqlite_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
		       const struct audit_note *note);
int sqlite_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
		       struct session *ret_session, struct account *ret_account);
int sqlite_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			 struct str addr);
int sqlite_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			struct session **ret_sessions, size_t *ret_n);
int sqlite_session_end(struct store *store, struct str account_id, struct str id, const unsigned char *except,
		       const struct audit_note *note);

int sqlite_login_get(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login);
int sqlite_login_set_password(struct store *store, struct str account_id, const struct new_password *password,
			      const struct audit_note *note);
int sqlite_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note);
int sqlite_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
			  const struct audit_note *note);
int sqlite_login_use_totp(struct store *store, struct str account_id, int64_t step);
int sqlite_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
			      const struct audit_note *note);

int sqlite_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note);
int sqlite_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey);
int sqlite_passkey_list(struct store *store, struct str account_id, struct arena *arena, struct passkey **ret_passkeys,
			size_t *ret_n);
int sqlite_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
			  const struct audit_note *note);
int sqlite_passkey_delete(struct store *store, struct str account_id, struct str id, const struct audit_note *note);
int sqlite_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s);

int sqlite_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note);
int sqlite_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
			struct upstream_link *ret_link);
int sqlite_upstream_list(struct store *store, struct str account_id, struct arena *arena,
			 struct upstream_link **ret_links, size_t *ret_n);
int sqlite_upstream_delete(struct store *store, struct str account_id, struct str issuer,
			   const struct audit_note *note);

int sqlite_once_put(struct store *store, const struct once *once, const struct audit_note *note);
int sqlite_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once);
int sqlite_once_take(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once,
		     const struct audit_note *note);
int sqlite_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
		     struct once **ret_onces, size_t *ret_n);

int sqlite_code_put(struct store *store, const struct code *code, const unsigned char *pushed);
int sqlite_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena, struct code *ret_code,
		     bool *ret_used);
int sqlite_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
		       const struct audit_note *note);
int sqlite_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
			struct refresh *ret_refresh, struct family *ret_family);
int sqlite_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			  const struct issue *issue, const struct audit_note *note);

int sqlite_family_end(struct store *store, struct str id, const struct audit_note *note);
int sqlite_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family);
int sqlite_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		       struct family **ret_families, size_t *ret_n);

int sqlite_device_put(struct store *store, const struct device *device);
int sqlite_device_peek(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
		       struct device *ret_device);
int sqlite_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s);
int sqlite_device_decide(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			 const struct audit_note *note);
int sqlite_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			 const struct audit_note *note);

int sqlite_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
		       struct consent *ret_consent);
int sqlite_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note);
int sqlite_consent_list(struct store *store, struct str account_id, struct arena *arena, struct consent **ret_consents,
			size_t *ret_n);
int sqlite_consent_delete(struct store *store, struct str account_id, struct str client_id,
			  const struct audit_note *note);

int sqlite_usage_flush(struct store *store, const struct usage_row *rows, size_t n);
int sqlite_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
		       struct use_day **ret_days, size_t *ret_n);
int sqlite_secret_hosts(struct store *store, struct str client_id, struct arena *arena, struct secret_host **ret_hosts,
			size_t *ret_n);

int sqlite_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more);

#endif
