/*
 * The supervisor with real processes: this program is its own roles. keyd is the real one; the server is a small one
 * that answers what the tests ask: GET /pid, /sign, /env. The configuration path tells it how to misbehave.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "ipc/note.h"
#include "keys/keyd.h"
#include "server/supervise.h"

#define ISSUER "https://mint.example"
#define MASTER "MINT_TEST_MASTER"
#define LOOPS 2
#define POOL 2
enum { PATIENCE_MS = 60000, DEAF_DRAIN_MS = 100 };

/* --- the roles --- */

struct little_server {
	struct role_fds fds;
	struct signer *control;
	char kid[64];
	int reloads;
	const char *mode;
};

static bool load_key(struct little_server *s)
{
	static char sealed_mem[8192];
	static struct buf sealed;
	struct buf jwk;
	char mem[4096];
	buf_init_fixed(&jwk, mem, sizeof(mem) - 1);
	if (sealed.len == 0) {
		buf_init_fixed(&sealed, sealed_mem, sizeof(sealed_mem));
		if (signer_generate(s->control, STR("ES256"), &jwk, &sealed) < 0)
			return false;
		buf_reset(&jwk);
	}
	if (signer_load(s->control, buf_str(&sealed), &jwk) < 0)
		return false;
	mem[jwk.len] = '\0';
	const char *kid = strstr(mem, "\"kid\":\"");
	return kid && sscanf(kid, "\"kid\":\"%63[^\"]", s->kid) == 1;
}

static void answer_sign(struct little_server *s, struct buf *out)
{
	struct buf token;
	char mem[SIGNER_TOKEN_MAX];
	int64_t now_s = clock_now_s(&clock_system);
	buf_init_fixed(&token, mem, sizeof(mem));
	struct sign_job job = {.token = &token,
			       .claims = {.kind = TOKEN_ACCESS,
					  .kid = str_of(s->kid),
					  .iss = STR(ISSUER),
					  .sub = STR("c"),
					  .aud = STR("a"),
					  .client_id = STR("c"),
					  .jti = STR("j"),
					  .iat_s = now_s,
					  .exp_s = now_s + 60}};
	buf_put(out, signer_sign(s->control, &job, 60000) == 0 ? STR("token") : STR("failed"));
}

static void answer_env(struct buf *out)
{
	int fds = -1; /* the directory itself */
	DIR *dir = opendir("/proc/self/fd");
	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
		fds += e->d_name[0] != '.';
	closedir(dir);
	buf_printf(out, "fds=%d", fds);
	for (char **e = environ; *e; e++)
		buf_printf(out, " %s", *e);
}

static void answer(struct little_server *s, int listen_fd)
{
	char request[1024] = "", reply[8192];
	struct buf out;
	int fd = accept(listen_fd, NULL, NULL);
	if (fd < 0)
		return;
	if (read(fd, request, sizeof(request) - 1) <= 0) {
		close(fd);
		return;
	}
	buf_init_fixed(&out, reply, sizeof(reply));
	buf_put(&out, STR("HTTP/1.0 200 OK\r\n\r\n"));
	if (strstr(request, "/sign"))
		answer_sign(s, &out);
	else if (strstr(request, "/env"))
		answer_env(&out);
	else
		buf_printf(&out, "pid=%d reloads=%d", (int)getpid(), s->reloads);
	(void)!write(fd, out.p, out.len);
	close(fd);
}

static void take_note(struct little_server *s)
{
	struct note note;
	if (note_receive(s->fds.super, &note) < 0)
		_exit(0);
	if (note.bytes[0] == 'T' && strcmp(s->mode, "deaf") != 0)
		_exit(0);
	s->reloads += str_eq(str_mem(note.bytes, note.len), STR("Hctk")) && note.n_fds == 3;
	if (note.bytes[0] != 'K')
		return;
	if (note.n_fds != LOOPS + POOL + 1)
		_exit(4);
	for (size_t i = 0; i + 1 < note.n_fds; i++) { /* kept: keyd ends with any of its channels */
		close(s->fds.keyd[i]);
		s->fds.keyd[i] = note.fds[i];
	}
	signer_replace(s->control, note.fds[note.n_fds - 1]);
	(void)!load_key(s); /* fails when keyd was killed again meanwhile: another 'K' comes */
}

static void serve(struct little_server *s)
{
	struct pollfd polls[1 + ROLE_LISTEN_MAX];
	for (;;) {
		polls[0] = (struct pollfd){.fd = s->fds.super, .events = POLLIN};
		for (size_t i = 0; i < s->fds.n_listen; i++)
			polls[1 + i] = (struct pollfd){.fd = s->fds.listen[i].fd, .events = POLLIN};
		poll(polls, (nfds_t)(1 + s->fds.n_listen), -1);
		if (polls[0].revents)
			take_note(s);
		for (size_t i = 0; i < s->fds.n_listen; i++)
			if (polls[1 + i].revents)
				answer(s, s->fds.listen[i].fd);
	}
}

