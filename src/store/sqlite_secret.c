/* Secret verbs on SQLite. A secret lives while it is neither revoked nor expired. */
#include "store/sqlite.h"

struct add {
	const struct client_secret *secret;
	struct sqlite_end end;
	int64_t others_s; /* when the others end; 0: as they do */
};

struct revoke {
	struct str client_id, secret_id;
	struct sqlite_end end;
};

/* Runs a change of one client's secrets. */
static int run_for(struct db *db, const char *sql, int64_t client_n, int64_t value)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, client_n);
	query_int(&query, value);
	return query_run(&query);
}

static int insert_row(struct db *db, int64_t client_n, const struct client_secret *secret)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO client_secret (client_n, created_s, id, form, sha256, phc, hint, label, "
			     "expires_s, revoked_s, last_used_s,"
			     " last_used_addr, use_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	query_int(&query, client_n);
	query_int(&query, secret->created_s);
	query_text(&query, secret->id);
	query_int(&query, secret->form);
	query_blob(&query, str_mem(secret->sha256, secret->form == SECRET_GENERATED ? sizeof(secret->sha256) : 0));
	query_text(&query, secret->phc);
	query_text(&query, secret->hint);
	query_text(&query, secret->label);
	query_int(&query, secret->expires_s);
	query_int(&query, secret->revoked_s);
	query_int(&query, secret->last_used_s);
	query_text(&query, secret->last_used_addr);
	query_int(&query, secret->use_count);
	return query_run(&query);
}

static int count_living(struct db *db, int64_t client_n, int64_t now_s, int64_t *ret_all, int64_t *ret_chosen)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT count(*), count(*) FILTER (WHERE form = 1) FROM client_secret"
			     " WHERE client_n = ? AND revoked_s = 0 AND (expires_s = 0 OR expires_s > ?)");
	query_int(&query, client_n);
	query_int(&query, now_s);
	TRY(query_row(&query));
	*ret_all = query_get_int(&query);
	*ret_chosen = query_get_int(&query);
	return query_status(&query);
}

/* Each rotation leaves a dead secret behind; a client must stay cheap to load. */
static int prune(struct db *db, int64_t client_n, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM client_secret WHERE client_n = ?1 AND id IN (SELECT id FROM client_secret "
			     "WHERE client_n = ?1"
			     " AND (revoked_s <> 0 OR (expires_s <> 0 AND expires_s <= ?2)) ORDER BY created_s DESC, "
			     "id DESC LIMIT -1 OFFSET ?3)");
	query_int(&query, client_n);
	query_int(&query, now_s);
	query_int(&query, MODEL_SECRETS_DEAD_MAX);
	int rc = query_hit(&query);
	if (rc < 0)
		return rc == E_ABSENT ? 0 : rc;
	return query_run_for(db, "DELETE FROM secret_host WHERE client_n = ?1 AND secret_id NOT IN"
				 " (SELECT id FROM client_secret WHERE client_n = ?1)", client_n);
}

int sqlite_secret_insert(struct db *db, int64_t client_n, const struct client_secret *secret)
{
	int64_t living, chosen;
	TRY(count_living(db, client_n, secret->created_s, &living, &chosen));
	bool is_chosen = secret->form == SECRET_CHOSEN;
	if (is_chosen && (chosen > 0 || str_has_prefix(secret->client_id, STR("mmc_"))))
		return E_CONFLICT;
	if (living >= MODEL_SECRETS_MAX)
		return E_LIMIT;
	TRY(insert_row(db, client_n, secret));
	return prune(db, client_n, secret->created_s);
}

int sqlite_secret_load(struct db *db, int64_t client_n, struct arena *arena, struct client *client)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT id, form, sha256, phc, hint, label, created_s, expires_s, revoked_s, last_used_s, "
			     "last_used_addr, use_count"
			     " FROM client_secret WHERE client_n = ? ORDER BY created_s, id");
	query_int(&query, client_n);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &client->secrets, client->n_secrets, sizeof(*client->secrets)));
		struct client_secret *secret = &client->secrets[client->n_secrets++];
		*secret = (struct client_secret){.client_id = client->id};
		secret->id = query_get_str(&query, arena);
		secret->form = (enum secret_form)query_get_int(&query);
		if (secret->form == SECRET_GENERATED)
			query_get_mem(&query, secret->sha256, sizeof(secret->sha256));
		else
			(void)query_get_int(&query);
		secret->phc = query_get_str(&query, arena);
		secret->hint = query_get_str(&query, arena);
		secret->label = query_get_str(&query, arena);
		secret->created_s = query_get_int(&query);
		secret->expires_s = query_get_int(&query);
		secret->revoked_s = query_get_int(&query);
		secret->last_used_s = query_get_int(&query);
		secret->last_used_addr = query_get_str(&query, arena);
		secret->use_count = query_get_int(&query);
	}
	return rc;
}

