/* Account verbs on SQLite. */
#include "store/sqlite_people.h"

struct roles {
	struct str id;
	struct str_list roles;
};

struct disable {
	struct str id;
	bool disabled;
	struct sqlite_end end;
};

int sqlite_account_n(struct db *db, struct str id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM account WHERE id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int insert_roles(struct db *db, int64_t account_n, struct str_list roles)
{
	for (size_t i = 0; i < roles.n; i++) {
		_cleanup_(query_done) struct query query =
			query_of(db, "INSERT INTO account_role (account_n, pos, role) VALUES (?, ?, ?)");
		query_int(&query, account_n);
		query_int(&query, (int64_t)i);
		query_text(&query, roles.v[i]);
		TRY(query_run(&query));
	}
	return 0;
}

static int insert(struct db *db, const struct account *account, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO account (id, email, email_verified, name, disabled, epoch, created_s) VALUES "
			     "(?, ?, ?, ?, ?, ?, ?)");
	query_text(&query, account->id);
	query_text(&query, account->email);
	query_int(&query, account->email_verified);
	query_text(&query, account->name);
	query_int(&query, account->disabled);
	query_int(&query, account->epoch);
	query_int(&query, account->created_s);
	TRY(query_run(&query));
	*ret_n = sqlite3_last_insert_rowid(db->handle);
	return insert_roles(db, *ret_n, account->roles);
}

static int put(struct db *db, const void *args)
{
	const struct enrolment *enrolment = args;
	int64_t n;
	TRY(sqlite_once_use(db, enrolment->taken));
	TRY(insert(db, enrolment->account, &n));
	if (enrolment->phc.len > 0)
		TRY(sqlite_login_put(db, n, enrolment->phc, enrolment->account->created_s));
	return enrolment->link ? sqlite_upstream_insert(db, n, enrolment->link) : 0;
}

int sqlite_account_put(struct store *store, const struct enrolment *enrolment, const struct audit_note *note)
{
	return sqlite_write(store, put, enrolment, note);
}

static int load_roles(struct db *db, int64_t account_n, struct arena *arena, struct str_list *ret_roles)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT role FROM account_role WHERE account_n = ? ORDER BY pos");
	query_int(&query, account_n);
	struct str_list roles = {0};
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &roles.v, roles.n, sizeof(*roles.v)));
		roles.v[roles.n++] = query_get_str(&query, arena);
	}
	TRY(rc);
	*ret_roles = roles;
	return 0;
}

#define COLUMNS "n, id, email, email_verified, name, disabled, epoch, created_s"

static int load(struct query *query, struct arena *arena, struct account *ret_account)
{
	struct account account = {0};
	int64_t n = query_get_int(query);
	account.id = query_get_str(query, arena);
	account.email = query_get_str(query, arena);
	account.email_verified = query_get_int(query) != 0;
	account.name = query_get_str(query, arena);
	account.disabled = query_get_int(query) != 0;
	account.epoch = query_get_int(query);
	account.created_s = query_get_int(query);
	TRY(query_status(query));
	TRY(load_roles(query->db, n, arena, &account.roles));
	*ret_account = account;
	return 0;
}

int sqlite_account_load(struct db *db, struct str id, struct arena *arena, struct account *ret_account)
{
	_cleanup_(query_done) struct query query = query_of(db, "SELECT " COLUMNS " FROM account WHERE id = ?");
	query_text(&query, id);
	TRY(query_row(&query));
	return load(&query, arena, ret_account);
}

int sqlite_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
		       struct account *ret_account)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, by_email ? "SELECT " COLUMNS " FROM account WHERE email = ?"
					     : "SELECT " COLUMNS " FROM account WHERE id = ?");
	query_text(&query, key);
	TRY(query_row(&query));
	return load(&query, arena, ret_account);
}

static const char *list_sql(const struct store_range *range)
{
#define LIST(where, order) "SELECT " COLUMNS " FROM account WHERE " where " ORDER BY " order " LIMIT ? OFFSET ?"
	static const char *const rows[2][2] = {
		{LIST("id > ?", "id"), LIST("id < ?", "id DESC")},
		{LIST("(created_s, id) > (?, ?)", "created_s, id"),
		 LIST("(created_s, id) < (?, ?)", "created_s DESC, id DESC")},
	};
#undef LIST
	return rows[range->order == STORE_BY_TIME][range->descending];
}

int sqlite_account_list(struct store *store, const struct store_range *range, struct arena *arena,
			struct account **ret_accounts, size_t *ret_n)
{
	struct sqlite_bound bound;
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	TRY(sqlite_bound_of(reader.db, "SELECT created_s FROM account WHERE id = ?", range, &bound));
	_cleanup_(query_done) struct query query = query_of(reader.db, list_sql(range));
	sqlite_bind_range(&query, &bound, range);
	struct account *accounts = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &accounts, n, sizeof(*accounts)));
		TRY(load(&query, arena, &accounts[n++]));
	}
	TRY(rc);
	*ret_accounts = accounts;
	*ret_n = n;
	return 0;
}