static int server_role(const char *mode)
{
	static struct little_server s;
	s.mode = mode;
	if (role_enter("server", &s.fds) < 0 || s.fds.n_loops != LOOPS || s.fds.n_pool != POOL || s.fds.admin < 0)
		return 5;
	if (strcmp(mode, "config") == 0)
		return 78;
	if (strcmp(mode, "crash") == 0)
		return 6;
	if (signer_new(s.fds.keyd[s.fds.n_keyd - 1], &s.control) < 0 || !load_key(&s) ||
	    note_send(s.fds.super, STR("R"), NULL, 0) < 0)
		return 7;
	if (strcmp(mode, "flap") == 0)
		return 8;
	serve(&s);
	return 0;
}

static int keyd_role(void)
{
	static struct role_fds fds;
	struct keyd_options options = {
		.issuer = STR(ISSUER), .master_key = "env:" MASTER, .cap_s = {3600, 3600, 3600, 3600}};
	if (role_enter("keyd", &fds) < 0)
		return 5;
	return keyd_main(&options, &fds);
}

/* --- the tests' side --- */

struct running {
	pid_t pid;
	char dir[64], control[128];
	uint16_t port;
};

static uint16_t free_port(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static pid_t fork_supervisor(const struct running *r, const char *mode)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves nothing behind */
	struct supervise_listener listener = {.addr_len = sizeof(struct sockaddr_in)};
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(r->port)};
	memcpy(&listener.addr, &in, sizeof(in));
	if (chdir(r->dir) < 0) /* where the configuration has the name of the mode */
		_exit(9);
	struct supervise_options options = {.config_path = mode,
					    .certificate_path = "/dev/null",
					    .key_path = "/dev/zero",
					    .listeners = &listener,
					    .n_listeners = 1,
					    .n_loops = LOOPS,
					    .pool_threads = POOL,
					    .drain_ms = strcmp(mode, "deaf") == 0 ? DEAF_DRAIN_MS : 600000,
					    .control_path = r->control,
					    .keyd_env = MASTER};
	_exit(supervise_main(&options));
}

static void start(struct running *r, const char *mode)
{
	snprintf(r->dir, sizeof(r->dir), "/tmp/mint-super-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->control, sizeof(r->control), "%s/control.sock", r->dir);
	r->port = free_port();
	r->pid = fork_supervisor(r, mode);
	assert_true(r->pid > 0);
}

static void pause_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&ts, NULL);
}

/* One request; -1 when there was no answer. */
static ssize_t ask_once(const struct running *r, const char *path, char *ret_answer, size_t size)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(r->port)};
	struct timeval patience = {.tv_sec = 5};
	char request[64];
	size_t len = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0) {
		close(fd);
		return -1;
	}
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	ssize_t got = send(fd, request, (size_t)n, MSG_NOSIGNAL);
	while (got > 0 && len < size - 1) {
		got = recv(fd, ret_answer + len, size - 1 - len, 0);
		len += got > 0 ? (size_t)got : 0;
	}
	ret_answer[len] = '\0';
	close(fd);
	return len > 0 ? (ssize_t)len : -1;
}

/* Ask until the answer holds a text; most of the time at once. */
static void ask_until(const struct running *r, const char *path, const char *want, char *ret_answer, size_t size)
{
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		if (ask_once(r, path, ret_answer, size) > 0 && strstr(ret_answer, want))
			return;
		pause_ms(20);
	}
	fail_msg("%s never answered %s", path, want);
}

static pid_t pid_in(const char *answer)
{
	const char *at = strstr(answer, "pid=");
	return at ? (pid_t)strtol(at + 4, NULL, 10) : 0;
}

static int wait_exit(pid_t pid)
{
	int status;
	for (int i = 0; i < PATIENCE_MS / 5; i++, pause_ms(5))
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
	fail_msg("still running after %d ms", (int)PATIENCE_MS);
	return -1;
}

