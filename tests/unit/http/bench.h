/* A server over a real loop and real sockets, in one thread, for the tests of connections; and what its handler saw. */
#ifndef TESTS_UNIT_HTTP_BENCH_H
#define TESTS_UNIT_HTTP_BENCH_H

#include <sys/socket.h>

#include "test.h"

#include "http/server.h"

enum { BENCH_HELD_MAX = 16 };
#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

struct bench {
	struct loop *loop;
	struct http_server *server;
	struct loop_timer *timer;
	int listen_fd;
	uint16_t port;
	bool hold;  /* keep exchanges instead of answering */
	bool close; /* answer with close */
	int status;
	struct http_exchange *held[BENCH_HELD_MAX];
	size_t n_held, n_requests, n_done;
	int refused; /* last code */
	char peer[64], seen[1024]; /* paths and bodies in order */
};

struct http_limits bench_limits(void);
/* May fail under armed faults; bench_close is due in any case. */
must_check int bench_open(struct bench *bench, const struct http_limits *limits);
void bench_close(struct bench *bench);
/* Run the loop for so long. */
void bench_pump(struct bench *bench, uint32_t ms);
/* "hello", with bench->status and bench->close. */
void bench_answer(struct bench *bench, struct http_exchange *exchange);
struct http_server_stats bench_stats(const struct bench *bench);

/* The peer's side. */
int bench_dial(const struct bench *bench);
void bench_say(int fd, const char *text);
/* What the peer got until now, "" for nothing; "EOF" or "RESET" is appended when the connection ended. */
const char *bench_hear(int fd);
unsigned bench_count(const char *text, const char *what);
void bench_expect_in(const char *text, const char *what);

#endif
