/*
 * The supervisor's life: start, watch, restart, stop; see supervise.h. It never reads a byte of a connection but to
 * throw it away.
 */
#include "server/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/trim.h"
#include "ipc/frame.h"
#include "ipc/note.h"
#include "ipc/notify.h"
#include "ipc/role.h"
#include "server/supervise_busy.h"
#include "server/supervise_sockets.h"

enum { EXIT_CONFIG = 78, EXIT_EXEC = 127, DRAIN_MORE_MS = 400, STABLE_MS = 1000, BACKOFF_MIN_MS = 100,
       BACKOFF_MAX_MS = 2000, RELOAD_FILES = 3, POLLS_MAX = 3 + ROLE_LISTEN_MAX + BUSY_MAX };
#define NS_PER_MS INT64_C(1000000)

struct child {
	const char *role;
	pid_t pid;           /* 0: not running */
	int super;           /* our end */
	bool was_ready;      /* once since the supervisor started */
	unsigned failures;   /* early ends in a row */
	int64_t started_ns;
	int64_t due_ns;      /* not running: when to start it */
};

struct supervisor {
	const struct supervise_options *options;
	struct role_fds sockets; /* listeners and the control socket; no channels */
	struct child keyd, server;
	struct busy busy;
	int signals;
	bool stopping, announced;
	int64_t kill_ns;         /* stopping: when patience ends */
	int status;
};

static int64_t min_ns(int64_t a, int64_t b) { return a < b ? a : b; }

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		frame_close(&fds[i]);
}

/* A role with its super pair and channels. The descriptors of channels stay the caller's. */
static int start_role(struct supervisor *sup, struct child *child, const struct role_fds *fds, const char *const *env)
{
	int pair[2] = {-1, -1};
	struct role_fds all = *fds;
	struct role_spec spec = {.role = child->role,
				 .program = sup->options->program,
				 .config_path = sup->options->config_path,
				 .fds = &all,
				 .env = env};
	TRY(frame_pair(SOCK_SEQPACKET, pair));
	all.super = pair[1];
	int rc = role_start(&spec, &child->pid);
	frame_close(&pair[1]);
	if (rc < 0) {
		frame_close(&pair[0]);
		return rc;
	}
	child->super = pair[0];
	child->started_ns = clock_mono_ns();
	LOG(LOG_INFO, "role_started", F("name", child->role), F("child", (int)child->pid));
	return 0;
}

static int start_keyd(struct supervisor *sup, const int *channels, size_t n)
{
	struct role_fds fds;
	const char *env[] = {"CREDENTIALS_DIRECTORY", sup->options->keyd_env, NULL};
	role_fds_init(&fds);
	fds.n_loops = sup->sockets.n_loops;
	fds.n_pool = sup->sockets.n_pool;
	fds.n_keyd = n;
	memcpy(fds.keyd, channels, n * sizeof(*channels));
	return start_role(sup, &sup->keyd, &fds, env);
}

static int start_server(struct supervisor *sup, const int *channels, size_t n)
{
	struct role_fds fds = sup->sockets;
	fds.n_keyd = n;
	memcpy(fds.keyd, channels, n * sizeof(*channels));
	return start_role(sup, &sup->server, &fds, sup->options->server_env);
}

struct channels {
	int keyd[ROLE_CHANNEL_MAX], server[ROLE_CHANNEL_MAX];
	size_t n;
};

static void close_channels(struct channels *channels)
{
	close_all(channels->keyd, channels->n);
	close_all(channels->server, channels->n);
	channels->n = 0;
}

static int open_channels(const struct supervisor *sup, struct channels *ret_channels)
{
	size_t n = (size_t)sup->sockets.n_loops + sup->sockets.n_pool + 1;
	ret_channels->n = 0;
	for (size_t i = 0; i < n; i++) {
		int pair[2];
		if (frame_pair(SOCK_STREAM, pair) < 0) {
			close_channels(ret_channels);
			return E_IO;
		}
		ret_channels->keyd[i] = pair[0];
		ret_channels->server[i] = pair[1];
		ret_channels->n++;
	}
	return 0;
}

