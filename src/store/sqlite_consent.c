/* Consent verbs on SQLite: what an account allowed an app. */
#include "store/sqlite_people.h"

struct pair {
	struct str account_id, client_id;
	int64_t now_s;
};

#define SELECT_CONSENT                                                                     \
	"SELECT a.id, c.id, k.scope, k.created_s, k.changed_s FROM consent k "             \
	"JOIN account a ON a.n = k.account_n JOIN client c ON c.n = k.client_n WHERE a.id = ? "

static int load(struct query *query, struct arena *arena, struct consent *ret_consent)
{
	struct consent consent = {0};
	consent.account_id = query_get_str(query, arena);
	consent.client_id = query_get_str(query, arena);
	consent.scope = query_get_str(query, arena);
	consent.created_s = query_get_int(query);
	consent.changed_s = query_get_int(query);
	TRY(query_status(query));
	*ret_consent = consent;
	return 0;
}

int sqlite_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
		       struct consent *ret_consent)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, SELECT_CONSENT "AND c.id = ?");
	query_text(&query, account_id);
	query_text(&query, client_id);
	TRY(query_row(&query));
	return load(&query, arena, ret_consent);
}

static int put(struct db *db, const void *args)
{
	const struct consent *consent = args;
	int64_t account_n, client_n;
	TRY(sqlite_account_n(db, consent->account_id, &account_n));
	TRY(sqlite_client_n(db, consent->client_id, &client_n));
	TRY(sqlite_app_used(db, client_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT OR REPLACE INTO consent (account_n, client_n, scope, created_s, changed_s)"
			     " VALUES (?, ?, ?, ?, ?)");
	query_int(&query, account_n);
	query_int(&query, client_n);
	query_text(&query, consent->scope);
	query_int(&query, consent->created_s);
	query_int(&query, consent->changed_s);
	return query_run(&query);
}

int sqlite_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note)
{
	return sqlite_write(store, put, consent, note);
}

int sqlite_consent_list(struct store *store, struct str account_id, struct arena *arena, struct consent **ret_consents,
			size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, SELECT_CONSENT "ORDER BY c.id");
	query_text(&query, account_id);
	struct consent *consents = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &consents, n, sizeof(*consents)));
		TRY(load(&query, arena, &consents[n++]));
	}
	TRY(rc);
	*ret_consents = consents;
	*ret_n = n;
	return 0;
}

/* The living family of the pair behind the row `after`. */
static int next_family(struct db *db, int64_t account_n, int64_t client_n, int64_t after, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT n FROM family WHERE client_n = ? AND account_n = ? AND n > ? AND ended_s = 0"
			     " ORDER BY n LIMIT 1");
	query_int(&query, client_n);
	query_int(&query, account_n);
	query_int(&query, after);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int close_families(struct db *db, int64_t account_n, int64_t client_n, int64_t now_s)
{
	int64_t n = 0;
	int rc;
	while ((rc = next_family(db, account_n, client_n, n, &n)) == 0)
		TRY(sqlite_family_close(db, n, now_s));
	return rc == E_ABSENT ? 0 : rc;
}

/* What was allowed and is not fetched yet would begin behind the person's back. */
static int end_unredeemed(struct db *db, int64_t account_n, int64_t client_n)
{
	_cleanup_(query_done) struct query codes =
		query_of(db, "DELETE FROM code WHERE account_n = ? AND client_n = ? AND used = 0");
	query_int(&codes, account_n);
	query_int(&codes, client_n);
	TRY(query_run(&codes));
	_cleanup_(query_done) struct query devices =
		query_of(db, "UPDATE device SET state = ? WHERE account_n = ? AND client_n = ? AND state = ?");
	query_int(&devices, DEVICE_DENIED);
	query_int(&devices, account_n);
	query_int(&devices, client_n);
	query_int(&devices, DEVICE_APPROVED);
	return query_run(&devices);
}

static int delete (struct db *db, const void *args)
{
	const struct pair *pair = args;
	int64_t account_n, client_n;
	TRY(sqlite_account_n(db, pair->account_id, &account_n));
	TRY(sqlite_client_n(db, pair->client_id, &client_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM consent WHERE account_n = ? AND client_n = ?");
	query_int(&query, account_n);
	query_int(&query, client_n);
	TRY(query_hit(&query));
	TRY(end_unredeemed(db, account_n, client_n));
	return close_families(db, account_n, client_n, pair->now_s);
}

int sqlite_consent_delete(struct store *store, struct str account_id, struct str client_id,
			  const struct audit_note *note)
{
	return sqlite_write(store, delete, &(struct pair){account_id, client_id, note->now_s}, note);
}
