/* What only a client has that people sign in to: one row beside the client's. */
#include "store/sqlite_people.h"

enum { LINES_MAX = MODEL_URIS_MAX * (MODEL_URI_MAX + 1) };

void sqlite_lines_init(struct buf *buf, struct str_list lines)
{
	buf_init(buf, LINES_MAX);
	for (size_t i = 0; i < lines.n; i++) {
		if (i > 0)
			buf_put_char(buf, '\n');
		buf_put(buf, lines.v[i]);
	}
}

void sqlite_lines_get(struct query *query, struct arena *arena, struct str_list *ret_lines)
{
	struct str_list lines = {0};
	struct str line, rest = query_get_str(query, arena);
	while (rest.len > 0 && query->status == 0) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest = STR("");
		}
		query->status = query_grow(arena, &lines.v, lines.n, sizeof(*lines.v));
		if (query->status == 0)
			lines.v[lines.n++] = line;
	}
	*ret_lines = lines;
}

static void bind(struct query *query, const struct client_app *app, const struct buf *redirects,
		 const struct buf *logouts)
{
	query_int(query, app->grant_types);
	query_int(query, app->native);
	query_int(query, app->trusted);
	query_int(query, app->par_required);
	query_text(query, app->id_token_alg);
	query_text(query, buf_str(redirects));
	query_text(query, buf_str(logouts));
	query_text(query, app->uri);
	query_text(query, app->logo_uri);
	query_text(query, app->policy_uri);
	query_text(query, app->tos_uri);
	query_int(query, app->registered);
	query_blob(query, sqlite_hash(app->registration_sha256));
}

int sqlite_app_put(struct db *db, int64_t client_n, const struct client_app *app)
{
	_cleanup_(buf_done) struct buf redirects;
	_cleanup_(buf_done) struct buf logouts;
	sqlite_lines_init(&redirects, app->redirect_uris);
	sqlite_lines_init(&logouts, app->logout_uris);
	TRY(buf_status(&redirects));
	TRY(buf_status(&logouts));
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO client_app (client_n, grant_types, native, trusted, par_required,"
			     " id_token_alg, redirect_uris, logout_uris, uri, logo_uri, policy_uri, tos_uri,"
			     " registered, registration_sha256, vouched, unused_since_s)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			     " ON CONFLICT (client_n) DO UPDATE SET (grant_types, native, trusted, par_required,"
			     " id_token_alg, redirect_uris, logout_uris, uri, logo_uri, policy_uri, tos_uri,"
			     " registered, registration_sha256) = (excluded.grant_types, excluded.native,"
			     " excluded.trusted, excluded.par_required, excluded.id_token_alg,"
			     " excluded.redirect_uris, excluded.logout_uris, excluded.uri, excluded.logo_uri,"
			     " excluded.policy_uri, excluded.tos_uri, excluded.registered,"
			     " excluded.registration_sha256)");
	query_int(&query, client_n);
	bind(&query, app, &redirects, &logouts);
	query_int(&query, app->vouched);
	query_int(&query, app->unused_since_s);
	return query_run(&query);
}

int sqlite_app_replace(struct db *db, int64_t client_n, const struct client_app *app)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT 1 FROM client_app WHERE client_n = ?");
	query_int(&query, client_n);
	int rc = query_row(&query);
	if (rc < 0)
		return rc == E_ABSENT ? 0 : rc;
	return sqlite_app_put(db, client_n, app);
}

int sqlite_app_load(struct db *db, int64_t client_n, struct arena *arena, struct client_app *ret_app)
{
	struct client_app app = {0};
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT grant_types, native, trusted, par_required, id_token_alg, redirect_uris,"
			     " logout_uris, uri, logo_uri, policy_uri, tos_uri, registered, registration_sha256,"
			     " vouched, unused_since_s FROM client_app WHERE client_n = ?");
	query_int(&query, client_n);
	TRY(query_row(&query));
	app.grant_types = (unsigned)query_get_int(&query);
	app.native = query_get_int(&query) != 0;
	app.trusted = query_get_int(&query) != 0;
	app.par_required = query_get_int(&query) != 0;
	app.id_token_alg = query_get_str(&query, arena);
	sqlite_lines_get(&query, arena, &app.redirect_uris);
	sqlite_lines_get(&query, arena, &app.logout_uris);
	app.uri = query_get_str(&query, arena);
	app.logo_uri = query_get_str(&query, arena);
	app.policy_uri = query_get_str(&query, arena);
	app.tos_uri = query_get_str(&query, arena);
	app.registered = query_get_int(&query) != 0;
	query_get_mem(&query, app.registration_sha256, sizeof(app.registration_sha256));
	app.vouched = query_get_int(&query) != 0;
	app.unused_since_s = query_get_int(&query);
	TRY(query_status(&query));
	*ret_app = app;
	return 0;
}

int sqlite_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
				  struct str *ret_id)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT client.id FROM client_app JOIN client ON client.n = client_n"
				    " WHERE registered = 1 AND registration_sha256 = ?");
	query_blob(&query, sqlite_hash(sha256));
	TRY(query_row(&query));
	struct str id = query_get_str(&query, arena);
	TRY(query_status(&query));
	*ret_id = id;
	return 0;
}

int sqlite_app_used(struct db *db, int64_t client_n)
{
	return query_run_for(db, "UPDATE client_app SET unused_since_s = 0 WHERE client_n = ? AND unused_since_s > 0",
			     client_n);
}

int sqlite_app_oldest_unused(struct db *db, bool vouched, int64_t before_s, struct arena *arena, struct str *ret_id)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT c.id FROM client_app p JOIN client c ON c.n = p.client_n WHERE p.vouched = ?"
			     " AND p.unused_since_s > 0 AND p.unused_since_s < ? ORDER BY p.unused_since_s LIMIT 1");
	query_int(&query, vouched);
	query_int(&query, before_s);
	TRY(query_row(&query));
	*ret_id = query_get_str(&query, arena);
	return query_status(&query);
}
