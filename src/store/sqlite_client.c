/* Client verbs on SQLite. */
#include "store/sqlite_people.h"

struct put {
	const struct client *clients;
	size_t n;
	const struct store_once_key *taken;
};

struct update {
	const struct client *client;
	bool set_grants;
};

struct disable {
	struct str id;
	const struct client_switch *to;
	struct sqlite_end end;
};

struct delete {
	struct str id;
	struct sqlite_end end;
};

static bool is_imported(struct str id) { return !str_has_prefix(id, STR("mmc_")); }

int sqlite_client_n(struct db *db, struct str id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM client WHERE id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

/* 0 for an empty id. */
static int find_refs(struct db *db, const struct client *client, int64_t *ret_account_n, int64_t *ret_api_n)
{
	int64_t account_n = 0, api_n = 0;
	if (client->account_id.len > 0)
		TRY(sqlite_account_n(db, client->account_id, &account_n));
	if (client->default_api.len > 0)
		TRY(sqlite_api_n(db, client->default_api, &api_n));
	*ret_account_n = account_n;
	*ret_api_n = api_n;
	return 0;
}

static int count_imported(struct db *db, int64_t change)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE state SET clients_imported = clients_imported + ? WHERE one = 1");
	query_int(&query, change);
	return query_hit(&query);
}

