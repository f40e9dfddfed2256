/* API verbs on SQLite. */
#include "store/sqlite_people.h"

int sqlite_api_n(struct db *db, struct str id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM api WHERE id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

int sqlite_api_known(struct db *db, struct str id)
{
	int64_t n;
	return id.len > 0 ? sqlite_api_n(db, id, &n) : 0;
}

/* pos is negative while an update runs: what is negative at its end was not named again. */
static int put_scope(struct db *db, const char *sql, int64_t api_n, const struct api_scope *scope, int64_t pos)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, api_n);
	query_text(&query, scope->name);
	query_text(&query, scope->description);
	query_int(&query, pos);
	return query_hit(&query);
}

#define INSERT_SCOPE "INSERT INTO scope (api_n, name, description, pos) VALUES (?1, ?2, ?3, ?4)"
#define KEEP_SCOPE "UPDATE scope SET description = ?3, pos = ?4 WHERE api_n = ?1 AND name = ?2 AND pos < 0"

static int run_for(struct db *db, const char *sql, int64_t api_n)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, api_n);
	return query_run(&query);
}

static int insert_scopes(struct db *db, int64_t api_n, const struct api *api)
{
	for (size_t i = 0; i < api->n_scopes; i++)
		TRY(put_scope(db, INSERT_SCOPE, api_n, &api->scopes[i], (int64_t)i));
	return 0;
}

/* A scope that stays keeps its row, and so its grants. One that is named twice is neither negative nor insertable. */
static int replace_scopes(struct db *db, int64_t api_n, const struct api *api)
{
	TRY(run_for(db, "UPDATE scope SET pos = -1 WHERE api_n = ?", api_n));
	for (size_t i = 0; i < api->n_scopes; i++) {
		int rc = put_scope(db, KEEP_SCOPE, api_n, &api->scopes[i], (int64_t)i);
		if (rc == E_ABSENT)
			rc = put_scope(db, INSERT_SCOPE, api_n, &api->scopes[i], (int64_t)i);
		TRY(rc);
	}
	TRY(run_for(db, "DELETE FROM client_grant WHERE scope_n IN (SELECT n FROM scope WHERE api_n = ? AND pos < 0)",
		    api_n));
	return run_for(db, "DELETE FROM scope WHERE api_n = ? AND pos < 0", api_n);
}

static int insert_server(struct db *db, int64_t api_n, struct str client_id)
{
	int64_t client_n;
	TRY(sqlite_client_n(db, client_id, &client_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT OR IGNORE INTO api_server (api_n, client_n) VALUES (?, ?)");
	query_int(&query, api_n);
	query_int(&query, client_n);
	return query_run(&query);
}

static int insert_servers(struct db *db, int64_t api_n, struct str_list clients)
{
	for (size_t i = 0; i < clients.n; i++)
		TRY(insert_server(db, api_n, clients.v[i]));
	return 0;
}

static int put(struct db *db, const void *args)
{
	const struct api *api = args;
	int64_t n;
	_cleanup_(query_done) struct query query = query_of(
		db, "INSERT INTO api (id, audience, name, alg, lifetime_s, created_s) VALUES (?, ?, ?, ?, ?, ?)");
	query_text(&query, api->id);
	query_text(&query, api->audience);
	query_text(&query, api->name);
	query_text(&query, api->alg);
	query_int(&query, api->lifetime_s);
	query_int(&query, api->created_s);
	TRY(query_run(&query));
	n = sqlite3_last_insert_rowid(db->handle);
	TRY(insert_scopes(db, n, api));
	return insert_servers(db, n, api->servers);
}

int sqlite_api_put(struct store *store, const struct api *api, const struct audit_note *note)
{
	return sqlite_write(store, put, api, note);
}

static int load_scopes(struct db *db, int64_t api_n, struct arena *arena, struct api *api)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT name, description FROM scope WHERE api_n = ? ORDER BY pos");
	query_int(&query, api_n);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &api->scopes, api->n_scopes, sizeof(*api->scopes)));
		struct api_scope *scope = &api->scopes[api->n_scopes++];
		scope->name = query_get_str(&query, arena);
		scope->description = query_get_str(&query, arena);
	}
	return rc;
}

static int load_servers(struct db *db, int64_t api_n, struct arena *arena, struct api *api)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT c.id FROM api_server s JOIN client c ON c.n = s.client_n WHERE s.api_n = ?"
			     " ORDER BY c.id");
	query_int(&query, api_n);
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &api->servers.v, api->servers.n, sizeof(*api->servers.v)));
		api->servers.v[api->servers.n++] = query_get_str(&query, arena);
	}
	return rc < 0 ? rc : query_status(&query);
}

#define COLUMNS "n, id, audience, name, alg, lifetime_s, created_s"

static int load(struct query *query, struct arena *arena, struct api *ret_api)
{
	struct api api = {0};
	int64_t n = query_get_int(query);
	api.id = query_get_str(query, arena);
	api.audience = query_get_str(query, arena);
	api.name = query_get_str(query, arena);
	api.alg = query_get_str(query, arena);
	api.lifetime_s = query_get_int(query);
	api.created_s = query_get_int(query);
	TRY(query_status(query));
	TRY(load_scopes(query->db, n, arena, &api));
	TRY(load_servers(query->db, n, arena, &api));
	*ret_api = api;
	return 0;
}

int sqlite_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, by_audience ? "SELECT " COLUMNS " FROM api WHERE audience = ?"
						: "SELECT " COLUMNS " FROM api WHERE id = ?");
	query_text(&query, key);
	TRY(query_row(&query));
	return load(&query, arena, ret_api);
}

int sqlite_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT " COLUMNS " FROM api ORDER BY created_s, id");
	struct api *apis = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &apis, n, sizeof(*apis)));
		TRY(load(&query, arena, &apis[n++]));
	}
	TRY(rc);
	*ret_apis = apis;
	*ret_n = n;
	return 0;
}

struct update {
	const struct api *api;
	bool set_servers;
};

static int update(struct db *db, const void *args)
{
	const struct update *change = args;
	const struct api *api = change->api;
	int64_t n;
	TRY(sqlite_api_n(db, api->id, &n));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE api SET name = ?, alg = ?, lifetime_s = ? WHERE n = ?");
	query_text(&query, api->name);
	query_text(&query, api->alg);
	query_int(&query, api->lifetime_s);
	query_int(&query, n);
	TRY(query_hit(&query));
	TRY(replace_scopes(db, n, api));
	if (!change->set_servers)
		return 0;
	TRY(run_for(db, "DELETE FROM api_server WHERE api_n = ?", n));
	return insert_servers(db, n, api->servers);
}

int sqlite_api_update(struct store *store, const struct api *api, bool set_servers, const struct audit_note *note)
{
	return sqlite_write(store, update, &(struct update){api, set_servers}, note);
}

static int delete (struct db *db, const void *args)
{
	const struct str *id = args;
	int64_t n;
	TRY(sqlite_api_n(db, *id, &n));
	TRY(run_for(db, "UPDATE client SET default_api_n = NULL WHERE default_api_n = ?", n));
	TRY(run_for(db, "DELETE FROM api_server WHERE api_n = ?", n));
	TRY(run_for(db, "DELETE FROM client_grant WHERE scope_n IN (SELECT n FROM scope WHERE api_n = ?)", n));
	TRY(run_for(db, "DELETE FROM scope WHERE api_n = ?", n));
	return run_for(db, "DELETE FROM api WHERE n = ?", n);
}

int sqlite_api_delete(struct store *store, struct str id, const struct audit_note *note)
{
	return sqlite_write(store, delete, &id, note);
}
