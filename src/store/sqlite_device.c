/* Device verbs on SQLite (RFC 8628), and the bridge's. Of several rows with one user code the newest counts. */
#include "store/sqlite_people.h"

/* RFC 8628 3.5: what each poll that comes too soon adds to the interval. */
enum { SLOW_DOWN_S = 5 };

static int find_living(struct db *db, struct str user_code, int64_t now_s)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT n FROM device WHERE user_code = ? AND expires_s > ?");
	query_text(&query, user_code);
	query_int(&query, now_s);
	return query_row(&query);
}

static int insert(struct db *db, int64_t client_n, const struct device *device)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "INSERT INTO device (sha256, kind, user_code, client_n, scope, api_id, addr, agent, note,"
			     " interval_s, polled_s, created_s, expires_s, state, session_id, methods, auth_s)"
			     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 0)");
	query_blob(&query, sqlite_hash(device->sha256));
	query_int(&query, device->kind);
	query_text(&query, device->user_code);
	query_int(&query, client_n);
	query_text(&query, device->scope);
	query_text(&query, device->api_id);
	query_text(&query, device->addr);
	query_text(&query, device->agent);
	query_text(&query, device->note);
	query_int(&query, device->interval_s);
	query_int(&query, device->polled_s);
	query_int(&query, device->created_s);
	query_int(&query, device->expires_s);
	query_int(&query, DEVICE_PENDING);
	return query_run(&query);
}

static int put(struct db *db, const void *args)
{
	const struct device *device = args;
	int64_t client_n;
	TRY(sqlite_client_n(db, device->client_id, &client_n));
	TRY(sqlite_api_known(db, device->api_id));
	int rc = find_living(db, device->user_code, device->created_s);
	if (rc != E_ABSENT)
		return rc < 0 ? rc : E_EXISTS;
	return insert(db, client_n, device);
}

int sqlite_device_put(struct store *store, const struct device *device)
{
	return sqlite_write(store, put, device, NULL);
}

#define SELECT_DEVICE                                                                                              \
	"SELECT d.sha256, d.kind, d.user_code, c.id, d.scope, d.api_id, d.addr, d.agent, d.note, d.interval_s, "   \
	"d.polled_s, d.created_s, d.expires_s, d.state, a.id, d.session_id, d.methods, d.auth_s FROM device d "    \
	"LEFT JOIN client c ON c.n = d.client_n LEFT JOIN account a ON a.n = d.account_n "

static int load(struct query *query, struct arena *arena, struct device *ret_device)
{
	struct device device = {0};
	query_get_mem(query, device.sha256, sizeof(device.sha256));
	device.kind = (enum device_kind)query_get_int(query);
	device.user_code = query_get_str(query, arena);
	device.client_id = query_get_str(query, arena);
	device.scope = query_get_str(query, arena);
	device.api_id = query_get_str(query, arena);
	device.addr = query_get_str(query, arena);
	device.agent = query_get_str(query, arena);
	device.note = query_get_str(query, arena);
	device.interval_s = query_get_int(query);
	device.polled_s = query_get_int(query);
	device.created_s = query_get_int(query);
	device.expires_s = query_get_int(query);
	device.state = (enum device_state)query_get_int(query);
	device.account_id = query_get_str(query, arena);
	device.session_id = query_get_str(query, arena);
	device.methods = (unsigned)query_get_int(query);
	device.auth_s = query_get_int(query);
	TRY(query_status(query));
	*ret_device = device;
	return 0;
}

int sqlite_device_peek(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
		       struct device *ret_device)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	bool by_code = user_code.len > 0;
	_cleanup_(query_done) struct query query =
		query_of(reader.db, by_code ? SELECT_DEVICE "WHERE d.user_code = ? ORDER BY d.n DESC LIMIT 1"
					    : SELECT_DEVICE "WHERE d.sha256 = ?");
	if (by_code)
		query_text(&query, user_code);
	else
		query_blob(&query, sqlite_hash(sha256));
	TRY(query_row(&query));
	return load(&query, arena, ret_device);
}

struct poll {
	const unsigned char *sha256;
	int64_t now_s;
};

