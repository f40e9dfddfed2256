/*
 * Logging in by browser and by device, the next token by a stored login, and logging out, with a fault at every step:
 * memory, files, writing, entropy, network. Each gives what was asked for or a typed error, leaves whole files and
 * another issuer's login alone, tells no secret to another server, and is no obstacle to the next attempt.
 * $MINTMARK_TEST_STORAGE: the login is kept in that place instead of the file (tests/flow/test_client_storage.py).
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "client/client.h"
#include "client/login_keep.h"
#include "json/json.h"
#include "server.h"

#define OTHER_LOGIN                                                                                      \
	"\"https://other.example\":{\"client_id\":\"app\",\"refresh_token\":\"other-0\",\"scope\":\"a\"," \
	"\"created_at\":\"2025-01-01T00:00:00Z\"}"

enum { FILE_ROOM = 65537, PATH_ROOM = 512, PERSON_MS = 60000 };

static struct server server, stranger; /* the stranger is nobody's issuer: it hears nothing */
static char home[64], config[96], cache[96];
static enum storage_place place = STORAGE_FILE;

/* The library's pauses between two questions: the answers are there at once, so nobody needs to wait for them. */
int nanosleep(const struct timespec *pause, struct timespec *ret_left)
{
	(void)pause;
	(void)ret_left;
	return 0;
}

/* A device code, or a token with the next refresh token; to a revocation nobody listens. */
static void speak(struct server *from, int number, char ret_body[640])
{
	if (strncmp(from->last, "POST /device ", 13) == 0)
		snprintf(ret_body, 640,
			 "{\"device_code\":\"dev\",\"user_code\":\"ABCD\",\"verification_uri\":\"%s/enter\","
			 "\"interval\":1}", from->issuer);
	else
		snprintf(ret_body, 640,
			 "{\"access_token\":\"access-%d\",\"token_type\":\"Bearer\",\"expires_in\":%d,"
			 "\"refresh_token\":\"refresh-%d\"}", number, atomic_load(&from->life_s), number);
}

static void point_to(const char *origin)
{
	snprintf(server.token_url, sizeof(server.token_url), "%s/token", origin);
	snprintf(server.more, sizeof(server.more),
		 ",\"authorization_endpoint\":\"%s/authorize\",\"device_authorization_endpoint\":\"%s/device\","
		 "\"revocation_endpoint\":\"%s/revoke\"", server.issuer, origin, origin);
}

static int start(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/test_login.XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(config, sizeof(config), "%s/.config/mintmark", home);
	snprintf(cache, sizeof(cache), "%s/.cache/mintmark", home);
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("SSL_CERT_FILE");
	if (place != STORAGE_SECRET_SERVICE)
		unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("XDG_RUNTIME_DIR");
	server_start(&server);
	server_start(&stranger);
	server.speak = stranger.speak = speak;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level == 0 ? 0 : remove(path);
}

static void empty_home(void) { (void)nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	server_stop(&stranger);
	empty_home();
	(void)rmdir(home);
	return 0;
}

/* Our login, as the library keeps it. */
static void put_login(void)
{
	const mintmark_client_options options = {
		.size = sizeof(options), .login_storage = storage_of(place)->name};
	struct settings settings;
	struct login_keep keep;
	struct trouble trouble;
	char note[TROUBLE_MAX];
	struct logins_entry entry = {str_of(server.issuer), STR("app"), STR("refresh-0"), STR("a"),
				     STR("2025-01-01T00:00:00Z"), STORAGE_FILE};
	assert_int_equal(settings_read(&options, &settings), MINTMARK_OK);
	assert_int_equal(login_keep_open(&settings, &keep, &trouble), MINTMARK_OK);
	assert_int_equal(login_keep_first(&keep, &entry, note, &trouble), MINTMARK_OK);
	login_keep_close(&keep);
	settings_done(&settings);
}

