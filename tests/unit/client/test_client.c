/* A client in one process: single flight over threads, renewal, what is due, cancelling, and a fault at every step. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fault.h"
#include "client/client.h"
#include "server.h"

static struct server server;
static char home[64];

static int start(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/test_client.XXXXXX");
	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("SSL_CERT_FILE");
	server_start(&server);
	return 0;
}

static void empty(const char *path)
{
	char name[512];
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' || strcmp(entry->d_name, ".cache") == 0) {
			if (unlink(name) < 0)
				empty(name);
		}
	}
	if (folder)
		closedir(folder);
	(void)rmdir(path);
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	empty(home);
	return 0;
}

static mintmark_client *make_with(mintmark_client_options options)
{
	mintmark_client *client;
	options.size = sizeof(options);
	options.issuer = server.issuer;
	options.client_id = "id";
	if (!options.client_secret)
		options.client_secret = "secret";
	assert_int_equal(mintmark_client_new(&options, &client), MINTMARK_OK);
	return client;
}

static mintmark_client *make_memory(void)
{
	return make_with((mintmark_client_options){.flags = MINTMARK_CLIENT_MEMORY_ONLY});
}

static const char *token_of(mintmark_client *client)
{
	static _Thread_local char token[MINTMARK_TOKEN_MAX];
	assert_int_equal(mintmark_client_token(client, token, sizeof(token)), MINTMARK_OK);
	return token;
}

static int setup(void **state)
{
	(void)state;
	server.status = 200;
	server.life_s = 3600;
	server.delay_ms = 0;
	server.requests = 0;
	return 0;
}

static void test_arguments(void **state)
{
	(void)state;
	static const mintmark_client_options bad[] = {
		{.size = 1},
		{.size = sizeof(bad[0]), .flags = 1024},
		{.size = sizeof(bad[0]), .prefix = "lower"},
		{.size = sizeof(bad[0]), .prefix = ""},
		{.size = sizeof(bad[0]), .app = "../up"},
		{.size = sizeof(bad[0]), .app = ".hidden"},
		{.size = sizeof(bad[0]), .timeout_ms = 600001},
	};
	mintmark_client *client;
	char token[8];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mintmark_client_new(&bad[i], &client), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_client_token(NULL, token, sizeof(token)), MINTMARK_ERROR_ARGUMENT);
	client = make_memory();
	assert_int_equal(mintmark_client_token(client, NULL, 0), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_client_token(client, token, 3), MINTMARK_ERROR_LIMIT);
	assert_int_equal(mintmark_client_token(client, token, 7), MINTMARK_ERROR_LIMIT); /* no room for the NUL */
	assert_int_equal(mintmark_client_token(client, token, sizeof(token)), MINTMARK_OK);
	assert_int_equal(server.requests, 1);
	mintmark_client_free(client);
	mintmark_client_free(NULL);
}

static void test_header(void **state)
{
	(void)state;
	mintmark_client *client = make_memory();
	char header[MINTMARK_HEADER_MAX];
	assert_int_equal(mintmark_client_header(client, header, 10), MINTMARK_ERROR_LIMIT);
	assert_int_equal(mintmark_client_header(client, header, sizeof(header)), MINTMARK_OK);
	assert_string_equal(header, "Authorization: Bearer token-1");
	mintmark_client_free(client);
}

static void test_body_authentication(void **state)
{
	(void)state;
	mintmark_client *client = make_with((mintmark_client_options){
		.flags = MINTMARK_CLIENT_MEMORY_ONLY | MINTMARK_CLIENT_POST, .client_secret = "a&b c"});
	(void)token_of(client);
	assert_non_null(strstr(server.last, "&client_id=id&client_secret=a%26b%20c"));
	assert_null(strstr(server.last, "Authorization"));
	mintmark_client_free(client);
}

static void *ask(void *arg)
{
	static const char *const token = "token-1";
	for (int i = 0; i < 200; i++)
		assert_string_equal(token_of(arg), token);
	return NULL;
}

/* Sixteen threads on a cold client: one request. */
static void test_single_flight(void **state)
{
	(void)state;
	pthread_t threads[16];
	mintmark_client *client = make_memory();
	server.delay_ms = 50;
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, client), 0);
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(server.requests, 1);
	mintmark_client_free(client);
}

