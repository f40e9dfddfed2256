/* Opening a SQLite store: the lock, the mode of its files, what is refused, and that it stays closed to others. */
#include "store_test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_with(struct world *world, bool create, unsigned readers, unsigned cache_kib)
{
	return store_open(&(struct store_options){STORE_SQLITE, world->path, create, readers, cache_kib},
			  &world->store);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void absent_file(void **state)
{
	struct world *world = *state;
	FAILS(open_with(world, false, READERS, CACHE_KIB), E_ABSENT);
	assert_int_equal(access(world->path, F_OK), -1);
	snprintf(world->path, sizeof(world->path), "%s/no/folder", world->folder);
	FAILS(open_with(world, true, READERS, CACHE_KIB), E_STORE);
}

static void options_out_of_range(void **state)
{
	static const unsigned rows[][2] = {{0, 64}, {65, 64}, {1, 63}, {1, 1048577}};
	struct world *world = *state;
	for (size_t i = 0; i < COUNT(rows); i++)
		FAILS(open_with(world, true, rows[i][0], rows[i][1]), E_LIMIT);
	assert_int_equal(access(world->path, F_OK), -1);
}

static void foreign_files(void **state)
{
	struct world *world = *state;
	char junk[5000];
	memset(junk, 'x', sizeof(junk));
	write_file(world->path, junk, sizeof(junk));
	FAILS(open_with(world, true, READERS, CACHE_KIB), E_SYNTAX);
	unlink(world->path);
	run_sql(world->path, "CREATE TABLE other (x)");
	FAILS(open_with(world, true, READERS, CACHE_KIB), E_SYNTAX);
	run_sql(world->path, "PRAGMA user_version = 1");
	FAILS(open_with(world, true, READERS, CACHE_KIB), E_SYNTAX);
	unlink(world->path);
	write_file(world->path, "", 0); /* a creation that was cut short */
	OK(open_with(world, true, READERS, CACHE_KIB));
}

/* Migration 7: who disabled what is disabled says the trail, where it says nothing it was not the owner. */
static void who_disabled_it_before_that_was_kept(void **state)
{
	static const struct {
		const char *actors[2];
		unsigned held;
	} rows[] = {{{NULL, NULL}, 1}, {{"account:mma_0001", NULL}, 0}, {{"cli:uid=0", "account:mma_0001"}, 0},
		    {{"account:mma_0001", "account:mma_0002"}, 1}};
	struct world *world = *state;
	OK(world_open(world));
	struct account account = an_account(world, 1);
	OK(store_account_put(world->store, &account, &a_note));
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct client client = a_client(world, i);
		client.kind = CLIENT_ACCOUNT;
		client.account_id = account.id;
		client.disabled = true;
		OK(store_client_put(world->store, &client, &a_note));
		for (size_t k = 0; k < 2 && rows[i].actors[k]; k++) {
			const struct audit_note note = {NOW_S, str_of(rows[i].actors[k]), STR("client.disable"),
							client.id, STR("")};
			OK(store_audit_append(world->store, &note));
		}
	}
	store_close(world->store);
	world->store = NULL;
	run_sql(world->path, "DROP INDEX client_app_by_registration; ALTER TABLE client DROP COLUMN held;"
			     " DROP INDEX client_app_unused; ALTER TABLE client_app DROP COLUMN vouched;"
			     " ALTER TABLE client_app DROP COLUMN unused_since_s; PRAGMA user_version = 6");
	OK(world_open(world));
	for (unsigned i = 0; i < COUNT(rows); i++)
		assert_int_equal(get_client(world, a_client(world, i).id).held, rows[i].held);
}

/* Migration 10: addresses in lower case, but nobody gets another one's. */
static void addresses_lose_their_case(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {{"Alice@x.example", "Alice@x.example"}, {"alice@x.example", "alice@x.example"},
		    {"BOB@x.example", "bob@x.example"}, {"carol@x.example", "carol@x.example"}};
	struct world *world = *state;
	OK(world_open(world));
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct account account = an_account(world, i + 1);
		account.email = str_of(rows[i].before);
		OK(store_account_put(world->store, &account, &a_note));
	}
	store_close(world->store);
	world->store = NULL;
	run_sql(world->path, "PRAGMA user_version = 9");
	OK(world_open(world));
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct account account;
		OK(store_account_get(world->store, an_account(world, i + 1).id, false, &world->arena, &account));
		assert_true(str_eq(account.email, str_of(rows[i].after)));
	}
}

static void newer_version(void **state)
{
	struct world *world = *state;
	OK(world_open(world));
	store_close(world->store);
	world->store = NULL;
	run_sql(world->path, "PRAGMA user_version = 9999");
	FAILS(open_with(world, true, READERS, CACHE_KIB), E_SYNTAX);
}

static void only_the_owner_may_read(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
	struct world *world = *state;
	mode_t old = umask(0);
	OK(world_open(world));
	OK(store_probe(world->store));
	for (size_t i = 0; i < COUNT(tails); i++) {
		char name[120];
		struct stat about;
		snprintf(name, sizeof(name), "%s%s", world->path, tails[i]);
		assert_int_equal(stat(name, &about), 0);
		assert_int_equal(about.st_mode & 0777, 0600);
	}
	umask(old);
}

/* Runs in another process; the exit status is the error. */
static int open_elsewhere(struct world *world)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct store *store = NULL;
		_exit(-store_open(&(struct store_options){STORE_SQLITE, world->path, true, READERS, CACHE_KIB},
				  &store));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void one_process_only(void **state)
{
	struct world *world = *state, other = *world;
	OK(world_open(world));
	assert_int_equal(open_elsewhere(world), E_LOCKED);
	FAILS(world_open(&other), E_LOCKED);
	OK(store_probe(world->store)); /* the refused ones took nothing from us */
	assert_int_equal(open_elsewhere(world), E_LOCKED);
	store_close(world->store);
	world->store = NULL;
	assert_int_equal(open_elsewhere(world), 0);
	OK(world_open(world));
}

static void close_leaves_one_file(void **state)
{
	struct world *world = *state;
	char name[120];
	OK(world_open(world));
	OK(store_probe(world->store));
	store_close(world->store);
	world->store = NULL;
	snprintf(name, sizeof(name), "%s-wal", world->path);
	assert_int_equal(access(name, F_OK), -1); /* all of it is in the database file */
	store_close(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(absent_file, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(options_out_of_range, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(foreign_files, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(who_disabled_it_before_that_was_kept, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(addresses_lose_their_case, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(newer_version, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(only_the_owner_may_read, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(one_process_only, world_setup_folder, world_teardown),
	cmocka_unit_test_setup_teardown(close_leaves_one_file, world_setup_folder, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