/* End a child at once and forget it. */
static void kill_child(struct child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	child->pid = 0;
	frame_close(&child->super);
}

/* The delay before the next start: none for a process that lived, growing for one that keeps dying. */
static void schedule(struct child *child, int64_t now_ns)
{
	int64_t delay_ms = 0;
	if (now_ns - child->started_ns >= STABLE_MS * NS_PER_MS)
		child->failures = 0;
	else
		child->failures++;
	if (child->failures > 0)
		delay_ms = child->failures > 5 ? BACKOFF_MAX_MS : BACKOFF_MIN_MS << (child->failures - 1);
	child->due_ns = now_ns + min_ns(delay_ms, BACKOFF_MAX_MS) * NS_PER_MS;
}

/* Starting failed for want of memory or descriptors: try again later. */
static void start_failed(struct child *child, int rc)
{
	LOG(LOG_ERROR, "role_start_failed", F("name", child->role), F("code", err_row(rc)->symbol));
	child->started_ns = clock_mono_ns();
	schedule(child, child->started_ns);
}

static void start_both(struct supervisor *sup)
{
	_cleanup_(close_channels) struct channels channels = {.n = 0};
	kill_child(&sup->keyd);
	int rc = open_channels(sup, &channels);
	if (rc == 0)
		rc = start_keyd(sup, channels.keyd, channels.n);
	if (rc == 0)
		rc = start_server(sup, channels.server, channels.n);
	if (rc < 0) {
		kill_child(&sup->keyd);
		start_failed(&sup->server, rc);
	}
}

/* A new keyd for the running server, which gets the other ends of the channels. */
static void restart_keyd(struct supervisor *sup)
{
	_cleanup_(close_channels) struct channels channels = {.n = 0};
	int rc = open_channels(sup, &channels);
	if (rc == 0)
		rc = start_keyd(sup, channels.keyd, channels.n);
	if (rc < 0) {
		start_failed(&sup->keyd, rc);
		return;
	}
	if (note_send(sup->server.super, STR("K"), channels.server, channels.n) < 0) {
		LOG(LOG_ERROR, "server_deaf");
		kill(sup->server.pid, SIGKILL); /* its end restarts both */
	}
}

static void start_due(struct supervisor *sup, int64_t now_ns)
{
	if (sup->stopping)
		return;
	if (sup->server.pid == 0 && now_ns >= sup->server.due_ns)
		start_both(sup);
	else if (sup->server.pid > 0 && sup->keyd.pid == 0 && now_ns >= sup->keyd.due_ns)
		restart_keyd(sup);
}

/* The server gives requests drain_ms; what it does behind them (usage, queued writes) gets a little more. */
static int64_t patience_ms(const struct supervisor *sup) { return (int64_t)sup->options->drain_ms + DRAIN_MORE_MS; }

static void begin_stop(struct supervisor *sup, int status, int64_t now_ns)
{
	sup->kill_ns = sup->stopping ? now_ns : now_ns + patience_ms(sup) * NS_PER_MS; /* asked twice: no more */
	if (sup->stopping)
		return;
	sup->stopping = true;
	sup->status = status;
	notify_send("STOPPING=1");
	for (size_t i = 0; i < sup->sockets.n_listen; i++) /* the server closes its own once it has drained them */
		frame_close(&sup->sockets.listen[i].fd);
	if (sup->server.pid == 0 || status != 0 || note_send(sup->server.super, STR("T"), NULL, 0) < 0)
		sup->kill_ns = now_ns;
}

static void log_end(const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		LOG(LOG_WARN, "role_killed", F("name", child->role), F("child", (int)child->pid),
		    F("signal", WTERMSIG(status)));
	else
		LOG(LOG_WARN, "role_exited", F("name", child->role), F("child", (int)child->pid),
		    F("status", WEXITSTATUS(status)));
}

