/* Framed messages over socketpairs; see frame.h. */
#include "ipc/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cur.h"
#include "base/fault.h"

enum { FEED_MIN = 32768 }; /* a batch of signatures in one read */

void frame_begin(struct buf *out) { buf_put_u32be(out, 0); }

int frame_end(struct buf *out)
{
	TRY(buf_status(out));
	size_t len = out->len - FRAME_HEAD;
	if (len > UINT32_MAX)
		return E_LIMIT;
	for (unsigned i = 0; i < FRAME_HEAD; i++)
		out->p[i] = (char)(unsigned char)(len >> (8 * (FRAME_HEAD - 1 - i)));
	return 0;
}

/* Wait until fd can be written. deadline_ns < 0: without end. */
static int wait_writable(int fd, int64_t deadline_ns)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int left_ms = -1;
	if (deadline_ns >= 0) {
		int64_t left_ns = deadline_ns - clock_mono_ns();
		if (left_ns <= 0)
			return E_IO;
		left_ms = (int)(left_ns / 1000000) + 1;
	}
	return poll(&p, 1, left_ms) < 0 && errno != EINTR ? E_IO : 0;
}

int frame_write(int fd, struct str bytes, int timeout_ms)
{
	int64_t deadline_ns = timeout_ms < 0 ? -1 : clock_mono_ns() + (int64_t)timeout_ms * 1000000;
	while (bytes.len > 0) {
		if (fault_hit(FAULT_WRITE))
			return E_IO;
		ssize_t n = send(fd, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			bytes.p += n;
			bytes.len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return E_IO;
		TRY(wait_writable(fd, deadline_ns));
	}
	return 0;
}

/* Length of the first frame; E_WOULD_BLOCK while its head is incomplete. */
static int head_of(const struct buf *in, size_t max, size_t *ret_len)
{
	struct cur cur = cur_of(buf_str(in));
	uint32_t len;
	if (cur_u32be(&cur, &len) < 0)
		return E_WOULD_BLOCK;
	if (len > max)
		return E_LIMIT;
	*ret_len = len;
	return 0;
}

int frame_feed(int fd, size_t max, bool wait, struct buf *in)
{
	size_t room = FEED_MIN, len;
	int rc = head_of(in, max, &len);
	if (rc == E_LIMIT)
		return rc;
	if (rc == 0 && FRAME_HEAD + len > in->len)
		room = FRAME_HEAD + len - in->len;
	if (room > max + FRAME_HEAD - in->len)
		room = max + FRAME_HEAD - in->len;
	if (room == 0)
		return 0; /* a complete frame of maximum length stands there */
	char *at = buf_reserve(in, room);
	if (!at)
		return buf_status(in);
	ssize_t n;
	do {
		n = recv(fd, at, room, wait ? 0 : MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return in->len > 0 ? E_SYNTAX : E_ABSENT;
	if (n < 0)
		return errno == EAGAIN ? E_WOULD_BLOCK : E_IO;
	in->len += (size_t)n;
	return head_of(in, max, &len) == E_LIMIT ? E_LIMIT : 0;
}

int frame_peek(const struct buf *in, size_t max, struct str *ret_frame)
{
	size_t len;
	TRY(head_of(in, max, &len));
	if (in->len < FRAME_HEAD + len)
		return E_WOULD_BLOCK;
	*ret_frame = str_mem(in->p + FRAME_HEAD, len);
	return 0;
}

void frame_drop(struct buf *in)
{
	size_t len;
	if (head_of(in, UINT32_MAX, &len) == 0 && in->len >= FRAME_HEAD + len)
		buf_consume(in, FRAME_HEAD + len);
}

int frame_pair(int type, int ret_pair[2])
{
	int pair[2];
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return E_IO;
	memcpy(ret_pair, pair, sizeof(pair));
	return 0;
}

void frame_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
