/*
 * The frame of the daemons: a real one in a child process, asked over a unix-domain socket. Inline and pooled requests,
 * refusals, streams with slow and vanished readers, SIGHUP, the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "daemon/daemon.h"

enum { PIECE = 65536, PIECES = 64, TRIES = 6000, LONG_MS = 600000 };

struct world {
	char dir[64], path[96];
	pid_t pid;
};

static atomic_uint finished, reloads;
static pthread_t main_thread;

static int next_piece(struct daemon_task *task, struct buf *out)
{
	uintptr_t n = (uintptr_t)task->data;
	char *room = buf_reserve(out, PIECE);
	if (!room)
		return E_NOMEM;
	memset(room, 'z', PIECE);
	out->len += PIECE;
	task->data = (void *)(n + 1);
	if (str_eq(task->request->path, STR("/endless")))
		return DAEMON_MORE;
	if (str_eq(task->request->path, STR("/breaks")) && n == 3)
		return E_STORE;
	return n + 1 < PIECES ? DAEMON_MORE : 0;
}

static int stream(struct daemon_task *task)
{
	task->next = next_piece;
	return 0;
}

static int say(struct daemon_task *task)
{
	buf_printf(&task->body, "%s %u %u %d", task->may_block ? "pool" : "loop", atomic_load(&finished),
		   atomic_load(&reloads), arena_alloc(&task->arena, 100) != NULL);
	return 0;
}

static int block(struct daemon_task *task)
{
	buf_put(&task->body, STR("forgotten"));
	if (!task->may_block)
		return E_WOULD_BLOCK;
	assert_false(pthread_equal(pthread_self(), main_thread));
	buf_reset(&task->body);
	return say(task);
}

static int block_for_ever(struct daemon_task *task)
{
	while (task->may_block)
		pause();
	return E_WOULD_BLOCK;
}

static int too_much(struct daemon_task *task)
{
	for (unsigned i = 0; i < 100; i++)
		buf_put(&task->body, STR("0123456789012345678901234567890123456789012345678901234567890123456789"));
	return 0;
}

static int refuse_it(struct daemon_task *task)
{
	(void)task;
	return E_INVALID_TOKEN;
}

static int handle(struct daemon_task *task, void *arg)
{
	static const struct {
		const char *path;
		int (*run)(struct daemon_task *task);
	} rows[] = {{"/say", say},       {"/block", block},    {"/stream", stream},   {"/endless", stream},
		    {"/breaks", stream}, {"/hang", block_for_ever}, {"/much", too_much}, {"/refuse", refuse_it}};
	(void)arg;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(task->request->path, str_of(rows[i].path)))
			return rows[i].run(task);
	return E_NOT_FOUND;
}

static void on_finished(struct daemon_task *task, void *arg)
{
	(void)arg;
	assert_true(task->request->path.len > 0); /* still there */
	atomic_fetch_add(&finished, 1);
}

static void on_reload(void *arg)
{
	(void)arg;
	atomic_fetch_add(&reloads, 1);
}

static long fault_nth; /* allocation that fails in the next child; 0: none */
/* Of the next child: what requests get at the end, and the end as a whole. At most one of the two is near in a test. */
static uint32_t drain_ms, end_ms;

static int run_daemon(const char *path, unsigned loops)
{
	char where[128], why_mem[256];
	struct daemon_listen listen = {.mode = 0600};
	struct buf why;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	snprintf(where, sizeof(where), "unix:%s", path);
	if (addr_parse_endpoint(str_of(where), &listen.endpoint) < 0 ||
	    daemon_prepare("test", LOG_WARN, LOG_TEXT) < 0)
		return 3;
	main_thread = pthread_self();
	const struct daemon_options options = {
		.listen = &listen, .n_listen = 1, .loops = loops, .pool_threads = 2,
		.limits = {LONG_MS, LONG_MS, LONG_MS, LONG_MS, LONG_MS, 100, 0, 0, drain_ms}, .end_ms = end_ms,
		.arena_max = 65536, .body_max = 4096,
		.handler = {handle, on_finished, on_reload, NULL}};
#ifdef MINTMARK_FAULTS
	fault_arm(FAULT_ALLOC, fault_nth);
#endif
	int rc = daemon_run(&options, &why);
	if (rc == E_TIMEOUT)
		_exit(7);
	return rc == 0 ? 0 : rc == E_CONFIG ? 4 : 5;
}

static int dial(const struct world *world)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 60};
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world->path);
	for (unsigned i = 0; i < TRIES; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
			return fd;
		close(fd);
		usleep(10000);
	}
	fail_msg("nobody listens");
	return -1;
}

