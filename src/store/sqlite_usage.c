/* Use figures on SQLite: last use of a secret, uses per client and day, the addresses a secret was used from. */
#include "store/sqlite_people.h"

enum { DAY_S = 86400, DAYS_KEPT = 92 };

struct flush {
	const struct usage_row *rows;
	size_t n;
};

/* E_ABSENT: the secret is gone. */
static int count_secret(struct db *db, const struct usage_row *row, int64_t *ret_client_n)
{
	_cleanup_(query_done) struct query query = query_of(
		db,
		"UPDATE client_secret SET use_count = use_count + ?1, last_used_s = max(last_used_s, ?2),"
		" last_used_addr = CASE WHEN ?2 >= last_used_s THEN ?3 ELSE last_used_addr END WHERE id = ?4"
		" RETURNING client_n");
	query_int(&query, row->count);
	query_int(&query, row->last_used_s);
	query_text(&query, row->addr);
	query_text(&query, row->secret_id);
	TRY(query_row(&query));
	*ret_client_n = query_get_int(&query);
	return query_status(&query);
}

static int count_day(struct db *db, int64_t client_n, int64_t day, int64_t count)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO use_day (client_n, day, count) VALUES (?, ?, ?) ON CONFLICT (client_n, day)"
			     " DO UPDATE SET count = count + excluded.count");
	query_int(&query, client_n);
	query_int(&query, day);
	query_int(&query, count);
	return query_run(&query);
}

static int forget_days(struct db *db, int64_t client_n, int64_t day)
{
	_cleanup_(query_done) struct query query = query_of(db, "DELETE FROM use_day WHERE client_n = ? AND day < ?");
	query_int(&query, client_n);
	query_int(&query, day - DAYS_KEPT);
	return query_run(&query);
}

static int note_host(struct db *db, int64_t client_n, const struct usage_row *row)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO secret_host (client_n, secret_id, addr, last_s) VALUES (?, ?, ?, ?)"
			     " ON CONFLICT (client_n, secret_id, addr)"
			     " DO UPDATE SET last_s = max(last_s, excluded.last_s)");
	query_int(&query, client_n);
	query_text(&query, row->secret_id);
	query_text(&query, row->addr);
	query_int(&query, row->last_used_s);
	return query_run(&query);
}

static int forget_hosts(struct db *db, int64_t client_n, struct str secret_id)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "DELETE FROM secret_host WHERE client_n = ?1 AND secret_id = ?2 AND addr IN"
			     " (SELECT addr FROM secret_host WHERE client_n = ?1 AND secret_id = ?2"
			     " ORDER BY last_s DESC, addr LIMIT -1 OFFSET ?3)");
	query_int(&query, client_n);
	query_text(&query, secret_id);
	query_int(&query, MODEL_HOSTS_MAX);
	return query_run(&query);
}

static int flush_row(struct db *db, const struct usage_row *row)
{
	int64_t client_n, day = row->last_used_s / DAY_S;
	int rc = count_secret(db, row, &client_n);
	if (rc < 0)
		return rc == E_ABSENT ? 0 : rc;
	TRY(sqlite_app_used(db, client_n));
	TRY(count_day(db, client_n, day, row->count));
	TRY(forget_days(db, client_n, day));
	if (row->addr.len == 0)
		return 0;
	TRY(note_host(db, client_n, row));
	return forget_hosts(db, client_n, row->secret_id);
}

static int flush(struct db *db, const void *args)
{
	const struct flush *change = args;
	for (size_t i = 0; i < change->n; i++)
		TRY(flush_row(db, &change->rows[i]));
	return 0;
}

int sqlite_usage_flush(struct store *store, const struct usage_row *rows, size_t n)
{
	return sqlite_write(store, flush, &(struct flush){rows, n}, NULL);
}

int sqlite_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
		       struct use_day **ret_days, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT day, count FROM use_day"
				    " WHERE client_n = (SELECT n FROM client WHERE id = ?) AND day >= ? ORDER BY day");
	query_text(&query, client_id);
	query_int(&query, from_day);
	struct use_day *days = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &days, n, sizeof(*days)));
		days[n].day = query_get_int(&query);
		days[n++].count = query_get_int(&query);
	}
	TRY(rc);
	*ret_days = days;
	*ret_n = n;
	return 0;
}

int sqlite_secret_hosts(struct store *store, struct str client_id, struct arena *arena, struct secret_host **ret_hosts,
			size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT secret_id, addr, last_s FROM secret_host"
				    " WHERE client_n = (SELECT n FROM client WHERE id = ?)"
				    " ORDER BY last_s DESC, secret_id, addr");
	query_text(&query, client_id);
	struct secret_host *hosts = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &hosts, n, sizeof(*hosts)));
		hosts[n].secret_id = query_get_str(&query, arena);
		hosts[n].addr = query_get_str(&query, arena);
		hosts[n++].last_s = query_get_int(&query);
		TRY(query_status(&query));
	}
	TRY(rc);
	*ret_hosts = hosts;
	*ret_n = n;
	return 0;
}