static int poll(struct db *db, const void *args)
{
	const struct poll *change = args;
	_cleanup_(query_done) struct query found = query_of(
		db, "SELECT n, polled_s > 0 AND ?1 < polled_s + interval_s FROM device WHERE sha256 = ?2");
	query_int(&found, change->now_s);
	query_blob(&found, sqlite_hash(change->sha256));
	TRY(query_row(&found));
	int64_t n = query_get_int(&found);
	bool fast = query_get_int(&found) != 0;
	TRY(query_status(&found));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE device SET polled_s = ?, interval_s = interval_s + ? WHERE n = ?");
	query_int(&query, change->now_s);
	query_int(&query, fast ? SLOW_DOWN_S : 0);
	query_int(&query, n);
	TRY(query_hit(&query));
	return fast ? SQLITE_POLLED_TOO_FAST : 0;
}

int sqlite_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s)
{
	return sqlite_write(store, poll, &(struct poll){sha256, now_s}, NULL);
}

struct decide {
	struct str user_code;
	const struct device *decision;
	int64_t now_s;
};

static int find_newest(struct db *db, const struct decide *decide, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT n FROM device WHERE user_code = ? AND expires_s > ? ORDER BY n DESC LIMIT 1");
	query_text(&query, decide->user_code);
	query_int(&query, decide->now_s);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int decide(struct db *db, const void *args)
{
	const struct decide *change = args;
	const struct device *decision = change->decision;
	int64_t n, account_n = 0;
	TRY(find_newest(db, change, &n));
	if (decision->account_id.len > 0)
		TRY(sqlite_account_n(db, decision->account_id, &account_n));
	_cleanup_(query_done) struct query query =
		query_of(db, "UPDATE device SET state = ?, account_n = ?, session_id = ?, scope = ?, methods = ?,"
			     " auth_s = ? WHERE n = ? AND state = ?");
	query_int(&query, decision->state);
	query_ref(&query, account_n);
	query_text(&query, decision->session_id);
	query_text(&query, decision->scope);
	query_int(&query, decision->methods);
	query_int(&query, decision->auth_s);
	query_int(&query, n);
	query_int(&query, DEVICE_PENDING);
	int rc = query_hit(&query);
	return rc == E_ABSENT ? E_CONFLICT : rc;
}

int sqlite_device_decide(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			 const struct audit_note *note)
{
	return sqlite_write(store, decide, &(struct decide){user_code, decision, now_s}, note);
}

struct redeem {
	const unsigned char *sha256;
	const struct issue *issue;
	const struct audit_note *note;
};

/* E_ABSENT: there is no such device that is approved and good now. */
static int take(struct db *db, const struct redeem *redeem, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(
		db, "UPDATE device SET state = ? WHERE sha256 = ? AND state = ? AND expires_s > ? RETURNING n");
	query_int(&query, DEVICE_REDEEMED);
	query_blob(&query, sqlite_hash(redeem->sha256));
	query_int(&query, DEVICE_APPROVED);
	query_int(&query, redeem->issue->now_s);
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

/* Why there was nothing to take. */
static int refuse(struct db *db, const struct redeem *redeem)
{
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT state, expires_s, family_n FROM device WHERE sha256 = ?");
	query_blob(&query, sqlite_hash(redeem->sha256));
	TRY(query_row(&query));
	int64_t state = query_get_int(&query), expires_s = query_get_int(&query), family_n = query_get_int(&query);
	TRY(query_status(&query));
	if (state == DEVICE_REDEEMED)
		return sqlite_family_reused(db, family_n, redeem->note);
	return expires_s > redeem->issue->now_s ? E_CONFLICT : E_ABSENT;
}

static int redeem(struct db *db, const void *args)
{
	const struct redeem *change = args;
	int64_t n, family_n;
	int rc = take(db, change, &n);
	if (rc == E_ABSENT)
		return refuse(db, change);
	TRY(rc);
	TRY(sqlite_family_begin(db, change->issue, &family_n));
	_cleanup_(query_done) struct query query = query_of(db, "UPDATE device SET family_n = ? WHERE n = ?");
	query_int(&query, family_n);
	query_int(&query, n);
	return query_hit(&query);
}

int sqlite_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			 const struct audit_note *note)
{
	return sqlite_write(store, redeem, &(struct redeem){sha256, issue, note}, note);
}
