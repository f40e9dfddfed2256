/* Statement use with sticky failures; see query.h. */
#include "sql/query.h"

#include "base/fault.h"

struct query query_of(struct db *db, const char *sql)
{
	struct query query = {.db = db};
	query.stmt = db_statement(db, sql, &query.status);
	return query;
}

void query_done(struct query *query)
{
	if (!query->stmt)
		return;
	sqlite3_reset(query->stmt);
	sqlite3_clear_bindings(query->stmt);
	query->stmt = NULL;
}

static void note(struct query *query, int sqlite_rc)
{
	int rc = db_error(query->db, sqlite_rc);
	if (query->status == 0)
		query->status = rc;
}

void query_text(struct query *query, struct str value)
{
	if (query->status == 0)
		note(query, sqlite3_bind_text64(query->stmt, ++query->bound, value.len ? value.p : "", value.len,
						SQLITE_STATIC, SQLITE_UTF8));
}

void query_blob(struct query *query, struct str value)
{
	if (query->status == 0)
		note(query, sqlite3_bind_blob64(query->stmt, ++query->bound, value.len ? value.p : "", value.len,
						SQLITE_STATIC));
}

void query_int(struct query *query, int64_t value)
{
	if (query->status == 0)
		note(query, sqlite3_bind_int64(query->stmt, ++query->bound, value));
}

void query_ref(struct query *query, int64_t n)
{
	if (n != 0)
		query_int(query, n);
	else if (query->status == 0)
		note(query, sqlite3_bind_null(query->stmt, ++query->bound));
}

int query_next(struct query *query)
{
	if (query->status < 0)
		return query->status;
	if (fault_hit(FAULT_STORE))
		return query->status = E_STORE;
	query->column = 0;
	int sqlite_rc = sqlite3_step(query->stmt);
	note(query, sqlite_rc);
	if (query->status < 0)
		return query->status;
	return sqlite_rc == SQLITE_ROW;
}

int query_row(struct query *query)
{
	int rc = query_next(query);
	if (rc == 0)
		return E_ABSENT;
	return rc < 0 ? rc : 0;
}

int query_run(struct query *query)
{
	int rc;
	do
		rc = query_next(query);
	while (rc > 0);
	return rc;
}

int query_hit(struct query *query)
{
	TRY(query_run(query));
	return sqlite3_changes(query->db->handle) > 0 ? 0 : E_ABSENT;
}

int query_run_for(struct db *db, const char *sql, int64_t n)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	query_int(&query, n);
	return query_run(&query);
}

int query_status(const struct query *query) { return query->status; }

int64_t query_get_int(struct query *query)
{
	return query->status < 0 ? 0 : sqlite3_column_int64(query->stmt, query->column++);
}

struct str query_peek_str(struct query *query)
{
	if (query->status < 0)
		return STR("");
	int column = query->column++;
	const void *p = sqlite3_column_blob(query->stmt, column); /* a text column gives its UTF-8 bytes */
	int len = sqlite3_column_bytes(query->stmt, column);
	if (!p && sqlite3_errcode(query->db->handle) == SQLITE_NOMEM)
		query->status = E_NOMEM;
	return p && len > 0 ? str_mem(p, (size_t)len) : STR("");
}

struct str query_get_str(struct query *query, struct arena *arena)
{
	struct str copy = STR("");
	struct str value = query_peek_str(query);
	if (query->status == 0)
		query->status = arena_str(arena, value, &copy);
	return copy;
}

void query_get_mem(struct query *query, void *ret_bytes, size_t len)
{
	struct str value = query_peek_str(query);
	if (query->status < 0)
		return;
	if (value.len != len) {
		query->status = E_STORE;
		return;
	}
	memcpy(ret_bytes, value.p, len);
}

int query_grow(struct arena *arena, void *array_ptr, size_t n, size_t size)
{
	enum { FIRST = 4 };
	void **array = array_ptr;
	if (n > 0 && (n < FIRST || (n & (n - 1)) != 0))
		return 0;
	void *moved = arena_array(arena, n == 0 ? FIRST : 2 * n, size);
	if (!moved)
		return E_NOMEM;
	if (n > 0)
		memcpy(moved, *array, n * size);
	*array = moved;
	return 0;
}
