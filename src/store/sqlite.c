/*
 * The SQLite backend: open and close. WAL, synchronous=FULL, one writer thread (sqlite_write.c), read-only readers
 * (sqlite_read.c). Server process and, when no server runs, the CLI. Verbs: any thread that may block.
 */
#include "store/sqlite_people.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "sql/migrate.h"

enum { APPLICATION_ID = 0x4d696e74 }; /* "Mint"; set by the first migration */

/* Of migrations/NNNN_*.sql. */
extern const struct migrate_table store_migrations;

static int count_probe(struct db *db, const void *args)
{
	(void)args;
	_cleanup_(query_done) struct query query = query_of(db, "UPDATE state SET probe = probe + 1 WHERE one = 1");
	return query_hit(&query);
}

static int count(struct store *store, struct store_counts *ret_counts)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query =
		query_of(reader.db, "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM client), audit_seq "
				    "FROM state WHERE one = 1");
	TRY(query_row(&query));
	struct store_counts counts = {query_get_int(&query), query_get_int(&query), query_get_int(&query)};
	TRY(query_status(&query));
	*ret_counts = counts;
	return 0;
}

static int sqlite_probe(struct store *store)
{
	{
		_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
		TRY(sqlite_read_begin(store, &reader));
		_cleanup_(query_done) struct query query = query_of(reader.db, "SELECT probe FROM state WHERE one = 1");
		TRY(query_row(&query));
	}
	return sqlite_write(store, count_probe, NULL, NULL);
}

static void sqlite_close(struct store *store)
{
	struct sqlite *sqlite = sqlite_of(store);
	sqlite_write_stop(sqlite);
	sqlite_read_close_all(sqlite);
	db_close(sqlite->writer.db); /* the last connection: SQLite checkpoints and removes the log */
	if (sqlite->lock_fd >= 0)
		close(sqlite->lock_fd);
	pthread_mutex_destroy(&sqlite->readers.lock);
	pthread_cond_destroy(&sqlite->readers.back);
	pthread_mutex_destroy(&sqlite->writer.lock);
	free(sqlite->path);
	free(sqlite);
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.account_put = sqlite_account_put,
	.account_get = sqlite_account_get,
	.account_list = sqlite_account_list,
	.account_update = sqlite_account_update,
	.account_delete = sqlite_account_delete,
	.account_set_roles = sqlite_account_set_roles,
	.account_set_disabled = sqlite_account_set_disabled,
	.client_put = sqlite_client_put,
	.client_get = sqlite_client_get,
	.client_list = sqlite_client_list,
	.client_update = sqlite_client_update,
	.client_set_disabled = sqlite_client_set_disabled,
	.client_delete = sqlite_client_delete,
	.client_find_registered = sqlite_client_find_registered,
	.client_forget_unused = sqlite_client_forget_unused,
	.client_count_imported = sqlite_client_count_imported,
	.secret_rotate = sqlite_secret_rotate,
	.secret_revoke = sqlite_secret_revoke,
	.secret_find = sqlite_secret_find,
	.secret_regenerate = sqlite_secret_regenerate,
	.usage_flush = sqlite_usage_flush,
	.api_put = sqlite_api_put,
	.api_get = sqlite_api_get,
	.api_list = sqlite_api_list,
	.api_update = sqlite_api_update,
	.api_delete = sqlite_api_delete,
	.revocation_put_jti = sqlite_revocation_put_jti,
	.revocation_list = sqlite_revocation_list,
	.revocation_sweep = sqlite_revocation_sweep,
	.use_history = sqlite_use_history,
	.secret_hosts = sqlite_secret_hosts,
	.session_put = sqlite_session_put,
	.session_get = sqlite_session_get,
	.session_touch = sqlite_session_touch,
	.session_list = sqlite_session_list,
	.session_end = sqlite_session_end,
	.login_get = sqlite_login_get,
	.login_set_password = sqlite_login_set_password,
	.login_reset_factors = sqlite_login_reset_factors,
	.login_set_totp = sqlite_login_set_totp,
	.login_use_totp = sqlite_login_use_totp,
	.login_use_recovery = sqlite_login_use_recovery,
	.passkey_put = sqlite_passkey_put,
	.passkey_get = sqlite_passkey_get,
	.passkey_list = sqlite_passkey_list,
	.passkey_rename = sqlite_passkey_rename,
	.passkey_delete = sqlite_passkey_delete,
	.passkey_use = sqlite_passkey_use,
	.upstream_put = sqlite_upstream_put,
	.upstream_get = sqlite_upstream_get,
	.upstream_list = sqlite_upstream_list,
	.upstream_delete = sqlite_upstream_delete,
	.once_put = sqlite_once_put,
	.once_peek = sqlite_once_peek,
	.once_take = sqlite_once_take,
	.once_list = sqlite_once_list,
	.code_put = sqlite_code_put,
	.code_peek = sqlite_code_peek,
	.code_redeem = sqlite_code_redeem,
	.refresh_peek = sqlite_refresh_peek,
	.refresh_rotate = sqlite_refresh_rotate,
	.family_end = sqlite_family_end,
	.family_get = sqlite_family_get,
	.family_list = sqlite_family_list,
	.device_put = sqlite_device_put,
	.device_peek = sqlite_device_peek,
	.device_poll = sqlite_device_poll,
	.device_decide = sqlite_device_decide,
	.device_redeem = sqlite_device_redeem,
	.consent_get = sqlite_consent_get,
	.consent_put = sqlite_consent_put,
	.consent_list = sqlite_consent_list,
	.consent_delete = sqlite_consent_delete,
	.sweep = sqlite_sweep,
	.key_put = sqlite_key_put,
	.key_list = sqlite_key_list,
	.key_advance = sqlite_key_advance,
	.audit_append = sqlite_audit_append,
	.audit_list = sqlite_audit_list,
	.audit_about = sqlite_audit_about,
	.audit_verify = sqlite_audit_verify,
	.count = count,
	.probe = sqlite_probe,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up_library(void)
{
	char seed;
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* spares a lock per allocation */
	sqlite3_randomness(sizeof(seed), &seed);    /* reads /dev/urandom the first time, and guesses when it can't */
}

void sqlite_prepare(void) { pthread_once(&once, set_up_library); }


static int start(struct sqlite *sqlite, const struct store_options *options)
{
	sqlite->path = fault_hit(FAULT_ALLOC) ? NULL : strdup(options->path);
	if (!sqlite->path)
		return E_NOMEM;
	TRY(sqlite_file_prepare(options->path, options->create, &sqlite->lock_fd));
	TRY(db_open(sqlite->path, true, sqlite->cache_kib, &sqlite->writer.db));
	TRY(migrate_run(sqlite->writer.db, &store_migrations, APPLICATION_ID));
	return sqlite_write_start(sqlite);
}

int sqlite_open(const struct store_options *options, struct store **ret_store)
{
	sqlite_prepare();
	struct sqlite *sqlite = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*sqlite));
	if (!sqlite)
		return E_NOMEM;
	sqlite->store.ops = &sqlite_ops;
	sqlite->cache_kib = options->cache_kib;
	sqlite->lock_fd = -1;
	sqlite->readers.max = options->readers;
	pthread_mutex_init(&sqlite->readers.lock, NULL);
	pthread_cond_init(&sqlite->readers.back, NULL);
	pthread_mutex_init(&sqlite->writer.lock, NULL);
	int rc = start(sqlite, options);
	if (rc < 0) {
		sqlite_close(&sqlite->store);
		return rc;
	}
	*ret_store = &sqlite->store;
	return 0;
}