static void say_to(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything until the end of the connection; its last bytes are kept. */
static size_t hear(int fd, char *ret_text, size_t size)
{
	size_t total = 0, len = 0;
	ssize_t n;
	while ((n = recv(fd, ret_text + len, size - len - 1, 0)) > 0) {
		total += (size_t)n;
		len = len + (size_t)n > size / 2 ? 0 : len + (size_t)n;
	}
	ret_text[len] = 0;
	close(fd);
	return total;
}

static const char *ask(const struct world *world, const char *path)
{
	static char text[16384];
	char request[128];
	int fd = dial(world);
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	say_to(fd, request);
	(void)hear(fd, text, sizeof(text));
	return text;
}

/* Without cmocka's handlers, which would take a crash for the end of a test and run the others. */
static pid_t start_child(const char *path, unsigned loops)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	for (int number = 1; number < 32; number++)
		signal(number, SIG_DFL);
	_exit(run_daemon(path, loops));
}

static int start_with(void **state, uint32_t drain, uint32_t end)
{
	static struct world world;
	drain_ms = drain;
	end_ms = end;
	world = (struct world){.dir = "/tmp/mintmark-daemon-XXXXXX"};
	if (!mkdtemp(world.dir))
		return -1;
	snprintf(world.path, sizeof(world.path), "%s/socket", world.dir);
	world.pid = start_child(world.path, 1);
	*state = &world;
	return 0;
}

static int start(void **state) { return start_with(state, LONG_MS, LONG_MS); }
static int start_to_cut(void **state) { return start_with(state, 100, LONG_MS); }
static int start_to_give_up(void **state) { return start_with(state, LONG_MS, 300); }

/* Exit status; fails when it does not end. */
static int await_end(struct world *world)
{
	int status = -1;
	pid_t ended = 0;
	for (unsigned i = 0; i < TRIES && ended == 0; i++) {
		ended = waitpid(world->pid, &status, WNOHANG);
		if (ended == 0)
			usleep(10000);
	}
	if (ended == 0)
		kill(world->pid, SIGKILL);
	assert_int_equal(ended, world->pid);
	assert_true(WIFEXITED(status));
	world->pid = 0;
	return WEXITSTATUS(status);
}

static int stop(struct world *world)
{
	kill(world->pid, SIGTERM);
	return await_end(world);
}

static int end(void **state)
{
	struct world *world = *state;
	int status = world->pid > 0 ? stop(world) : 0;
	unlink(world->path);
	rmdir(world->dir);
	return status;
}