static void stop(struct running *r)
{
	struct stat st;
	kill(r->pid, SIGTERM);
	int status = wait_exit(r->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(stat(r->control, &st), -1);
	assert_int_equal(rmdir(r->dir), 0);
}

static size_t read_proc(pid_t pid, const char *file, char *ret_text, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(ret_text, 1, size - 1, f) : 0;
	ret_text[n] = '\0';
	if (f)
		fclose(f);
	return n;
}

static bool is_role(pid_t pid, pid_t parent, const char *role)
{
	char text[1024], want[32];
	int ppid = 0;
	read_proc(pid, "stat", text, sizeof(text));
	const char *at = strrchr(text, ')');
	if (!at || sscanf(at, ") %*c %d", &ppid) != 1 || ppid != parent)
		return false;
	snprintf(want, sizeof(want), "--role=%s", role);
	size_t n = read_proc(pid, "cmdline", text, sizeof(text));
	return memmem(text, n, want, strlen(want)) != NULL;
}

/* The supervisor's child with this role; 0: none just now. */
static pid_t find_role(const struct running *r, const char *role)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;
	for (struct dirent *e = readdir(proc); e && !found; e = readdir(proc)) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid > 0 && is_role(pid, r->pid, role))
			found = pid;
	}
	closedir(proc);
	return found;
}

/* Ended, reaped or not: in a container nobody may collect orphans. */
static bool is_dead(pid_t pid)
{
	char text[1024];
	read_proc(pid, "stat", text, sizeof(text));
	const char *at = strrchr(text, ')');
	return !at || at[2] == 'Z' || at[2] == 'X';
}

static void test_counts(void **state)
{
	struct supervise_listener listener = {.addr_len = sizeof(struct sockaddr_in)};
	struct supervise_options options = {
		.listeners = &listener, .n_listeners = 1, .n_loops = 0, .pool_threads = 1, .control_path = "/x"};
	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(supervise_main(&options));
	assert_int_equal(WEXITSTATUS(wait_exit(pid)), 78);
}

/* What can't work ends the supervisor with the operator's status. */
static void test_config_failure(void **state)
{
	struct running r;
	(void)state;
	start(&r, "config");
	assert_int_equal(WEXITSTATUS(wait_exit(r.pid)), 78);
	rmdir(r.dir);
	char *copy = strdup(getenv(MASTER));
	unsetenv(MASTER);
	start(&r, "ok");
	setenv(MASTER, copy, 1);
	free(copy);
	assert_int_equal(WEXITSTATUS(wait_exit(r.pid)), 78);
	rmdir(r.dir);
}

static void test_second_is_refused(void **state)
{
	struct running r, second;
	char text[1024];
	(void)state;
	start(&r, "ok");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	second = r;
	/* the control socket is alive */
	assert_int_equal(WEXITSTATUS(wait_exit(fork_supervisor(&second, "ok"))), 78);
	snprintf(second.control, sizeof(second.control), "%s/other.sock", r.dir);
	assert_int_equal(WEXITSTATUS(wait_exit(fork_supervisor(&second, "ok"))), 78); /* so is the port */
	unlink(second.control);
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	stop(&r);
}