/* What lives longer ends then. */
static int end_others(struct db *db, int64_t client_n, int64_t now_s, int64_t others_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE client_secret SET expires_s = ?3 WHERE client_n = ?1 AND revoked_s = 0"
			     " AND (expires_s = 0 OR expires_s > max(?2, ?3))");
	query_int(&query, client_n);
	query_int(&query, now_s);
	query_int(&query, others_s);
	return query_run(&query);
}

static int rotate(struct db *db, const void *args)
{
	const struct add *change = args;
	int64_t n;
	TRY(sqlite_client_n(db, change->secret->client_id, &n));
	if (change->others_s > 0)
		TRY(end_others(db, n, change->secret->created_s, change->others_s));
	TRY(sqlite_revocation_raise(db, REVOCATION_CLIENT, n, change->end));
	return sqlite_secret_insert(db, n, change->secret);
}

int sqlite_secret_rotate(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
			 const struct audit_note *note)
{
	return sqlite_write(store, rotate, &(struct add){secret, {note->now_s, terms->until_s}, terms->others_s}, note);
}

static int find(struct db *db, int64_t client_n, struct str id, int64_t *ret_revoked_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT revoked_s FROM client_secret WHERE id = ? AND client_n = ?");
	query_text(&query, id);
	query_int(&query, client_n);
	TRY(query_row(&query));
	*ret_revoked_s = query_get_int(&query);
	return query_status(&query);
}

static int set_revoked(struct db *db, int64_t client_n, struct str id, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE client_secret SET revoked_s = ? WHERE id = ? AND client_n = ? AND revoked_s = 0");
	query_int(&query, now_s);
	query_text(&query, id);
	query_int(&query, client_n);
	return query_hit(&query);
}

static int revoke(struct db *db, const void *args)
{
	const struct revoke *change = args;
	int64_t n, revoked_s;
	TRY(sqlite_client_n(db, change->client_id, &n));
	TRY(find(db, n, change->secret_id, &revoked_s));
	if (revoked_s != 0 && change->end.until_s == 0)
		return SQLITE_UNCHANGED;
	if (revoked_s == 0)
		TRY(set_revoked(db, n, change->secret_id, change->end.now_s));
	return sqlite_revocation_raise(db, REVOCATION_CLIENT, n, change->end);
}

int sqlite_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
			 int64_t until_s, const struct audit_note *note)
{
	return sqlite_write(store, revoke, &(struct revoke){client_id, secret_id, {now_s, until_s}}, note);
}

static int regenerate(struct db *db, const void *args)
{
	const struct add *change = args;
	int64_t n;
	TRY(sqlite_client_n(db, change->secret->client_id, &n));
	TRY(run_for(db, "UPDATE client_secret SET revoked_s = ?2 WHERE client_n = ?1 AND revoked_s = 0", n,
		    change->end.now_s));
	TRY(sqlite_revocation_raise(db, REVOCATION_CLIENT, n, change->end));
	return sqlite_secret_insert(db, n, change->secret);
}

int sqlite_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, int64_t until_s,
			     const struct audit_note *note)
{
	return sqlite_write(store, regenerate, &(struct add){secret, {now_s, until_s}, 0}, note);
}

int sqlite_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
		       struct client_secret *ret_secret)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT client.id, client_secret.id, revoked_s FROM client_secret"
				    " JOIN client ON client.n = client_n WHERE form = 0 AND sha256 = ?");
	query_blob(&query, str_mem(sha256, sizeof(ret_secret->sha256)));
	TRY(query_row(&query));
	struct client_secret secret = {.client_id = query_get_str(&query, arena)};
	secret.id = query_get_str(&query, arena);
	secret.revoked_s = query_get_int(&query);
	TRY(query_status(&query));
	*ret_secret = secret;
	return 0;
}
