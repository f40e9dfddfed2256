/* The blind 503; see supervise_busy.h. RFC 9110 15.6.4 and 10.2.3. */
#include "server/supervise_busy.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

enum { WAIT_MS = 1000, LINGER_MS = 200, DRAIN_MAX = 65536 };

int supervise_busy_init(struct busy *busy)
{
	char body_mem[BUSY_REPLY_MAX];
	const struct err_row *row = err_row(E_UNAVAILABLE);
	struct buf body, reply;
	*busy = (struct busy){0};
	buf_init_fixed(&body, body_mem, sizeof(body_mem));
	buf_init_fixed(&reply, busy->reply, sizeof(busy->reply));
	buf_printf(&body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", row->wire, row->text);
	buf_printf(&reply,
		   "HTTP/1.1 %d Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		   "Cache-Control: no-store\r\nRetry-After: 1\r\nConnection: close\r\n\r\n%.*s",
		   row->status, body.len, STR_ARG(buf_str(&body)));
	TRY(buf_status(&body));
	TRY(buf_status(&reply));
	busy->reply_len = reply.len;
	return 0;
}

void supervise_busy_done(struct busy *busy)
{
	for (size_t i = 0; i < busy->n; i++)
		close(busy->conns[i].fd);
	busy->n = 0;
}

void supervise_busy_accept(struct busy *busy, int listen_fd, int64_t now_ns)
{
	while (busy->n < BUSY_MAX) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		busy->conns[busy->n++] = (struct busy_conn){.fd = fd, .end_ns = now_ns + WAIT_MS * INT64_C(1000000)};
	}
}

void supervise_busy_poll(const struct busy *busy, struct pollfd *ret_polls)
{
	for (size_t i = 0; i < busy->n; i++)
		ret_polls[i] = (struct pollfd){.fd = busy->conns[i].fd, .events = POLLIN};
}

/*
 * Throw away what has arrived; closing with unread bytes would reset the connection and lose our answer. False: the
 * peer is done.
 */
static bool drain(int fd)
{
	char waste[4096];
	for (size_t total = 0; total < DRAIN_MAX; total += sizeof(waste)) {
		ssize_t n = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
	}
	return true;
}

/* False: close it. */
static bool step_one(const struct busy *busy, struct busy_conn *conn, bool readable, int64_t now_ns)
{
	if (now_ns >= conn->end_ns)
		return false;
	if (!readable)
		return true;
	bool open = drain(conn->fd);
	if (conn->answered)
		return open;
	if (send(conn->fd, busy->reply, busy->reply_len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)busy->reply_len)
		return false;
	shutdown(conn->fd, SHUT_WR);
	conn->answered = true;
	conn->end_ns = now_ns + LINGER_MS * INT64_C(1000000);
	return open;
}

bool supervise_busy_step(struct busy *busy, const struct pollfd *polls, int64_t now_ns)
{
	size_t kept = 0;
	for (size_t i = 0; i < busy->n; i++) {
		struct busy_conn conn = busy->conns[i];
		if (step_one(busy, &conn, polls[i].revents != 0, now_ns))
			busy->conns[kept++] = conn;
		else
			close(conn.fd);
	}
	busy->n = kept;
	return kept > 0;
}