static int find_api_scope(struct db *db, const struct scope_grant *grant, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT n FROM scope WHERE api_n = (SELECT n FROM api WHERE id = ?) AND name = ?");
	query_text(&query, grant->api_id);
	query_text(&query, grant->scope);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int find_identity_scope(struct db *db, struct str name, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM scope WHERE api_n IS NULL AND name = ?");
	query_text(&query, name);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int insert_identity_scope(struct db *db, struct str name)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO scope (api_n, name, description, pos) VALUES (NULL, ?, '', 0)");
	query_text(&query, name);
	return query_run(&query);
}

static int find_scope(struct db *db, const struct scope_grant *grant, int64_t *ret_n)
{
	if (grant->api_id.len > 0)
		return find_api_scope(db, grant, ret_n);
	int rc = find_identity_scope(db, grant->scope, ret_n);
	if (rc != E_ABSENT)
		return rc;
	TRY(insert_identity_scope(db, grant->scope));
	return find_identity_scope(db, grant->scope, ret_n);
}

static int insert_grants(struct db *db, int64_t client_n, const struct client *client)
{
	for (size_t i = 0; i < client->n_grants; i++) {
		int64_t scope_n;
		TRY(find_scope(db, &client->grants[i], &scope_n));
		_cleanup_(query_done) struct query query =
			query_of(db, "INSERT OR IGNORE INTO client_grant (client_n, scope_n) VALUES (?, ?)");
		query_int(&query, client_n);
		query_int(&query, scope_n);
		TRY(query_run(&query));
	}
	return 0;
}

static int insert(struct db *db, const struct client *client, int64_t *ret_n)
{
	int64_t account_n, api_n;
	_cleanup_(buf_done) struct buf networks;
	sqlite_lines_init(&networks, client->networks);
	TRY(find_refs(db, client, &account_n, &api_n));
	/* An id that was deleted and comes back: not below the epoch that verifiers have heard of. */
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO client (id, kind, account_n, name, auth, disabled, expires_s, lifetime_s, "
			     "default_api_n, epoch, created_s, networks, held)"
			     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, max(?10, coalesce("
			     "(SELECT epoch FROM revocation WHERE kind = 0 AND id = ?1), 0)), ?11, ?12, ?13)");
	query_text(&query, client->id);
	query_int(&query, client->kind);
	query_ref(&query, account_n);
	query_text(&query, client->name);
	query_int(&query, client->auth);
	query_int(&query, client->disabled);
	query_int(&query, client->expires_s);
	query_int(&query, client->lifetime_s);
	query_ref(&query, api_n);
	query_int(&query, client->epoch);
	query_int(&query, client->created_s);
	TRY(buf_status(&networks));
	query_text(&query, buf_str(&networks));
	query_int(&query, client->held);
	TRY(query_run(&query));
	*ret_n = sqlite3_last_insert_rowid(db->handle);
	return 0;
}

static int put_one(struct db *db, const struct client *client)
{
	int64_t n;
	TRY(insert(db, client, &n));
	TRY(insert_grants(db, n, client));
	if (client->kind == CLIENT_APP)
		TRY(sqlite_app_put(db, n, &client->app));
	for (size_t i = 0; i < client->n_secrets; i++) {
		struct client_secret secret = client->secrets[i];
		secret.client_id = client->id;
		TRY(sqlite_secret_insert(db, n, &secret));
	}
	return is_imported(client->id) ? count_imported(db, 1) : 0;
}

static int put(struct db *db, const void *args)
{
	const struct put *put = args;
	TRY(sqlite_once_use(db, put->taken));
	for (size_t i = 0; i < put->n; i++)
		TRY(put_one(db, &put->clients[i]));
	return 0;
}

int sqlite_client_put(struct store *store, const struct client *clients, size_t n, const struct store_once_key *taken,
		      const struct audit_note *note)
{
	return sqlite_write(store, put, &(struct put){clients, n, taken}, note);
}

#define SELECT_CLIENT                                                                                            \
	"SELECT c.n, c.id, c.kind, a.id, c.name, c.auth, c.disabled, c.expires_s, c.lifetime_s, d.id, c.epoch, " \
	"c.created_s, c.networks, c.held"                                                                        \
	" FROM client c LEFT JOIN account a ON a.n = c.account_n LEFT JOIN api d ON d.n = c.default_api_n "

/* Without grants, secrets and audiences it serves. */
static int load(struct query *query, struct arena *arena, int64_t *ret_n, struct client *ret_client)
{
	struct client client = {0};
	int64_t n = query_get_int(query);
	client.id = query_get_str(query, arena);
	client.kind = (enum client_kind)query_get_int(query);
	client.account_id = query_get_str(query, arena);
	client.name = query_get_str(query, arena);
	client.auth = (enum client_auth)query_get_int(query);
	client.disabled = query_get_int(query) != 0;
	client.expires_s = query_get_int(query);
	client.lifetime_s = query_get_int(query);
	client.default_api = query_get_str(query, arena);
	client.epoch = query_get_int(query);
	client.created_s = query_get_int(query);
	sqlite_lines_get(query, arena, &client.networks);
	client.held = (unsigned)query_get_int(query);
	TRY(query_status(query));
	if (client.kind == CLIENT_APP)
		TRY(sqlite_app_load(query->db, n, arena, &client.app));
	*ret_n = n;
	*ret_client = client;
	return 0;
}

static int load_grants(struct db *db, int64_t client_n, struct arena *arena, struct client *client)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT a.id, s.name FROM client_grant g JOIN scope s "
								"ON s.n = g.scope_n LEFT JOIN api a ON a.n = s.api_n"
								" WHERE g.client_n = ? ORDER BY a.id, s.name");
	query_int(&query, client_n);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &client->grants, client->n_grants, sizeof(*client->grants)));
		struct scope_grant *grant = &client->grants[client->n_grants++];
		grant->api_id = query_get_str(&query, arena);
		grant->scope = query_get_str(&query, arena);
	}
	return rc;
}

static int load_serves(struct db *db, int64_t client_n, struct arena *arena, struct client *client)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT a.audience FROM api_server s JOIN api a ON a.n = s.api_n WHERE s.client_n = ?"
			     " ORDER BY a.audience");
	query_int(&query, client_n);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &client->serves.v, client->serves.n, sizeof(*client->serves.v)));
		client->serves.v[client->serves.n++] = query_get_str(&query, arena);
	}
	return rc < 0 ? rc : query_status(&query);
}

