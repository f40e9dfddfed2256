/*
 * How SQLite runs our statements: whatever a table for people holds, no verb walks through all of it, and no list that
 * may be long is sorted. Asks the database itself, of each statement that the verbs below have prepared.
 */
#include "people.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/sqlite.h"

static const struct audit_note *const note = &a_note;

static void run_sessions(struct world *world)
{
	struct session session = a_session(world, 1), *sessions;
	struct account account;
	struct login login;
	const struct login_totp totp = {.sealed = STR("x"), .on = true};
	size_t n;
	OK(store_session_put(world->store, &session, hash_of(world, 9), note));
	OK(store_session_get(world->store, session.sha256, NOW_S, &world->arena, &session, &account));
	OK(store_session_touch(world->store, session.sha256, NOW_S, UNTIL_S, STR("::1")));
	OK(store_session_list(world->store, account.id, NOW_S, &world->arena, &sessions, &n));
	OK(store_login_set_password(world->store, account.id, STR("$argon2id$"), session.sha256, UNTIL_S, note));
	OK(store_login_set_totp(world->store, account.id, &totp, note));
	OK(store_login_use_totp(world->store, account.id, 7));
	FAILS(store_login_use_recovery(world->store, account.id, session.sha256, note), E_ABSENT);
	OK(store_login_get(world->store, account.id, &world->arena, &login));
	OK(store_session_end(world->store, account.id, session.id, NULL, note));
	OK(store_session_end(world->store, account.id, STR(""), NULL, note));
}

static void run_keys(struct world *world)
{
	struct passkey passkey = a_passkey(world, 2), *passkeys;
	struct upstream_link link = a_link(world, 3), *links;
	size_t n;
	OK(store_passkey_put(world->store, &passkey, note));
	OK(store_passkey_use(world->store, passkey.id, 1, NOW_S));
	OK(store_passkey_rename(world->store, passkey.account_id, passkey.id, STR("other"), note));
	OK(store_passkey_get(world->store, passkey.id, &world->arena, &passkey));
	OK(store_passkey_list(world->store, passkey.account_id, &world->arena, &passkeys, &n));
	OK(store_passkey_delete(world->store, passkey.account_id, passkey.id, note));
	OK(store_upstream_put(world->store, &link, note));
	OK(store_upstream_get(world->store, link.issuer, link.subject, &world->arena, &link));
	OK(store_upstream_list(world->store, link.account_id, &world->arena, &links, &n));
	OK(store_upstream_delete(world->store, link.account_id, link.issuer, note));
}

static void run_once(struct world *world)
{
	struct once once = a_once(world, ONCE_PAR, 4), *onces;
	const struct store_once_key key = {once.sha256, ONCE_PAR, NOW_S};
	struct code code = a_code(world, 5);
	size_t n;
	OK(store_once_put(world->store, &once, note));
	OK(store_once_peek(world->store, &key, &world->arena, &once));
	OK(store_once_list(world->store, &(struct store_once_range){ONCE_PAR, NOW_S, 10}, &world->arena, &onces, &n));
	OK(store_code_put(world->store, &code, once.sha256));
	FAILS(store_once_take(world->store, &key, &world->arena, &once, note), E_ABSENT);
}

static void run_grants(struct world *world)
{
	struct family family, *families;
	struct refresh refresh;
	struct code code;
	struct issue issue = an_issue(world, 8, false);
	bool used;
	size_t n;
	a_family_lives(world, 6);
	a_family_lives(world, 7);
	OK(store_code_peek(world->store, hash_of(world, 6), &world->arena, &code, &used));
	OK(store_refresh_peek(world->store, hash_of(world, 1006), &world->arena, &refresh, &family));
	OK(store_refresh_rotate(world->store, refresh.sha256, 30, &issue, note));
	issue = an_issue(world, 9, false);
	OK(store_refresh_rotate(world->store, refresh.sha256, 30, &issue, note));
	FAILS(store_refresh_rotate(world->store, refresh.sha256, 30, &issue, note), E_REUSED);
	OK(store_family_get(world->store, family.id, &world->arena, &family));
	OK(store_family_list(world->store, family.account_id, NOW_S, &world->arena, &families, &n));
	OK(store_family_end(world->store, name_of(world, "mmg_", 7), note));
}

static void run_devices(struct world *world)
{
	struct device device = a_device(world, 10), decision = a_decision(DEVICE_APPROVED);
	struct issue issue = an_issue(world, 10, true);
	OK(store_device_put(world->store, &device));
	OK(store_device_peek(world->store, device.sha256, STR(""), &world->arena, &device));
	OK(store_device_peek(world->store, NULL, device.user_code, &world->arena, &device));
	OK(store_device_poll(world->store, device.sha256, NOW_S));
	OK(store_device_decide(world->store, device.user_code, &decision, NOW_S, note));
	OK(store_device_redeem(world->store, device.sha256, &issue, note));
	FAILS(store_device_redeem(world->store, device.sha256, &issue, note), E_REUSED);
}

