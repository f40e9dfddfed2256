/* The control socket: who may talk, how long, how much; and that nobody can hold it up. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/control.h"

enum { PATIENCE_MS = 60000 };

struct world {
	char dir[64], path[96];
	int fd;
	struct admin admin;
	struct control *control;
};

static int set_up(void **state)
{
	const struct store_options options = {.kind = STORE_MEMORY, .create = true, .readers = 1, .cache_kib = 64};
	struct world *world = calloc(1, sizeof(*world));
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	assert_non_null(world);
	snprintf(world->dir, sizeof(world->dir), "/tmp/mint-control-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->path, sizeof(world->path), "%s/s", world->dir);
	memcpy(addr.sun_path, world->path, strlen(world->path));
	world->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(world->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(world->fd, 16), 0);
	world->admin = (struct admin){.clock = &clock_system,
				      .policy = {.lifetime_s = 3600, .lifetime_max_s = 86400,
						 .default_alg = STR("ES256"), .issuer = STR("https://mint.example")}};
	assert_int_equal(store_open(&options, &world->admin.store), 0);
	assert_int_equal(control_start(world->fd, &world->admin, &world->control), 0);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	control_stop(world->control);
	close(world->fd);
	unlink(world->path);
	rmdir(world->dir);
	store_close(world->admin.store);
	free(world);
	return 0;
}

static int connect_raw(const struct world *world)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	memcpy(addr.sun_path, world->path, strlen(world->path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static bool ask(const struct world *world, const char *request, const char *expected)
{
	_cleanup_(buf_done) struct buf answer;
	buf_init(&answer, ADMIN_ANSWER_MAX);
	assert_int_equal(control_call(world->path, str_of(request), PATIENCE_MS, &answer), 0);
	return memmem(answer.p, answer.len, expected, strlen(expected)) != NULL;
}

static void answers(void **state)
{
	assert_true(ask(*state, "{\"op\":\"client.list\"}", "\"clients\":[]"));
	assert_true(ask(*state, "nonsense", "E_INVALID_REQUEST"));
	assert_true(ask(*state, "{\"op\":\"account.create\",\"args\":{\"email\":\"a@b.example\"}}", "\"ok\":true"));
	char actor[64];
	snprintf(actor, sizeof(actor), "\"actor\":\"cli:uid=%u\"", (unsigned)getuid());
	assert_true(ask(*state, "{\"op\":\"audit.list\"}", actor));
}

static void nobody_there(void **state)
{
	struct world *world = *state;
	_cleanup_(buf_done) struct buf answer;
	buf_init(&answer, 1024);
	assert_int_equal(control_call("/tmp/there-is-no-such-socket", STR("{}"), 1000, &answer), E_ABSENT);
	char stale[128];
	snprintf(stale, sizeof(stale), "%s-stale", world->path);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	memcpy(addr.sun_path, stale, strlen(stale));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd); /* the file stays, as after kill -9 */
	assert_int_equal(control_call(stale, STR("{}"), 1000, &answer), E_ABSENT);
	unlink(stale);
}

/* The deadline is for the whole request: neither silence nor a byte now and then holds the next one up for longer. */
static void a_silent_peer_holds_nobody_up(void **state)
{
	struct world *world = *state;
	int silent = connect_raw(world), slow = connect_raw(world);
	assert_int_equal(write(slow, "{", 1), 1);
	assert_true(ask(world, "{\"op\":\"client.list\"}", "\"ok\":true")); /* both are over: one thread serves all */
	char c;
	assert_int_equal(read(silent, &c, 1), 0); /* closed without an answer */
	assert_int_equal(read(slow, &c, 1), 0);
	close(silent);
	close(slow);
}

static void too_much(void **state)
{
	struct world *world = *state;
	int fd = connect_raw(world);
	char chunk[4096];
	memset(chunk, ' ', sizeof(chunk));
	ssize_t n = 1;
	for (int i = 0; i < 64 && n > 0; i++) /* 256 KiB without an end */
		n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
	assert_true(recv(fd, chunk, sizeof(chunk), 0) <= 0);
	close(fd);
	assert_true(ask(world, "{\"op\":\"client.list\"}", "\"ok\":true"));
}

/* The peer is gone before its answer: the thread goes on. */
static void gone_peer(void **state)
{
	struct world *world = *state;
	int fd = connect_raw(world);
	assert_int_equal(write(fd, "{\"op\":\"client.list\"}\n", 21), 21);
	close(fd);
	assert_true(ask(world, "{\"op\":\"client.list\"}", "\"ok\":true"));
}

static void *create_some(void *arg)
{
	const struct world *world = arg;
	for (int i = 0; i < 20; i++)
		if (!ask(world, "{\"op\":\"client.create\",\"args\":{\"client_name\":\"x\"}}", "\"ok\":true"))
			return NULL;
	return arg;
}

static void many_at_once(void **state)
{
	struct world *world = *state;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, create_some, world), 0);
	for (int i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
	assert_true(ask(world, "{\"op\":\"audit.verify\"}", "\"entries\":80"));
}

/* Only our own user and root; tested where the test may change its user. */
static void another_user_is_refused(void **state)
{
	struct world *world = *state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(world->dir, 0755), 0);
	assert_int_equal(chmod(world->path, 0777), 0); /* even if the file's mode were wrong */
	assert_int_equal(seteuid(65534), 0);
	int fd = connect_raw(world);
	assert_int_equal(seteuid(0), 0);
	char c;
	(void)!send(fd, "{\"op\":\"client.list\"}\n", 21,
		    MSG_NOSIGNAL); /* whether it still takes bytes does not matter */
	assert_true(read(fd, &c, 1) <= 0);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answers),   CASE(nobody_there), CASE(a_silent_peer_holds_nobody_up), CASE(too_much),
		CASE(gone_peer), CASE(many_at_once), CASE(another_user_is_refused),
	};
	return cmocka_run_group_tests_name("server_control", tests, NULL, NULL);
}