int sqlite_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client)
{
	int64_t n;
	struct client client;
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, SELECT_CLIENT "WHERE c.id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	TRY(load(&query, arena, &n, &client));
	TRY(load_grants(reader.db, n, arena, &client));
	TRY(sqlite_secret_load(reader.db, n, arena, &client));
	TRY(load_serves(reader.db, n, arena, &client));
	*ret_client = client;
	return 0;
}

static const char *list_sql(const struct store_client_range *range)
{
#define LIST(where, order) SELECT_CLIENT "WHERE " where " ORDER BY " order " LIMIT ? OFFSET ?"
#define OF_ACCOUNT         "c.account_n = (SELECT n FROM account WHERE id = ?) AND "
#define BOTH(where, order) {LIST(where, order), LIST(OF_ACCOUNT where, order)}
	static const char *const rows[2][2][2] = {
		{BOTH("c.id > ?", "c.id"), BOTH("c.id < ?", "c.id DESC")},
		{BOTH("(c.created_s, c.id) > (?, ?)", "c.created_s, c.id"),
		 BOTH("(c.created_s, c.id) < (?, ?)", "c.created_s DESC, c.id DESC")},
	};
#undef BOTH
#undef OF_ACCOUNT
#undef LIST
	return rows[range->range.order == STORE_BY_TIME][range->range.descending][range->account_id.len > 0];
}

int sqlite_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
		       struct client **ret_clients, size_t *ret_n)
{
	struct sqlite_bound bound;
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	TRY(sqlite_bound_of(reader.db, "SELECT created_s FROM client WHERE id = ?", &range->range, &bound));
	_cleanup_(query_done) struct query query = query_of(reader.db, list_sql(range));
	if (range->account_id.len > 0)
		query_text(&query, range->account_id);
	sqlite_bind_range(&query, &bound, &range->range);
	struct client *clients = NULL;
	size_t n = 0;
	int64_t row_n;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &clients, n, sizeof(*clients)));
		TRY(load(&query, arena, &row_n, &clients[n++]));
	}
	TRY(rc);
	*ret_clients = clients;
	*ret_n = n;
	return 0;
}

static int update_row(struct db *db, int64_t n, int64_t api_n, const struct client *client)
{
	_cleanup_(buf_done) struct buf networks;
	sqlite_lines_init(&networks, client->networks);
	TRY(buf_status(&networks));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE client SET name = ?, auth = ?, expires_s = ?, lifetime_s = ?, default_api_n = ?,"
			     " networks = ?, held = (held & 1) | (? & 6) WHERE n = ?");
	query_text(&query, client->name);
	query_int(&query, client->auth);
	query_int(&query, client->expires_s);
	query_int(&query, client->lifetime_s);
	query_ref(&query, api_n);
	query_text(&query, buf_str(&networks));
	query_int(&query, client->held);
	query_int(&query, n);
	return query_hit(&query);
}

/* What people were shown of it when they allowed it something. */
static int forget_consents(struct db *db, int64_t n, const struct client *client)
{
	_cleanup_(buf_done) struct buf redirects;
	sqlite_lines_init(&redirects, client->app.redirect_uris);
	TRY(buf_status(&redirects));
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM consent WHERE client_n = ?1 AND EXISTS (SELECT 1 FROM client c"
			     " JOIN client_app p ON p.client_n = c.n"
			     " WHERE c.n = ?1 AND (c.name <> ?2 OR p.redirect_uris <> ?3))");
	query_int(&query, n);
	query_text(&query, client->name);
	query_text(&query, buf_str(&redirects));
	return query_run(&query);
}

static int update(struct db *db, const void *args)
{
	const struct update *change = args;
	int64_t n, account_n, api_n;
	TRY(sqlite_client_n(db, change->client->id, &n));
	TRY(forget_consents(db, n, change->client));
	TRY(sqlite_app_replace(db, n, &change->client->app));
	TRY(find_refs(db, change->client, &account_n, &api_n));
	TRY(update_row(db, n, api_n, change->client));
	if (!change->set_grants)
		return 0;
	TRY(query_run_for(db, "DELETE FROM client_grant WHERE client_n = ?", n));
	return insert_grants(db, n, change->client);
}

