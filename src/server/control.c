/* One request per connection over a Unix socket; see control.h. */
#include "server/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum { READ_STEP = 4096, CONNECT_PAUSE_MS = 10 };

struct control {
	int fd, stop_fd;
	uid_t owner; /* who we were at start */
	struct admin *admin;
	pthread_t thread;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int64_t deadline_after(uint32_t ms) { return clock_mono_ns() + (int64_t)ms * 1000000; }

/* Wait until fd is ready. E_TIMEOUT at the deadline. */
static int wait_for(int fd, short events, int64_t deadline_ns)
{
	for (;;) {
		int64_t left_ms = (deadline_ns - clock_mono_ns() + 999999) / 1000000;
		if (left_ms <= 0)
			return E_TIMEOUT;
		struct pollfd poll_fd = {.fd = fd, .events = events};
		int n = poll(&poll_fd, 1, (int)left_ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return E_IO;
	}
}

/*
 * Up to and without the first line feed (or the peer's end). Bytes behind it are not looked at: one request per
 * connection.
 */
static int read_line(int fd, int64_t deadline_ns, struct buf *line)
{
	char chunk[READ_STEP];
	for (;;) {
		TRY(wait_for(fd, POLLIN, deadline_ns));
		ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return E_IO;
		size_t end = str_find((struct str){chunk, (size_t)n}, '\n');
		buf_put_mem(line, chunk, end);
		secret_wipe(chunk, (size_t)n);
		TRY(buf_status(line));
		if (n == 0)
			return line->len > 0 ? 0 : E_IO;
		if (end < (size_t)n)
			return 0;
	}
}

static int write_all(int fd, int64_t deadline_ns, struct str bytes)
{
	while (bytes.len > 0) {
		TRY(wait_for(fd, POLLOUT, deadline_ns));
		ssize_t n = send(fd, bytes.p, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return E_IO;
		bytes = (struct str){bytes.p + n, bytes.len - (size_t)n};
	}
	return 0;
}

/* Only the user we run as, and root. */
static int check_peer(int fd, uid_t owner, uid_t *ret_uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return E_IO;
	if (peer.uid != owner && peer.uid != 0)
		return E_INVALID_CLIENT;
	*ret_uid = peer.uid;
	return 0;
}

static int answer(struct control *control, int fd, struct buf *request, struct buf *reply)
{
	char actor[32];
	uid_t uid;
	TRY(check_peer(fd, control->owner, &uid));
	TRY(read_line(fd, deadline_after(CONTROL_DEADLINE_MS), request));
	snprintf(actor, sizeof(actor), "cli:uid=%u", (unsigned)uid);
	control->admin->actor = str_of(actor);
	int rc = admin_call(control->admin, buf_str(request), reply);
	control->admin->actor = STR("");
	TRY(rc);
	buf_put_char(reply, '\n');
	TRY(buf_status(reply));
	return write_all(fd, deadline_after(CONTROL_DEADLINE_MS), buf_str(reply));
}

static void serve(struct control *control)
{
	_cleanup_(close_fd) int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
	_cleanup_(buf_done) struct buf request, reply;
	buf_init(&request, ADMIN_REQUEST_MAX + 1);
	buf_init(&reply, ADMIN_ANSWER_MAX);
	if (fd < 0)
		return;
	int rc = answer(control, fd, &request, &reply);
	if (rc < 0)
		LOG(LOG_WARN, "control_failed", F("code", err_row(rc)->symbol));
}

static void *run(void *arg)
{
	struct control *control = arg;
	for (;;) {
		struct pollfd fds[] = {{.fd = control->stop_fd, .events = POLLIN},
				       {.fd = control->fd, .events = POLLIN}};
		int n = poll(fds, 2, -1);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && fds[0].revents)
			break;
		if (n > 0 && fds[1].revents)
			serve(control);
		log_flush();
	}
	log_flush();
	return NULL;
}

int control_start(int fd, struct admin *admin, struct control **ret_control)
{
	struct control *control = malloc(sizeof(*control));
	if (!control)
		return E_NOMEM;
	*control = (struct control){
		.fd = fd, .stop_fd = eventfd(0, EFD_CLOEXEC), .owner = geteuid(), .admin = admin};
	if (control->stop_fd < 0 || pthread_create(&control->thread, NULL, run, control) != 0) {
		close_fd(&control->stop_fd);
		free(control);
		return E_IO;
	}
	*ret_control = control;
	return 0;
}

void control_stop(struct control *control)
{
	if (!control)
		return;
	uint64_t one = 1;
	if (write(control->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(control->thread, NULL);
	close_fd(&control->stop_fd);
	free(control);
}

/* A server that takes no connections any more (stopped, hung) lets the queue run full: EAGAIN. */
static int connect_fd(int fd, const struct sockaddr_un *addr, int64_t deadline_ns)
{
	while (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return E_ABSENT;
		if (errno != EAGAIN && errno != EINTR)
			return E_IO;
		if (clock_mono_ns() >= deadline_ns)
			return E_TIMEOUT;
		poll(NULL, 0, CONNECT_PAUSE_MS);
	}
	return 0;
}

static int connect_to(const char *path, int64_t deadline_ns, int *ret_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return E_LIMIT;
	memcpy(addr.sun_path, path, len);
	_cleanup_(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_IO;
	TRY(connect_fd(fd, &addr, deadline_ns));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int control_call(const char *path, struct str request, uint32_t timeout_ms, struct buf *answer_out)
{
	int64_t deadline_ns = deadline_after(timeout_ms);
	_cleanup_(close_fd) int fd = -1;
	TRY(connect_to(path, deadline_ns, &fd));
	TRY(write_all(fd, deadline_ns, request));
	TRY(write_all(fd, deadline_ns, STR("\n")));
	return read_line(fd, deadline_ns, answer_out);
}