/* A folder with another issuer's login, and with one of ours where that is wanted. */
static void prepare(bool logged_in)
{
	char path[PATH_ROOM];
	empty_home();
	snprintf(path, sizeof(path), "%s/.config", home);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mkdir(config, 0700), 0);
	snprintf(path, sizeof(path), "%s/logins.json", config);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	dprintf(fd, "{" OTHER_LOGIN "}\n");
	close(fd);
	if (logged_in)
		put_login();
}

/* --- what is on the disk --- */

static struct json *read_whole(const char *folder, const char *name)
{
	static char text[FILE_ROOM];
	char path[PATH_ROOM];
	struct json *document = NULL;
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	ssize_t len = read(fd, text, sizeof(text));
	close(fd);
	assert_int_equal(len, st.st_size);
	if (json_parse_object(str_mem(text, (size_t)len), &document) < 0)
		fail_msg("%s is not whole: %.*s", path, (int)len, text);
	return document;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);
	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool has_token(void)
{
	bool found = false;
	DIR *folder = opendir(cache);
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		found |= strncmp(entry->d_name, "token-", 6) == 0 && ends_with(entry->d_name, ".json");
	if (folder)
		closedir(folder);
	return found;
}

/* Every file is whole, and nothing half-written lies beside. */
static void check_folder(const char *path)
{
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (ends_with(entry->d_name, ".new"))
			fail_msg("%s/%s was left behind", path, entry->d_name);
		if (!ends_with(entry->d_name, ".json"))
			continue;
		struct json *document = read_whole(path, entry->d_name);
		json_freep(&document);
	}
	if (folder)
		closedir(folder);
}

/* What the place has; empty: it was removed there, and the file could not be told. */
static struct str read_place(void)
{
	static struct arena arena;
	struct settings settings;
	struct trouble trouble;
	struct str token = STR("");
	const struct logins_entry entry = {.issuer = str_of(server.issuer), .client_id = STR("app"), .storage = place};
	const mintmark_client_options options = {.size = sizeof(options)};
	arena_done(&arena);
	arena_init(&arena, FILE_ROOM);
	assert_int_equal(settings_read(&options, &settings), MINTMARK_OK);
	int rc = login_keep_read(&settings, &entry, &arena, &token, &trouble);
	assert_true(rc == MINTMARK_OK || rc == MINTMARK_ERROR_LOGIN);
	settings_done(&settings);
	return token;
}

/* Our login's refresh token; false: there is no login. The other issuer's is as it was. */
static bool read_login(char ret_refresh[64])
{
	_cleanup_(json_freep) struct json *document = read_whole(config, "logins.json");
	const struct json *login;
	struct str text;
	assert_int_equal(json_get_object(document, "https://other.example", &login), 0);
	assert_int_equal(json_get_str(login, "refresh_token", &text), 0);
	assert_true(str_eq(text, STR("other-0")));
	if (json_get_object(document, server.issuer, &login) < 0)
		return false;
	/* it is in one place, not in two */
	if (json_get_str(login, "refresh_token", &text) < 0)
		text = read_place();
	else
		assert_false(json_has(login, "storage"));
	assert_true(text.len < 64);
	snprintf(ret_refresh, 64, "%.*s", STR_ARG(text));
	return true;
}

/* --- what people do --- */

/* The person says yes at once: the browser is sent back before anybody waits for it. */
static void say_yes(void *arg, const mintmark_login_prompt *prompt)
{
	(void)arg;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char request[256];
	const char *back = strstr(prompt->url, "127.0.0.1%3A"), *state = strstr(prompt->url, "&state=");
	if (prompt->way == MINTMARK_LOGIN_DEVICE)
		return;
	assert_non_null(back);
	assert_non_null(state);
	addr.sin_port = htons((uint16_t)strtoul(back + 12, NULL, 10));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	int len = snprintf(request, sizeof(request), "GET /callback?code=c&state=%.*s HTTP/1.1\r\n\r\n",
			   (int)strcspn(state + 7, "&"), state + 7);
	assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
	close(fd);
}

static int log_in(mintmark_client *client, enum mintmark_login_way way)
{
	const mintmark_login_options options = {
		.size = sizeof(options), .way = way, .show = say_yes, .timeout_ms = PERSON_MS, .no_browser = 1};
	return mintmark_client_login(client, &options);
}

