/* A server over a real loop and real sockets, in one thread, for the tests of connections; and what its handler saw. */
#ifndef TESTS_UNIT_HTTP_BENCH_H
#define TESTS_UNIT_HTTP_BENCH_H

#include <sys/socket.h>

#include "test.h"

#include "http/server.h"

/* A machine may stand still between any two lines: no deadline but the one that a test is about may be near. */
enum { BENCH_HELD_MAX = 16, BENCH_LONG_MS = 600000 };
#define BENCH_PATIENCE_NS INT64_C(60000000000)
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
/* Run the loop for so long, and until what was due or there by then has happened. */
void bench_pump(struct bench *bench, uint32_t ms);
/* Run it until so many connections are open; fails after a minute. */
void bench_until_open(struct bench *bench, uint64_t open);
/* "hello", with bench->status and bench->close. */
void bench_answer(struct bench *bench, struct http_exchange *exchange);
struct http_server_stats bench_stats(const struct bench *bench);

/* The peer's side. */
int bench_dial(const struct bench *bench);
void bench_say(int fd, const char *text);
/* What the peer got until now, "" for nothing; "EOF" or "RESET" is appended when the connection ended. */
const char *bench_hear(int fd);
/* All that it gets, running the loop until this is in it; fails after a minute. */
const char *bench_hear_until(struct bench *bench, int fd, const char *what);
unsigned bench_count(const char *text, const char *what);
void bench_expect_in(const char *text, const char *what);

#endif