/* After a 401: once, and not again for a minute. */
static void test_renewal(void **state)
{
	(void)state;
	mintmark_client *client = make_memory();
	assert_string_equal(token_of(client), "token-1");
	assert_int_equal(mintmark_client_renew(client, ""), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_client_renew(client, "another"), MINTMARK_OK);
	assert_int_equal(server.requests, 1); /* there is another token than that one */
	assert_int_equal(mintmark_client_renew(client, "token-1"), MINTMARK_OK);
	assert_string_equal(token_of(client), "token-2");
	assert_int_equal(mintmark_client_renew(client, "token-1"), MINTMARK_OK);
	assert_int_equal(mintmark_client_renew(client, "token-2"), MINTMARK_ERROR_REJECTED);
	assert_int_equal(server.requests, 2);
	client->obtained_ns -= INT64_C(61000000000);
	assert_int_equal(mintmark_client_renew(client, "token-2"), MINTMARK_OK);
	assert_string_equal(token_of(client), "token-3");
	mintmark_client_free(client);
}

/* The same over the cache: another client of the same person was told first. */
static void test_renewal_is_shared(void **state)
{
	(void)state;
	mintmark_client *a = make_with((mintmark_client_options){.client_secret = "shared"});
	mintmark_client *b = make_with((mintmark_client_options){.client_secret = "shared"});
	assert_string_equal(token_of(a), "token-1");
	assert_string_equal(token_of(b), "token-1");
	assert_int_equal(mintmark_client_renew(a, "token-1"), MINTMARK_OK);
	assert_int_equal(mintmark_client_renew(b, "token-1"), MINTMARK_OK);
	assert_string_equal(token_of(a), "token-2");
	assert_string_equal(token_of(b), "token-2");
	assert_int_equal(mintmark_client_renew(b, "token-2"), MINTMARK_ERROR_REJECTED);
	assert_int_equal(server.requests, 2);
	mintmark_client_free(a);
	mintmark_client_free(b);
}

static void set_due(mintmark_client *client, const char *token)
{
	int64_t now_ns = clock_boot_ns();
	pthread_mutex_lock(&client->lock);
	token_slot_write(&client->slot, str_of(token), now_ns - 1, now_ns + INT64_C(60000000000));
	pthread_mutex_unlock(&client->lock);
}

/* A token that is due is replaced; when that fails it is good until its end, and nobody asks at every call. */
static void test_due(void **state)
{
	(void)state;
	mintmark_client *client = make_memory();
	(void)token_of(client);
	set_due(client, "old");
	assert_string_equal(token_of(client), "token-2");
	set_due(client, "old");
	server.status = 503;
	for (int i = 0; i < 10; i++)
		assert_string_equal(token_of(client), "old");
	assert_int_equal(server.requests, 3);
	char text[1024];
	assert_int_equal(mintmark_client_explain(client, text, sizeof(text)), MINTMARK_OK);
	assert_non_null(strstr(text, "status 503"));
	mintmark_client_free(client);
}

/* Between 70 and 85 hundredths of life, not always at the same moment. */
static void test_refresh_is_jittered(void **state)
{
	(void)state;
	int64_t least_ns = INT64_MAX, most_ns = 0;
	for (int i = 0; i < 20; i++) {
		mintmark_client *client = make_memory();
		(void)token_of(client);
		int64_t at_ns = atomic_load(&client->slot.refresh_at_ns) - client->obtained_ns;
		least_ns = at_ns < least_ns ? at_ns : least_ns;
		most_ns = at_ns > most_ns ? at_ns : most_ns;
		mintmark_client_free(client);
	}
	assert_true(least_ns >= INT64_C(3600000000000) / 100 * 70 && most_ns <= INT64_C(3600000000000) / 100 * 85);
	assert_true(most_ns - least_ns > INT64_C(1000000000));
}

static void test_failures_rest(void **state)
{
	(void)state;
	mintmark_client *client = make_memory();
	char token[64];
	server.status = 401;
	for (int i = 0; i < 5; i++)
		assert_int_equal(mintmark_client_token(client, token, sizeof(token)), MINTMARK_ERROR_CREDENTIALS);
	assert_int_equal(server.requests, 1);
	client->rest_until_ns = 0;
	server.status = 200;
	assert_string_equal(token_of(client), "token-2");
	mintmark_client_free(client);
}

static void *ask_cancelled(void *arg)
{
	char token[64];
	assert_int_equal(mintmark_client_token(arg, token, sizeof(token)), MINTMARK_ERROR_CANCELLED);
	return NULL;
}

static void test_cancel(void **state)
{
	(void)state;
	pthread_t threads[4];
	mintmark_client *client = make_memory();
	server.delay_ms = 600000;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_cancelled, client), 0);
	while (atomic_load(&server.requests) == 0)
		(void)poll(NULL, 0, 2);
	mintmark_client_cancel(client);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	server.delay_ms = 0;
	(void)ask_cancelled(client);
	mintmark_client_free(client);
}

