/* Passkey verbs on SQLite (WebAuthn). */
#include "store/sqlite_people.h"

static int count(struct db *db, int64_t account_n, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT count(*) FROM passkey WHERE account_n = ?");
	query_int(&query, account_n);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int find(struct db *db, struct str id)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM passkey WHERE id = ?");
	query_blob(&query, id);
	return query_row(&query);
}

static int insert(struct db *db, int64_t account_n, const struct passkey *passkey)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO passkey (id, account_n, name, key, counter, created_s, last_used_s)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?)");
	query_blob(&query, passkey->id);
	query_int(&query, account_n);
	query_text(&query, passkey->name);
	query_blob(&query, passkey->key);
	query_int(&query, passkey->counter);
	query_int(&query, passkey->created_s);
	query_int(&query, passkey->last_used_s);
	return query_run(&query);
}

static int put(struct db *db, const void *args)
{
	const struct passkey *passkey = args;
	int64_t account_n, n;
	TRY(sqlite_account_n(db, passkey->account_id, &account_n));
	int rc = find(db, passkey->id);
	if (rc != E_ABSENT)
		return rc < 0 ? rc : E_EXISTS;
	TRY(count(db, account_n, &n));
	return n < MODEL_PASSKEYS_MAX ? insert(db, account_n, passkey) : E_LIMIT;
}

int sqlite_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note)
{
	return sqlite_write(store, put, passkey, note);
}

#define SELECT_PASSKEY                                                                            \
	"SELECT p.id, a.id, p.name, p.key, p.counter, p.created_s, p.last_used_s FROM passkey p " \
	"JOIN account a ON a.n = p.account_n "

static int load(struct query *query, struct arena *arena, struct passkey *ret_passkey)
{
	struct passkey passkey = {0};
	passkey.id = query_get_str(query, arena);
	passkey.account_id = query_get_str(query, arena);
	passkey.name = query_get_str(query, arena);
	passkey.key = query_get_str(query, arena);
	passkey.counter = query_get_int(query);
	passkey.created_s = query_get_int(query);
	passkey.last_used_s = query_get_int(query);
	TRY(query_status(query));
	*ret_passkey = passkey;
	return 0;
}

int sqlite_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, SELECT_PASSKEY "WHERE p.id = ?");
	query_blob(&query, id);
	TRY(query_row(&query));
	return load(&query, arena, ret_passkey);
}

int sqlite_passkey_list(struct store *store, struct str account_id, struct arena *arena, struct passkey **ret_passkeys,
			size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, SELECT_PASSKEY "WHERE a.id = ? ORDER BY p.created_s, p.id");
	query_text(&query, account_id);
	struct passkey *passkeys = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &passkeys, n, sizeof(*passkeys)));
		TRY(load(&query, arena, &passkeys[n++]));
	}
	TRY(rc);
	*ret_passkeys = passkeys;
	*ret_n = n;
	return 0;
}

struct owned {
	struct str account_id, id, name;
};

static int rename_one(struct db *db, const void *args)
{
	const struct owned *change = args;
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE passkey SET name = ? WHERE id = ?"
			     " AND account_n = (SELECT n FROM account WHERE id = ?)");
	query_text(&query, change->name);
	query_blob(&query, change->id);
	query_text(&query, change->account_id);
	return query_hit(&query);
}

int sqlite_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
			  const struct audit_note *note)
{
	return sqlite_write(store, rename_one, &(struct owned){account_id, id, name}, note);
}

static int delete (struct db *db, const void *args)
{
	const struct owned *change = args;
	_cleanup_(query_done) struct query query = query_of(
		db, "DELETE FROM passkey WHERE id = ? AND account_n = (SELECT n FROM account WHERE id = ?)");
	query_blob(&query, change->id);
	query_text(&query, change->account_id);
	return query_hit(&query);
}

int sqlite_passkey_delete(struct store *store, struct str account_id, struct str id, const struct audit_note *note)
{
	return sqlite_write(store, delete, &(struct owned){account_id, id, STR("")}, note);
}

struct use {
	struct str id;
	int64_t counter, now_s;
};

/* WebAuthn 6.1.1: an authenticator that counts never shows the same number twice. */
static int use(struct db *db, const void *args)
{
	const struct use *change = args;
	TRY(find(db, change->id));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE passkey SET counter = ?1, last_used_s = max(last_used_s, ?2) WHERE id = ?3"
			     " AND (counter < ?1 OR (counter = 0 AND ?1 = 0))");
	query_int(&query, change->counter);
	query_int(&query, change->now_s);
	query_blob(&query, change->id);
	int rc = query_hit(&query);
	return rc == E_ABSENT ? E_CONFLICT : rc;
}

int sqlite_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s)
{
	return sqlite_write(store, use, &(struct use){id, counter, now_s}, NULL);
}