static void answers(void **state)
{
	struct world *world = *state;
	struct stat st;
	assert_non_null(strstr(ask(world, "/say"), "\r\n\r\nloop 0 0 1"));
	assert_non_null(strstr(ask(world, "/block"), "\r\n\r\npool 1 0 1"));
	assert_non_null(strstr(ask(world, "/nothing"), "HTTP/1.1 404 Not Found\r\n"));
	assert_non_null(strstr(ask(world, "/refuse"), "{\"error\":\"invalid_token\",\"error_description\":\""));
	assert_non_null(strstr(ask(world, "/much"), "HTTP/1.1 503 "));
	assert_non_null(strstr(ask(world, "/say?x"), "\r\n\r\nloop 5 0 1"));
	assert_non_null(strstr(ask(world, "bad"), "HTTP/1.1 400 "));
	assert_int_equal(stat(world->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	kill(world->pid, SIGHUP);
	for (unsigned i = 0; i < TRIES && !strstr(ask(world, "/say"), " 1 1"); i++)
		usleep(10000);
	assert_non_null(strstr(ask(world, "/say"), " 1 1"));
}

static void streams(void **state)
{
	struct world *world = *state;
	static char text[2 * PIECE];
	int fd = dial(world);
	say_to(fd, "GET /stream HTTP/1.0\r\n\r\n");
	assert_true(hear(fd, text, sizeof(text)) > (size_t)PIECES * PIECE);
	fd = dial(world);
	say_to(fd, "GET /breaks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_true(hear(fd, text, sizeof(text)) < (size_t)5 * PIECE);
	assert_null(strstr(text, "\r\n0\r\n"));
	int stopped[8];
	for (unsigned i = 0; i < 8; i++) { /* more than there are threads: readers that don't read hold none */
		stopped[i] = dial(world);
		say_to(stopped[i], "GET /endless HTTP/1.0\r\n\r\n");
	}
	assert_non_null(strstr(ask(world, "/block"), "pool"));
	for (unsigned i = 0; i < 8; i++)
		close(stopped[i]);
	for (unsigned i = 0; i < TRIES && !strstr(ask(world, "/block"), "pool 1"); i++)
		usleep(10000); /* all of them have ended and were told */
	assert_non_null(strstr(ask(world, "/block"), "pool 1"));
}

/* A reader that goes on for ever is cut when the daemon ends; the socket's path is gone. */
static void ends_while_streaming(void **state)
{
	struct world *world = *state;
	char some[16];
	int fd = dial(world), idle = dial(world);
	say_to(fd, "GET /endless HTTP/1.0\r\n\r\n");
	assert_true(recv(fd, some, sizeof(some), 0) > 0);
	assert_int_equal(stop(world), 0);
	assert_int_equal(access(world->path, F_OK), -1);
	close(fd);
	close(idle);
}

static bool is_refused(const struct world *world)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world->path);
	bool refused = connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0;
	close(fd);
	return refused;
}

/* Who reads gets all of it, though the end has begun meanwhile. */
static void a_stream_is_finished_while_draining(void **state)
{
	struct world *world = *state;
	static char text[2 * PIECE];
	int fd = dial(world);
	say_to(fd, "GET /stream HTTP/1.0\r\n\r\n");
	ssize_t n = recv(fd, text, 1000, 0); /* the rest is far more than fits between us */
	assert_true(n > 0);
	kill(world->pid, SIGTERM);
	for (unsigned i = 0; i < TRIES && !is_refused(world); i++)
		usleep(10000);
	assert_true(is_refused(world));
	assert_true((size_t)n + hear(fd, text, sizeof(text)) > (size_t)PIECES * PIECE);
	assert_int_equal(await_end(world), 0);
}

/* A handler that hangs does not keep the daemon from ending. */
static void ends_while_a_handler_hangs(void **state)
{
	struct world *world = *state;
	int fd = dial(world);
	say_to(fd, "GET /hang HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(ask(world, "/block"), "pool"));
	assert_int_equal(stop(world), 7);
	close(fd);
}

static void second_one_is_refused(void **state)
{
	struct world *world = *state;
	int status = 0;
	close(dial(world));
	pid_t pid = start_child(world->path, 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 4);
	assert_non_null(strstr(ask(world, "/say"), "loop"));
}

#ifdef MINTMARK_FAULTS
/* "" when nobody answers: a connection that there was no memory for is closed at once. */
static const char *try_to_ask(const struct world *world, const char *path)
{
	static char text[16384];
	char request[128];
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world->path);
	text[0] = 0;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return text;
	}
	int len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	(void)!send(fd, request, (size_t)len, MSG_NOSIGNAL);
	(void)hear(fd, text, sizeof(text));
	return text;
}

/* Whether somebody answers before the child ends; the end's status is kept then. */
static bool comes_up(struct world *world, int *ret_status)
{
	for (unsigned i = 0; i < 10 * TRIES; i++) {
		if (waitpid(world->pid, ret_status, WNOHANG) == world->pid) {
			world->pid = 0;
			return false;
		}
		if (try_to_ask(world, "/say")[0])
			return true;
		usleep(1000);
	}
	fail_msg("neither up nor down");
	return false;
}

/* Each allocation fails once: the daemon says so and ends, or one request gets 503 or nothing, and the next its due. */
static void memory_runs_out(void **state)
{
	static const char *const paths[] = {"/say", "/block", "/stream"};
	struct world *world = *state;
	close(dial(world)); /* up, so that it knows SIGTERM */
	assert_int_equal(stop(world), 0);
	for (long nth = 1; nth < 80; nth++) {
		int status = -1;
		fault_nth = nth;
		world->pid = start_child(world->path, 2);
		if (!comes_up(world, &status)) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 5);
			assert_int_equal(access(world->path, F_OK), -1);
			continue;
		}
		for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
			const char *got = try_to_ask(world, paths[i]);
			assert_true(!got[0] || strstr(got, " 200 ") || strstr(got, " 503 ") || strstr(got, "zzz"));
		}
		bool well = strstr(try_to_ask(world, "/say"), " 200 ") || strstr(try_to_ask(world, "/say"), " 200 ");
		assert_true(well); /* there is one failure at most */
		assert_int_equal(stop(world), 0);
	}
	fault_nth = 0;
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, start, end),
		cmocka_unit_test_setup_teardown(streams, start, end),
		cmocka_unit_test_setup_teardown(ends_while_streaming, start_to_cut, end),
		cmocka_unit_test_setup_teardown(a_stream_is_finished_while_draining, start, end),
		cmocka_unit_test_setup_teardown(ends_while_a_handler_hangs, start_to_give_up, end),
		cmocka_unit_test_setup_teardown(second_one_is_refused, start, end),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test_setup_teardown(memory_runs_out, start, end),
#endif
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
