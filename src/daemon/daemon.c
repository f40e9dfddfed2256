/*
 * The life of a daemon: bind, start, wait for signals, drain; see daemon.h. The main thread owns struct daemon and does
 * nothing but this. Threads: one per event loop (daemon_loop.c), the pool (base/pool.c), and what the daemon brought.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/daemon_loop.h"
#include "ipc/listen.h"
#include "ipc/notify.h"
#include "ipc/role.h"

enum { DRAIN_MS = 500, END_MS = 900, ADDRESS_TEXT_MAX = 160 };

static void fill_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

int daemon_prepare(const char *role, enum log_level level, enum log_format format)
{
	sigset_t set;
	log_setup(role, level, format);
	fill_signals(&set);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) /* threads to come inherit it: only the main thread waits */
		return E_IO;
	return role_harden();
}

unsigned daemon_loops(const struct daemon_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = options->loops > 0 ? options->loops : (unsigned)(cores > 1 ? (cores + 1) / 2 : 1);
	return n > DAEMON_LOOPS_MAX ? DAEMON_LOOPS_MAX : n;
}

static bool is_unix(const struct daemon_listen *listen) { return listen->endpoint.addr.ss_family == AF_UNIX; }

static int fail(struct buf *ret_why, const struct sockaddr_storage *addr)
{
	int saved = errno;
	listen_put_address(ret_why, addr);
	buf_printf(ret_why, ": %s", strerror(saved));
	return E_CONFIG;
}

static void log_listening(const struct sockaddr_storage *addr)
{
	char text[ADDRESS_TEXT_MAX];
	struct buf where;
	buf_init_fixed(&where, text, sizeof(text));
	listen_put_address(&where, addr);
	LOG(LOG_INFO, "listening", F("address", buf_str(&where)));
}

/* A unix-domain socket can't be bound twice: all loops accept from the same one. */
static int open_unix(const struct daemon_listen *listen, unsigned n, int *ret_fds)
{
	TRY(listen_unix(&listen->endpoint.addr, listen->endpoint.len, listen->mode, &ret_fds[0]));
	for (unsigned i = 1; i < n; i++)
		ret_fds[i] = fcntl(ret_fds[0], F_DUPFD_CLOEXEC, 0); /* -1: that loop goes without */
	return 0;
}

/* One socket for each loop. */
static int bind_one(struct daemon *daemon, const struct daemon_listen *listen, struct buf *ret_why)
{
	struct sockaddr_storage addr = listen->endpoint.addr;
	int fds[DAEMON_LOOPS_MAX], rc = 0;
	int opened = is_unix(listen) ? open_unix(listen, daemon->n_loops, fds)
				     : listen_tcp(&addr, listen->endpoint.len, daemon->n_loops, fds);
	if (opened < 0)
		return fail(ret_why, &addr);
	daemon->n_bound++;
	for (unsigned i = 0; i < daemon->n_loops; i++) {
		int taken = fds[i] < 0 ? 0 : daemon_loop_listen(&daemon->loops[i], fds[i]);
		rc = taken < 0 ? taken : rc;
	}
	if (rc == 0)
		log_listening(&addr);
	return rc;
}

static int start(struct daemon *daemon, struct buf *ret_why)
{
	const struct daemon_options *options = daemon->options;
	daemon->n_loops = daemon_loops(options);
	for (unsigned i = 0; i < daemon->n_loops; i++)
		TRY(daemon_loop_init(&daemon->loops[i], daemon, i));
	unsigned connections = options->limits.connections_max > 0 ? options->limits.connections_max : 4096;
	/* Each connection has one request, and so one job at most: a queue that long refuses nobody. */
	const struct pool_options pool = {options->pool_threads, connections + DAEMON_LOOPS_MAX, connections / 4 + 1,
					  log_flush, 0};
	TRY(pool_new(&pool, &daemon->pool));
	for (size_t i = 0; i < options->n_listen; i++)
		TRY(bind_one(daemon, &options->listen[i], ret_why));
	for (unsigned i = 0; i < daemon->n_loops; i++)
		TRY(daemon_loop_start(&daemon->loops[i]));
	return 0;
}

/* Until somebody wants the end. */
static void serve(struct daemon *daemon)
{
	const struct daemon_handler *handler = &daemon->options->handler;
	sigset_t set;
	fill_signals(&set);
	for (;;) {
		int number = 0;
		log_flush();
		if (sigwait(&set, &number) != 0)
			continue;
		if (number != SIGHUP)
			return;
		if (handler->reload)
			handler->reload(handler->arg);
	}
}

static void drain(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->n_loops; i++)
		if (daemon->loops[i].started && daemon_loop_drain(&daemon->loops[i]) < 0)
			loop_stop(daemon->loops[i].loop);
}

uint32_t daemon_drain_ms(const struct daemon *daemon)
{
	return daemon->options->limits.drain_ms > 0 ? daemon->options->limits.drain_ms : DRAIN_MS;
}

static int64_t end_ms(const struct daemon *daemon)
{
	return daemon->options->end_ms > 0 ? daemon->options->end_ms : END_MS;
}

/* E_TIMEOUT: a thread still runs. */
static int join(struct daemon *daemon)
{
	int64_t until_ns = clock_mono_ns() + end_ms(daemon) * INT64_C(1000000);
	struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
	for (unsigned i = 0; i < daemon->n_loops; i++) {
		struct daemon_loop *loop = &daemon->loops[i];
		if (!loop->started)
			continue;
		if (pthread_clockjoin_np(loop->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
			return E_TIMEOUT;
		loop->started = false;
	}
	return 0;
}

/* Only what we have bound: another's may be in our way. */
static void remove_sockets(const struct daemon *daemon)
{
	const struct daemon_options *options = daemon->options;
	for (size_t i = 0; i < daemon->n_bound; i++)
		if (is_unix(&options->listen[i]))
			unlink(((const struct sockaddr_un *)(const void *)&options->listen[i].endpoint.addr)->sun_path);
}

static void take_apart(struct daemon *daemon)
{
	pool_free(daemon->pool); /* its last posts go to loops that don't run any more, but are there */
	for (unsigned i = 0; i < daemon->n_loops; i++)
		daemon_loop_done(&daemon->loops[i]);
}

int daemon_run(const struct daemon_options *options, struct buf *ret_why)
{
	static struct daemon daemon;
	daemon = (struct daemon){.options = options, .clock = options->clock ? options->clock : &clock_system};
	int rc = start(&daemon, ret_why);
	if (rc == 0) {
		LOG(LOG_INFO, "ready", F("loops", daemon.n_loops));
		notify_send("READY=1");
		serve(&daemon);
		LOG(LOG_INFO, "stopping");
		notify_send("STOPPING=1");
	}
	drain(&daemon);
	int joined = join(&daemon);
	remove_sockets(&daemon);
	if (joined < 0) {
		LOG(LOG_WARN, "not_drained", F("ms", end_ms(&daemon)));
		log_flush();
		return rc < 0 ? rc : joined;
	}
	take_apart(&daemon);
	if (rc == 0)
		LOG(LOG_INFO, "stopped");
	log_flush();
	return rc;
}