/* Readers while a writer puts one token after another: each copy is one that was written, whole. */
struct race {
	struct token_slot slot;
	atomic_bool ends;
	atomic_long reads;
};

static void *read_race(void *arg)
{
	struct race *race = arg;
	char text[2048];
	while (!atomic_load(&race->ends)) {
		struct token_slot_copy copy = {.p = text, .size = sizeof(text)};
		if (!token_slot_read(&race->slot, 0, false, &copy))
			continue;
		assert_int_equal(strlen(text), copy.len);
		assert_int_equal(copy.len, 100 + (size_t)(text[0] - 'a') * 37);
		for (size_t i = 0; i < copy.len; i++)
			assert_int_equal(text[i], text[0]);
		atomic_fetch_add(&race->reads, 1);
	}
	return NULL;
}

static void test_slot_race(void **state)
{
	(void)state;
	static struct race race;
	pthread_t threads[2];
	char token[2048];
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_race, &race), 0);
	for (int i = 0; i < 20000 || atomic_load(&race.reads) < 1000; i++) {
		size_t len = 100 + (size_t)(i % 26) * 37;
		memset(token, 'a' + i % 26, len);
		token_slot_write(&race.slot, str_mem(token, len), 1, 1);
		if (i >= 20000)
			(void)poll(NULL, 0, 1);
	}
	atomic_store(&race.ends, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

#ifdef MINTMARK_FAULTS
static int64_t shift_s;

static void shifted(struct moment *ret_moment)
{
	moment_now(ret_moment);
	ret_moment->wall_s += shift_s;
	ret_moment->boot_s += shift_s;
}

/* A fault at the N-th point: an error or the right token, never another; and what it leaves behind is no obstacle. */
static bool sweep_once(enum fault_kind kind, long n, const char *secret)
{
	char token[MINTMARK_TOKEN_MAX] = "";
	const mintmark_client_options options = {.size = sizeof(options), .issuer = server.issuer, .client_id = "id",
						 .client_secret = secret, .timeout_ms = 20000};
	mintmark_client *client = NULL;
	char cache[80];
	snprintf(cache, sizeof(cache), "%s/.cache", home);
	empty(cache); /* discovery too */
	fault_arm(kind, n);
	int rc = mintmark_client_new(&options, &client);
	if (rc == MINTMARK_OK) {
		client->now = shifted;
		rc = mintmark_client_token(client, token, sizeof(token));
	}
	bool reached = fault_reached(kind);
	fault_arm(kind, 0);
	assert_true(rc == MINTMARK_OK ? strncmp(token, "token-", 6) == 0 : rc >= MINTMARK_ERROR_LOGIN);
	assert_true(rc == MINTMARK_OK || token[0] == '\0');
	mintmark_client_free(client);
	shift_s += 600; /* what failed has rested */
	assert_int_equal(mintmark_client_new(&options, &client), MINTMARK_OK);
	client->now = shifted;
	int again = mintmark_client_token(client, token, sizeof(token));
	if (again < 0) {
		(void)mintmark_client_explain(client, token, sizeof(token));
		print_message("kind %d, point %ld: %d, then %s\n", (int)kind, n, rc, token);
	}
	assert_int_equal(again, MINTMARK_OK);
	mintmark_client_free(client);
	return reached;
}

static void test_faults(void **state)
{
	(void)state;
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_FILE, FAULT_WRITE, FAULT_NETWORK, FAULT_RANDOM};
	char secret[32];
	int serial = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long n = 1;
		for (bool reached = true; reached; n++) { /* a secret of its own: a cold cache each time */
			snprintf(secret, sizeof(secret), "secret-%d", serial++);
			reached = sweep_once(kinds[i], n, secret);
		}
		print_message("kind %d: %ld points\n", (int)kinds[i], n - 2);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_arguments, setup),
		cmocka_unit_test_setup(test_header, setup),
		cmocka_unit_test_setup(test_body_authentication, setup),
		cmocka_unit_test_setup(test_single_flight, setup),
		cmocka_unit_test_setup(test_renewal, setup),
		cmocka_unit_test_setup(test_renewal_is_shared, setup),
		cmocka_unit_test_setup(test_due, setup),
		cmocka_unit_test_setup(test_refresh_is_jittered, setup),
		cmocka_unit_test_setup(test_failures_rest, setup),
		cmocka_unit_test_setup(test_cancel, setup),
		cmocka_unit_test_setup(test_slot_race, setup),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test_setup(test_faults, setup),
#endif
	};
	return cmocka_run_group_tests(tests, start, stop);
}
