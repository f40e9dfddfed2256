/*
 * What the supervisor says to connections while there is no server: the same constant 503 to everybody, without
 * looking at what was sent. Single-threaded, never waits.
 */
#ifndef SERVER_SUPERVISE_BUSY_H
#define SERVER_SUPERVISE_BUSY_H

#include <poll.h>

#include "base/str.h"

enum { BUSY_MAX = 64, BUSY_REPLY_MAX = 512 };

struct busy_conn {
	int fd;
	int64_t end_ns; /* then it is closed, answered or not */
	bool answered;
};

struct busy {
	struct busy_conn conns[BUSY_MAX];
	size_t n;
	char reply[BUSY_REPLY_MAX];
	size_t reply_len;
};

/* E_LIMIT: the reply is longer than its room. */
must_check int supervise_busy_init(struct busy *busy);
void supervise_busy_done(struct busy *busy);
/* Take what waits at a listening, non-blocking socket, while there is room. */
void supervise_busy_accept(struct busy *busy, int listen_fd, int64_t now_ns);
/* Fill in what to poll for; busy->n entries. */
void supervise_busy_poll(const struct busy *busy, struct pollfd *ret_polls);
/* After poll: answer, drain, close. polls as supervise_busy_poll filled them. Returns whether connections are left. */
bool supervise_busy_step(struct busy *busy, const struct pollfd *polls, int64_t now_ns);

#endif