static int by_browser(mintmark_client *client) { return log_in(client, MINTMARK_LOGIN_BROWSER); }
static int by_device(mintmark_client *client) { return log_in(client, MINTMARK_LOGIN_DEVICE); }

static int by_stored_login(mintmark_client *client)
{
	char token[MINTMARK_TOKEN_MAX] = "";
	int rc = mintmark_client_token(client, token, sizeof(token));
	assert_true(rc == MINTMARK_OK ? strncmp(token, "access-", 7) == 0 : token[0] == '\0');
	return rc;
}

static int log_out(mintmark_client *client) { return mintmark_client_logout(client); }

/* The server's last word is what is kept: what it gave before is spent. */
static void check_kept(int rc, bool was_there)
{
	char refresh[64] = "", given[64];
	bool found = read_login(refresh);
	snprintf(given, sizeof(given), "refresh-%d", atomic_load(&server.requests));
	if (rc == MINTMARK_OK)
		assert_string_equal(refresh, given);
	else if (found && strcmp(refresh, given) != 0)
		assert_string_equal(refresh, "refresh-0");
	assert_true(found || (rc < 0 && !was_there));
}

/* Logged out means that nothing is kept and that the server was told; refresh-1 came before the logout. */
static void check_gone(int rc, bool was_there)
{
	char refresh[64] = "";
	assert_true(was_there);
	if (read_login(refresh)) {
		assert_true(rc < 0);
		assert_true(strcmp(refresh, "refresh-1") == 0 || (place != STORAGE_FILE && !refresh[0]));
	} else if (rc == MINTMARK_OK) {
		assert_non_null(strstr(server.last, "\r\n\r\ntoken=refresh-1&"));
		assert_false(has_token());
	}
}

static const struct act {
	const char *name;
	bool logged_in; /* before */
	int (*run)(mintmark_client *client);
	void (*check)(int rc, bool was_there);
} acts[] = {
	{"browser", false, by_browser, check_kept},
	{"device", false, by_device, check_kept},
	{"refresh", true, by_stored_login, check_kept},
	{"logout", true, log_out, check_gone},
};
enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