/* kill -9 of the supervisor: the roles end with it, and the next one replaces the socket that was left behind. */
static void test_supervisor_killed(void **state)
{
	struct running r;
	struct stat st;
	char text[1024];
	(void)state;
	start(&r, "ok");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	assert_int_equal(stat(r.control, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	pid_t server = find_role(&r, "server"), keyd = find_role(&r, "keyd");
	assert_true(server > 0 && keyd > 0);
	kill(r.pid, SIGKILL);
	wait_exit(r.pid);
	for (int i = 0; i < PATIENCE_MS / 20 && !(is_dead(server) && is_dead(keyd)); i++)
		pause_ms(20);
	assert_true(is_dead(server));
	assert_true(is_dead(keyd));
	assert_int_equal(stat(r.control, &st), 0);
	r.pid = fork_supervisor(&r, "ok");
	ask_until(&r, "/sign", "token", text, sizeof(text));
	stop(&r);
}

static void test_descriptors_and_environment(void **state)
{
	struct running r;
	char text[8192], want[32];
	(void)state;
	setenv("MINT_TEST_SECRET", "must-not-be-handed-down", 1);
	start(&r, "ok");
	ask_until(&r, "/env", "fds=", text, sizeof(text));
	/* 0..2, super, admin, one listener per loop, the channels, and the connection itself */
	snprintf(want, sizeof(want), "fds=%d ", 3 + 2 + LOOPS + LOOPS + POOL + 1 + 1);
	assert_non_null(strstr(text, want));
	assert_null(strstr(text, "must-not-be-handed-down"));
	assert_null(strstr(text, MASTER));
	assert_null(strstr(text, "MINTMARK_FDS"));
	assert_non_null(strstr(text, "TZ=UTC0"));
	stop(&r);
}

static void test_server_killed(void **state)
{
	struct running r;
	char text[1024];
	(void)state;
	start(&r, "ok");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	pid_t first = pid_in(text);
	kill(first, SIGKILL);
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	assert_int_not_equal(pid_in(text), first);
	ask_until(&r, "/sign", "token", text, sizeof(text));
	stop(&r);
}

static void test_keyd_killed(void **state)
{
	struct running r;
	char text[1024];
	(void)state;
	start(&r, "ok");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	pid_t server = pid_in(text), keyd = find_role(&r, "keyd");
	assert_true(keyd > 0);
	for (int i = 0; i < 3; i++) {
		pid_t next = 0;
		kill(keyd, SIGKILL);
		for (int k = 0; k < PATIENCE_MS / 20 && (next == 0 || next == keyd); k++) {
			pause_ms(20);
			next = find_role(&r, "keyd");
		}
		assert_int_not_equal(next, keyd);
		keyd = next;
		ask_until(&r, "/sign", "token", text, sizeof(text));
	}
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	assert_int_equal(pid_in(text), server);
	stop(&r);
}

/* A server that dies again and again: everybody gets the JSON 503 meanwhile. */
static void test_blind_503(void **state)
{
	static const char *const modes[] = {"flap", "crash"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running r;
		char text[1024];
		start(&r, modes[i]);
		ask_until(&r, "/anything", "HTTP/1.1 503 ", text, sizeof(text));
		assert_non_null(strstr(text, "\r\nRetry-After: 1\r\n"));
		assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
		assert_non_null(strstr(text, "\r\n\r\n{\"error\":\"temporarily_unavailable\","));
		stop(&r);
	}
}

static void test_stop(void **state)
{
	struct running r;
	char text[1024], config[128];
	(void)state;
	start(&r, "ok");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	pid_t server = pid_in(text);
	kill(server, SIGINT); /* a terminal's Ctrl-C reaches the children too: they wait for the supervisor's word */
	kill(server, SIGTERM);
	kill(server, SIGHUP);
	ask_until(&r, "/pid", "reloads=0", text, sizeof(text));
	assert_int_equal(pid_in(text), server);
	kill(r.pid, SIGHUP); /* there is no configuration: nothing is sent */
	pause_ms(50);
	ask_until(&r, "/pid", "reloads=0", text, sizeof(text));
	snprintf(config, sizeof(config), "%s/ok", r.dir);
	assert_int_equal(mkdir(config, 0700), 0); /* whatever it is, the supervisor does not read it */
	kill(r.pid, SIGHUP);
	for (int i = 0; i < PATIENCE_MS / 20 && strstr(text, "reloads=0"); i++, pause_ms(20))
		ask_until(&r, "/pid", "reloads=", text, sizeof(text));
	assert_null(strstr(text, "reloads=0"));
	assert_int_equal(rmdir(config), 0);
	stop(&r); /* by itself: nobody would kill it for ten minutes */
	assert_true(is_dead(server));
}

static void test_stop_of_a_deaf_server(void **state)
{
	struct running r;
	char text[1024];
	(void)state;
	start(&r, "deaf");
	ask_until(&r, "/pid", "pid=", text, sizeof(text));
	pid_t server = pid_in(text);
	int64_t from_ns = clock_mono_ns();
	stop(&r);
	assert_true(clock_mono_ns() - from_ns >= (DEAF_DRAIN_MS + 400) * INT64_C(1000000));
	assert_true(is_dead(server));
}

static void test_notify(void **state)
{
	struct running r;
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = ""};
	char text[8192];
	char name[64];
	snprintf(name, sizeof(name), "@mint-test-notify-%d", (int)getpid());
	memcpy(un.sun_path + 1, name + 1, strlen(name) - 1);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&un, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	start(&r, "ok");
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	ssize_t n = recv(fd, text, sizeof(text), 0);
	assert_true(str_eq(str_mem(text, (size_t)n), STR("READY=1")));
	ask_until(&r, "/env", "fds=", text, sizeof(text));
	assert_null(strstr(text, "NOTIFY_SOCKET"));
	stop(&r);
	n = recv(fd, text, sizeof(text), 0);
	assert_true(str_eq(str_mem(text, (size_t)n), STR("STOPPING=1")));
	close(fd);
}

int main(int argc, char **argv)
{
	log_setup("supervisor", getenv("MINT_TEST_LOG") ? LOG_INFO : LOG_OFF, LOG_TEXT);
	if (argc == 5 && strcmp(argv[1], "serve") == 0 && strcmp(argv[3], "--config") == 0)
		return strcmp(argv[2], "--role=keyd") == 0 ? keyd_role() : server_role(argv[4]);
	setenv(MASTER, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_config_failure),
		cmocka_unit_test(test_second_is_refused),
		cmocka_unit_test(test_supervisor_killed),
		cmocka_unit_test(test_descriptors_and_environment),
		cmocka_unit_test(test_server_killed),
		cmocka_unit_test(test_keyd_killed),
		cmocka_unit_test(test_blind_503),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_of_a_deaf_server),
		cmocka_unit_test(test_notify),
	};
	return cmocka_run_group_tests_name("supervise", tests, NULL, NULL);
}