static void run_rest(struct world *world)
{
	struct consent consent = a_consent(world, 1), *consents;
	struct client_secret secret = a_secret(world, consent.client_id, 1);
	const struct usage_row use = {secret.id, NOW_S, STR("::1"), 3};
	struct use_day *days;
	struct secret_host *hosts;
	struct audit_entry *entries;
	size_t n;
	bool more;
	a_family_lives(world, 11);
	OK(store_consent_put(world->store, &consent, note));
	OK(store_consent_get(world->store, consent.account_id, consent.client_id, &world->arena, &consent));
	OK(store_consent_list(world->store, consent.account_id, &world->arena, &consents, &n));
	OK(store_consent_delete(world->store, consent.account_id, consent.client_id, note));
	OK(store_secret_add(world->store, &secret, 0, note));
	OK(store_secret_find(world->store, secret.sha256, &world->arena, &secret));
	struct str id;
	FAILS(store_client_find_registered(world->store, secret.sha256, &world->arena, &id), E_ABSENT);
	OK(store_usage_flush(world->store, &use, 1));
	OK(store_use_history(world->store, consent.client_id, 0, &world->arena, &days, &n));
	OK(store_secret_hosts(world->store, consent.client_id, &world->arena, &hosts, &n));
	const struct store_audit_about about = {consent.client_id, 0, 10};
	OK(store_audit_about(world->store, &about, &world->arena, &entries, &n));
	OK(store_sweep(world->store, NOW_S, 10, &more));
	OK(store_client_delete(world->store, consent.client_id, UNTIL_S, note));
	OK(store_account_delete(world->store, consent.account_id, true, UNTIL_S, note));
}

/* Statements that sort what was found; those that may find much are not among them. */
static const char *const may_sort[] = {
	"FROM consent ", "FROM passkey ",    "FROM upstream ",     "FROM secret_host ", "FROM client_grant ",
	"FROM api_server ", "FROM client_secret ",
};

static bool is_small(const char *sql)
{
	for (size_t i = 0; i < COUNT(may_sort); i++) {
		if (strstr(sql, may_sort[i]))
			return true;
	}
	return false;
}

static bool is_bad(const char *sql, const char *step)
{
	if (strncmp(step, "SCAN CONSTANT ROW", 17) == 0 || strncmp(step, "SCAN (", 6) == 0)
		return false;
	return strncmp(step, "SCAN ", 5) == 0 || (strstr(step, "TEMP B-TREE") && !is_small(sql));
}

static void check_statement(sqlite3 *handle, const char *sql)
{
	char question[4096];
	sqlite3_stmt *stmt;
	assert_in_range(snprintf(question, sizeof(question), "EXPLAIN QUERY PLAN %s", sql), 1, sizeof(question) - 1);
	assert_int_equal(sqlite3_prepare_v2(handle, question, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(stmt, 3);
		if (is_bad(sql, step))
			fail_msg("%s: %s", step, sql);
	}
	sqlite3_finalize(stmt);
}

static unsigned check_all(struct db *db)
{
	unsigned n = 0;
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
		const char *sql = db->statements[i].sql;
		if (!sql || strncmp(sql, "PRAGMA", 6) == 0 || !strchr(sql, '?'))
			continue;
		check_statement(db->handle, sql);
		n++;
	}
	return n;
}

static void nothing_is_scanned(void **state)
{
	struct world *world = *state;
	struct sqlite *sqlite = (struct sqlite *)(void *)world->store;
	run_sessions(world);
	run_keys(world);
	run_once(world);
	run_grants(world);
	run_devices(world);
	run_rest(world);
	assert_true(check_all(sqlite->writer.db) > 60);
	assert_int_equal(sqlite->readers.n_idle, 1);
	assert_true(check_all(sqlite->readers.idle[0]) > 15);
}

/* A cascade looks for what refers to the row that goes: each such column is the first of an index, or the key. */
static void references_have_an_index(void **state)
{
	static const char sql[] =
		"SELECT m.name || '.' || f.\"from\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f"
		" WHERE m.type = 'table' AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) i,"
		" pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name = f.\"from\")"
		" AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) t WHERE t.name = f.\"from\" AND t.pk = 1)";
	struct world *world = *state;
	sqlite3 *handle;
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_open(world->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		fail_msg("no index: %s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(handle);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(nothing_is_scanned, people_setup, world_teardown),
	cmocka_unit_test_setup_teardown(references_have_an_index, people_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