static void child_ended(struct supervisor *sup, struct child *child, int status)
{
	int64_t now_ns = clock_mono_ns();
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (!sup->stopping)
		log_end(child, status);
	child->pid = 0;
	frame_close(&child->super);
	if (sup->stopping)
		return;
	if (!child->was_ready && (code == EXIT_CONFIG || code == EXIT_EXEC)) {
		begin_stop(sup, code == EXIT_CONFIG ? EXIT_CONFIG : 1, now_ns);
		return;
	}
	schedule(child, now_ns);
	if (child == &sup->server)
		kill_child(&sup->keyd);
}

static void reap(struct supervisor *sup)
{
	int status;
	for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
		if (pid == sup->keyd.pid)
			child_ended(sup, &sup->keyd, status);
		else if (pid == sup->server.pid)
			child_ended(sup, &sup->server, status);
	}
}

struct reload_file {
	char letter;
	const char *path; /* NULL: not configured */
};

/* Nothing that it opens can hold up the supervisor, whatever it is. */
static int attach(const struct reload_file *file, struct buf *text, int fds[RELOAD_FILES], size_t *n)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		LOG(LOG_ERROR, "reload_failed", F("path", file->path), F("why", strerrordesc_np(errno)));
		return E_IO;
	}
	buf_put_char(text, file->letter);
	fds[(*n)++] = fd;
	return 0;
}

/* A server that is not there reads everything at its start. */
static void reload(struct supervisor *sup)
{
	const struct reload_file files[RELOAD_FILES] = {
		{'c', sup->options->config_path}, {'t', sup->options->certificate_path}, {'k', sup->options->key_path}};
	char mem[1 + RELOAD_FILES];
	struct buf text;
	int fds[RELOAD_FILES], rc = 0;
	size_t n = 0;
	if (sup->server.pid == 0)
		return;
	buf_init_fixed(&text, mem, sizeof(mem));
	buf_put_char(&text, 'H');
	for (size_t i = 0; rc == 0 && i < RELOAD_FILES; i++)
		if (files[i].path)
			rc = attach(&files[i], &text, fds, &n);
	if (rc == 0 && note_send(sup->server.super, buf_str(&text), fds, n) < 0)
		LOG(LOG_ERROR, "reload_not_sent");
	close_all(fds, n);
}