/* What a fault of a kind may be called; a network that fails once is asked again, so that may be nothing at all. */
static const struct kind {
	enum fault_kind kind;
	const char *name;
	int codes[2];
} kinds[] = {
	{FAULT_ALLOC, "memory", {MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_MEMORY}},
	{FAULT_FILE, "files", {MINTMARK_ERROR_FILE, MINTMARK_ERROR_FILE}},
	{FAULT_WRITE, "writing", {MINTMARK_ERROR_FILE, MINTMARK_ERROR_FILE}},
	{FAULT_RANDOM, "entropy", {MINTMARK_ERROR_SYSTEM, MINTMARK_ERROR_SYSTEM}},
	{FAULT_NETWORK, "network", {MINTMARK_ERROR_NETWORK, MINTMARK_ERROR_NETWORK}},
	{FAULT_STORAGE, "place", {MINTMARK_ERROR_STORAGE, MINTMARK_ERROR_STORAGE}},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int make(mintmark_client **ret_client)
{
	const mintmark_client_options options = {.size = sizeof(options),
						 .issuer = server.issuer,
						 .login_client_id = "app",
						 .login_storage = storage_of(place)->name,
						 .timeout_ms = PERSON_MS,
						 .flags = MINTMARK_CLIENT_NO_LOGIN};
	return mintmark_client_new(&options, ret_client);
}

/* An error is typed, has words, and they hold no secret. */
static int explained(mintmark_client *client, int rc)
{
	char text[1024];
	if (rc == MINTMARK_OK)
		return rc;
	assert_int_equal(mintmark_client_explain(client, text, sizeof(text)), MINTMARK_OK);
	assert_int_equal(client->last.code, rc);
	assert_true(strlen(text) > 10);
	assert_null(strstr(text, "refresh-"));
	assert_null(strstr(text, "access-"));
	return rc;
}

static void later(struct moment *ret_moment)
{
	moment_now(ret_moment);
	ret_moment->wall_s += 600; /* what failed has rested */
	ret_moment->boot_s += 600;
}

static int run_untouched(int (*run)(mintmark_client *client), moment_fn *now)
{
	mintmark_client *client;
	assert_int_equal(make(&client), MINTMARK_OK);
	client->now = now;
	int rc = explained(client, run(client));
	mintmark_client_free(client);
	return rc;
}

static void set_up(const struct act *act, const char *origin)
{
	prepare(act->logged_in);
	atomic_store(&server.requests, 0);
	point_to(server.issuer);
	if (act->run == log_out) /* there is a token to forget */
		assert_int_equal(run_untouched(by_stored_login, moment_now), MINTMARK_OK);
	point_to(origin);
}

/* One act with the N-th step failing; what it leaves behind is looked at. False: there was no such step. */
static bool fail_once(const struct act *act, const struct kind *kind, long n, const char *origin, int *ret_rc)
{
	mintmark_client *client = NULL;
	set_up(act, origin);
	fault_arm(kind->kind, n);
	int rc = make(&client);
	if (rc == MINTMARK_OK)
		rc = act->run(client);
	bool reached = fault_reached(kind->kind);
	fault_arm(kind->kind, 0);
	if (client) {
		(void)explained(client, rc);
		mintmark_client_free(client);
	}
	assert_int_equal(stranger.requests, 0);
	act->check(rc, act->logged_in);
	check_folder(config);
	check_folder(cache);
	*ret_rc = rc;
	return reached;
}

static void check_later(const struct act *act)
{
	int rc = run_untouched(act->run, later);
	if (act->run == log_out && rc == MINTMARK_ERROR_NO_CREDENTIALS)
		rc = MINTMARK_OK; /* gone already */
	assert_int_equal(rc, MINTMARK_OK);
	if (act->run == log_out)
		assert_int_equal(run_untouched(by_browser, later), MINTMARK_OK);
	assert_int_equal(run_untouched(by_stored_login, later), MINTMARK_OK);
}

static void sweep(const struct act *act, const struct kind *kind)
{
	long n = 1, failed = 0;
	int rc;
	for (; fail_once(act, kind, n, server.issuer, &rc); n++) {
		failed += rc < 0;
		if (rc < 0 && rc != kind->codes[0] && rc != kind->codes[1])
			fail_msg("%s, %s %ld: code %d", act->name, kind->name, n, rc);
		check_later(act);
	}
	assert_int_equal(rc, MINTMARK_OK);
	print_message("%s, %s: %ld points, %ld errors\n", act->name, kind->name, n - 1, failed);
}

/* What has nothing to do with the place is swept once, with the file. */
static bool is_wanted(const struct kind *kind)
{
	return place == STORAGE_FILE || kind->kind == FAULT_STORAGE || kind->kind == FAULT_WRITE;
}

static void test_a_fault_at_every_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < ACTS; i++)
		for (size_t k = 0; k < KINDS; k++)
			if (is_wanted(&kinds[k]))
				sweep(&acts[i], &kinds[k]);
}

/* Metadata that point elsewhere: no code, no refresh token and no device request goes there, whatever else fails. */
static void test_a_fault_opens_no_way_to_a_stranger(void **state)
{
	(void)state;
	int rc;
	for (size_t i = 0; i < ACTS && place == STORAGE_FILE; i++)
		for (size_t k = 0; k < KINDS; k++)
			for (long n = 1; fail_once(&acts[i], &kinds[k], n, stranger.issuer, &rc); n++)
				assert_true(rc < 0);
	assert_int_equal(stranger.requests, 0);
}

int main(void)
{
	const char *name = getenv("MINTMARK_TEST_STORAGE");
	if (name && (!storage_find(str_of(name), &place) || place == STORAGE_AUTO))
		return 2;
	print_message("kept in %s\n", storage_of(place)->name);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_at_every_step),
		cmocka_unit_test(test_a_fault_opens_no_way_to_a_stranger),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