/* Links that went to the address of before, or that somebody asked for while it was the account's. */
static int end_links(struct db *db, const struct account *account)
{
	_cleanup_(query_done) struct query query = query_of(
		db, "DELETE FROM once WHERE account_n = (SELECT n FROM account WHERE id = ? AND email <> ?)");
	query_text(&query, account->id);
	query_text(&query, account->email);
	return query_run(&query);
}

struct update {
	const struct account *account;
	const struct store_once_key *taken;
};

static int update(struct db *db, const void *args)
{
	const struct account *account = ((const struct update *)args)->account;
	TRY(sqlite_once_use(db, ((const struct update *)args)->taken));
	TRY(end_links(db, account));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE account SET email = ?, email_verified = ?, name = ? WHERE id = ?");
	query_text(&query, account->email);
	query_int(&query, account->email_verified);
	query_text(&query, account->name);
	query_text(&query, account->id);
	return query_hit(&query);
}

int sqlite_account_update(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note)
{
	return sqlite_write(store, update, &(struct update){account, taken}, note);
}

static int set_roles(struct db *db, const void *args)
{
	const struct roles *change = args;
	int64_t n;
	TRY(sqlite_account_n(db, change->id, &n));
	_cleanup_(query_done) struct query query = query_of(db, "DELETE FROM account_role WHERE account_n = ?");
	query_int(&query, n);
	TRY(query_run(&query));
	return insert_roles(db, n, change->roles);
}

int sqlite_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note)
{
	return sqlite_write(store, set_roles, &(struct roles){id, roles}, note);
}

static int set_disabled(struct db *db, const void *args)
{
	const struct disable *change = args;
	int64_t n;
	TRY(sqlite_account_n(db, change->id, &n));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE account SET disabled = ?1 WHERE n = ?2 AND disabled <> ?1");
	query_int(&query, change->disabled);
	query_int(&query, n);
	int rc = query_hit(&query);
	if (rc == E_ABSENT)
		return SQLITE_UNCHANGED;
	TRY(rc);
	TRY(query_run_for(db, "DELETE FROM once WHERE account_n = ?", n));
	return change->disabled ? sqlite_revocation_raise(db, REVOCATION_ACCOUNT, n, change->end) : 0;
}

int sqlite_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
				const struct audit_note *note)
{
	struct sqlite_end end = {note->now_s, until_s};
	return sqlite_write(store, set_disabled, &(struct disable){id, disabled, end}, note);
}

struct delete {
	struct str id;
	bool with_clients;
	struct sqlite_end end;
};

static int count_clients(struct db *db, int64_t n, int64_t *ret_clients, int64_t *ret_imported)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT count(*), count(*) FILTER (WHERE substr(id, 1, 4) <> 'mmc_') FROM client "
			     "WHERE account_n = ?");
	query_int(&query, n);
	TRY(query_row(&query));
	*ret_clients = query_get_int(&query);
	*ret_imported = query_get_int(&query);
	return query_status(&query);
}

/* Their tokens end with the account's epoch: the feed needs no word about each. */
static int delete_clients(struct db *db, int64_t n, int64_t imported)
{
	static const char *const tables[] = {
		"DELETE FROM api_server WHERE client_n IN (SELECT n FROM client WHERE account_n = ?)",
		"DELETE FROM client_grant WHERE client_n IN (SELECT n FROM client WHERE account_n = ?)",
		"DELETE FROM client_secret WHERE client_n IN (SELECT n FROM client WHERE account_n = ?)",
		"DELETE FROM client WHERE account_n = ?",
	};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		TRY(query_run_for(db, tables[i], n));
	return query_run_for(db, "UPDATE state SET clients_imported = clients_imported - ? WHERE one = 1", imported);
}

static int delete (struct db *db, const void *args)
{
	const struct delete *change = args;
	int64_t n, clients, imported;
	TRY(sqlite_account_n(db, change->id, &n));
	TRY(count_clients(db, n, &clients, &imported));
	if (clients > 0 && !change->with_clients)
		return E_CONFLICT;
	if (clients > 0)
		TRY(delete_clients(db, n, imported));
	TRY(sqlite_revocation_raise(db, REVOCATION_ACCOUNT, n, change->end));
	TRY(query_run_for(db, "DELETE FROM account_role WHERE account_n = ?", n));
	return query_run_for(db, "DELETE FROM account WHERE n = ?", n);
}

int sqlite_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
			  const struct audit_note *note)
{
	const struct delete change = {id, with_clients, {note->now_s, until_s}};
	return sqlite_write(store, delete, &change, note);
}