static void read_signals(struct supervisor *sup)
{
	struct signalfd_siginfo info;
	while (read(sup->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			begin_stop(sup, 0, clock_mono_ns());
		else if (info.ssi_signo == SIGHUP)
			reload(sup);
	}
	reap(sup); /* SIGCHLDs merge: look at every occasion */
}

static void read_note(struct supervisor *sup, struct child *child)
{
	struct note note;
	int rc = note_receive(child->super, &note);
	if (rc == E_WOULD_BLOCK)
		return;
	if (rc < 0) { /* it is dying: SIGCHLD tells */
		frame_close(&child->super);
		return;
	}
	close_all(note.fds, note.n_fds);
	if (note.bytes[0] != 'R')
		return;
	child->was_ready = true;
	LOG(LOG_INFO, "role_ready", F("name", child->role), F("ms", (clock_mono_ns() - child->started_ns) / NS_PER_MS));
	if (child == &sup->server && !sup->announced) {
		sup->announced = true;
		notify_send("READY=1");
		trim_start_up();
	}
}

/*
 * What to wait for. The listeners only while there is no server, because it keeps dying. Returns the number of
 * entries.
 */
static size_t fill_polls(struct supervisor *sup, struct pollfd polls[POLLS_MAX])
{
	size_t n = 0;
	polls[n++] = (struct pollfd){.fd = sup->signals, .events = POLLIN};
	polls[n++] = (struct pollfd){.fd = sup->keyd.super, .events = POLLIN};   /* -1: poll ignores it */
	polls[n++] = (struct pollfd){.fd = sup->server.super, .events = POLLIN};
	bool listen = sup->server.pid == 0 && !sup->stopping && sup->busy.n < BUSY_MAX;
	for (size_t i = 0; listen && i < sup->sockets.n_listen; i++)
		if (!sup->sockets.listen[i].tls)
			polls[n++] = (struct pollfd){.fd = sup->sockets.listen[i].fd, .events = POLLIN};
	return n;
}

static int timeout_ms(const struct supervisor *sup, int64_t now_ns)
{
	int64_t until_ns = INT64_MAX;
	if (sup->stopping)
		until_ns = sup->kill_ns;
	else if (sup->server.pid == 0)
		until_ns = sup->server.due_ns;
	else if (sup->keyd.pid == 0)
		until_ns = sup->keyd.due_ns;
	for (size_t i = 0; i < sup->busy.n; i++)
		until_ns = min_ns(until_ns, sup->busy.conns[i].end_ns);
	if (until_ns == INT64_MAX)
		return -1;
	return until_ns <= now_ns ? 0 : (int)((until_ns - now_ns) / NS_PER_MS) + 1;
}

static void watch(struct supervisor *sup)
{
	struct pollfd polls[POLLS_MAX];
	size_t n = fill_polls(sup, polls);
	supervise_busy_poll(&sup->busy, polls + n);
	log_flush();
	if (poll(polls, (nfds_t)(n + sup->busy.n), timeout_ms(sup, clock_mono_ns())) < 0)
		return;
	int64_t now_ns = clock_mono_ns();
	supervise_busy_step(&sup->busy, polls + n, now_ns);
	for (size_t i = 3; i < n; i++)
		if (polls[i].revents != 0)
			supervise_busy_accept(&sup->busy, polls[i].fd, now_ns);
	if (polls[1].revents != 0)
		read_note(sup, &sup->keyd);
	if (polls[2].revents != 0)
		read_note(sup, &sup->server);
	if (polls[0].revents != 0)
		read_signals(sup);
}

static bool is_over(const struct supervisor *sup)
{
	return sup->stopping && (sup->server.pid == 0 || clock_mono_ns() >= sup->kill_ns);
}

static int catch_signals(int *ret_fd)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return E_IO;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? E_IO : 0;
}

static int set_up(struct supervisor *sup)
{
	_cleanup_(buf_done) struct buf why;
	buf_init(&why, 1024);
	TRY(role_harden());
	TRY(supervise_busy_init(&sup->busy));
	TRY(catch_signals(&sup->signals));
	int rc = supervise_sockets_open(sup->options, &sup->sockets, &why);
	if (rc < 0)
		LOG(LOG_ERROR, "listen_failed", F("why", buf_str(&why)));
	sup->sockets.n_loops = sup->options->n_loops;
	sup->sockets.n_pool = sup->options->pool_threads;
	return rc;
}

static void live(struct supervisor *sup)
{
	while (!is_over(sup)) {
		start_due(sup, clock_mono_ns());
		watch(sup);
	}
	if (sup->server.pid > 0)
		LOG(LOG_WARN, "server_not_drained", F("ms", patience_ms(sup)));
	kill_child(&sup->server);
	kill_child(&sup->keyd);
	supervise_busy_done(&sup->busy);
}

int supervise_main(const struct supervise_options *options)
{
	struct supervisor sup = {.options = options,
				 .keyd = {.role = "keyd", .super = -1},
				 .server = {.role = "server", .super = -1},
				 .signals = -1};
	role_fds_init(&sup.sockets);
	int rc = set_up(&sup);
	if (rc == 0) {
		live(&sup);
		supervise_sockets_close(options, &sup.sockets);
		LOG(LOG_INFO, "stopped", F("status", sup.status));
	}
	log_flush();
	frame_close(&sup.signals);
	if (rc < 0)
		return rc == E_CONFIG ? EXIT_CONFIG : 1;
	return sup.status;
}