int sqlite_client_update(struct store *store, const struct client *client, bool set_grants,
			 const struct audit_note *note)
{
	return sqlite_write(store, update, &(struct update){client, set_grants}, note);
}

static int get_switch(struct db *db, int64_t n, bool *ret_disabled, int64_t *ret_held)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT disabled, held FROM client WHERE n = ?");
	query_int(&query, n);
	TRY(query_row(&query));
	*ret_disabled = query_get_int(&query) != 0;
	*ret_held = query_get_int(&query);
	return query_status(&query);
}

static int put_switch(struct db *db, int64_t n, bool disabled, int64_t held)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE client SET disabled = ?, held = ? WHERE n = ?");
	query_int(&query, disabled);
	query_int(&query, held);
	query_int(&query, n);
	return query_hit(&query);
}

static int set_disabled(struct db *db, const void *args)
{
	const struct disable *change = args;
	bool was_disabled, disabled = change->to->disabled;
	int64_t n, held;
	TRY(sqlite_client_n(db, change->id, &n));
	TRY(get_switch(db, n, &was_disabled, &held));
	unsigned wanted = store_ops_held((unsigned)held, change->to);
	if (change->to->by_owner && !disabled && (held & CLIENT_HELD_DISABLED))
		return E_CONFLICT;
	if (was_disabled == disabled && wanted == (unsigned)held)
		return SQLITE_UNCHANGED;
	TRY(put_switch(db, n, disabled, wanted));
	return disabled && !was_disabled ? sqlite_revocation_raise(db, REVOCATION_CLIENT, n, change->end) : 0;
}

int sqlite_client_set_disabled(struct store *store, struct str id, const struct client_switch *to,
			       const struct audit_note *note)
{
	struct sqlite_end end = {note->now_s, to->until_s};
	return sqlite_write(store, set_disabled, &(struct disable){id, to, end}, note);
}

static int delete (struct db *db, const void *args)
{
	const struct delete *change = args;
	int64_t n;
	TRY(sqlite_client_n(db, change->id, &n));
	TRY(sqlite_revocation_raise(db, REVOCATION_CLIENT, n, change->end));
	TRY(query_run_for(db, "DELETE FROM api_server WHERE client_n = ?", n));
	TRY(query_run_for(db, "DELETE FROM client_grant WHERE client_n = ?", n));
	TRY(query_run_for(db, "DELETE FROM client_secret WHERE client_n = ?", n));
	TRY(query_run_for(db, "DELETE FROM client WHERE n = ?", n));
	return is_imported(change->id) ? count_imported(db, -1) : 0;
}

int sqlite_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note)
{
	return sqlite_write(store, delete, &(struct delete){id, {note->now_s, until_s}}, note);
}

struct forget {
	const struct store_unused *unused;
	struct arena *arena; /* the caller's, who waits */
	struct str *id;
	const struct audit_note *note;
};

static int forget_unused(struct db *db, const void *args)
{
	const struct forget *change = args;
	const struct store_unused *unused = change->unused;
	struct audit_note note = *change->note;
	int rc = sqlite_app_oldest_unused(db, false, unused->open_before_s, change->arena, change->id);
	if (rc == E_ABSENT)
		rc = sqlite_app_oldest_unused(db, true, unused->vouched_before_s, change->arena, change->id);
	TRY(rc);
	TRY(delete (db, &(struct delete){*change->id, {note.now_s, unused->until_s}}));
	note.target = *change->id;
	return sqlite_audit_link(db, &note);
}

int sqlite_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
				struct str *ret_id, const struct audit_note *note)
{
	struct str id;
	TRY(sqlite_write(store, forget_unused, &(struct forget){unused, arena, &id, note}, NULL));
	*ret_id = id;
	return 0;
}

int sqlite_client_count_imported(struct store *store, int64_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT clients_imported FROM state WHERE one = 1");
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return 0;
}
