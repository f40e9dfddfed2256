/* Verbs on SQLite for accounts at somebody else's OpenID provider. */
#include "store/sqlite_people.h"

struct key {
	struct str account_id, issuer;
};

int sqlite_upstream_insert(struct db *db, int64_t account_n, const struct upstream_link *link)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO upstream (issuer, subject, account_n, email, created_s)"
			     " VALUES (?, ?, ?, ?, ?)");
	query_text(&query, link->issuer);
	query_text(&query, link->subject);
	query_int(&query, account_n);
	query_text(&query, link->email);
	query_int(&query, link->created_s);
	return query_run(&query);
}

static int put(struct db *db, const void *args)
{
	const struct upstream_link *link = args;
	int64_t account_n;
	TRY(sqlite_account_n(db, link->account_id, &account_n));
	return sqlite_upstream_insert(db, account_n, link);
}

int sqlite_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note)
{
	return sqlite_write(store, put, link, note);
}

#define SELECT_LINK                                                             \
	"SELECT u.issuer, u.subject, a.id, u.email, u.created_s FROM upstream u " \
	"JOIN account a ON a.n = u.account_n "

static int load(struct query *query, struct arena *arena, struct upstream_link *ret_link)
{
	struct upstream_link link = {0};
	link.issuer = query_get_str(query, arena);
	link.subject = query_get_str(query, arena);
	link.account_id = query_get_str(query, arena);
	link.email = query_get_str(query, arena);
	link.created_s = query_get_int(query);
	TRY(query_status(query));
	*ret_link = link;
	return 0;
}

int sqlite_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
			struct upstream_link *ret_link)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_LINK "WHERE u.issuer = ? AND u.subject = ?");
	query_text(&query, issuer);
	query_text(&query, subject);
	TRY(query_row(&query));
	return load(&query, arena, ret_link);
}

int sqlite_upstream_list(struct store *store, struct str account_id, struct arena *arena,
			 struct upstream_link **ret_links, size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_LINK "WHERE a.id = ? ORDER BY u.issuer");
	query_text(&query, account_id);
	struct upstream_link *links = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &links, n, sizeof(*links)));
		TRY(load(&query, arena, &links[n++]));
	}
	TRY(rc);
	*ret_links = links;
	*ret_n = n;
	return 0;
}

static int delete (struct db *db, const void *args)
{
	const struct key *key = args;
	_cleanup_(query_done) struct query query = query_of(
		db, "DELETE FROM upstream WHERE account_n = (SELECT n FROM account WHERE id = ?) AND issuer = ?");
	query_text(&query, key->account_id);
	query_text(&query, key->issuer);
	return query_hit(&query);
}

int sqlite_upstream_delete(struct store *store, struct str account_id, struct str issuer,
			   const struct audit_note *note)
{
	return sqlite_write(store, delete, &(struct key){account_id, issuer}, note);
}
