/* Connections over a real loop and real sockets, one thread: order, caps, deadlines, drain, exchanges that outlive their connection, faults. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#include "base/fault.h"
#include "http/server.h"

enum { HELD_MAX = 16 };
#define GET_A "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

/* A server and what its handler saw. */
struct bench {
	struct loop *loop;
	struct http_server *server;
	struct loop_timer *timer;
	int listen_fd;
	uint16_t port;
	bool hold;  /* keep exchanges instead of answering */
	bool close; /* answer with close */
	int status;
	struct http_exchange *held[HELD_MAX];
	size_t n_held, n_requests, n_done;
	int refused; /* last code */
	char peer[64], seen[1024]; /* paths and bodies in order */
};

static struct http_limits limits_default(void)
{
	return (struct http_limits){.handshake_ms = 5000, .head_ms = 5000, .body_ms = 5000, .idle_ms = 5000, .write_ms = 5000,
				    .connections_max = 100};
}

static void answer(struct bench *bench, struct http_exchange *exchange)
{
	struct http_reply reply = {.status = bench->status, .headers = STR("X-A: b\r\n"), .body = STR("hello"), .close = bench->close};
	http_exchange_reply(exchange, &reply);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct bench *bench = arg;
	size_t len = strlen(bench->seen);
	snprintf(bench->seen + len, sizeof(bench->seen) - len, "%.*s[%.*s]", STR_ARG(request->path), STR_ARG(request->body));
	snprintf(bench->peer, sizeof(bench->peer), "%.*s", STR_ARG(request->peer_addr));
	bench->n_requests++;
	http_exchange_set_data(exchange, bench);
	assert_ptr_equal(http_exchange_data(exchange), bench);
	assert_ptr_equal(http_exchange_request(exchange), request);
	if (bench->hold && bench->n_held < HELD_MAX)
		bench->held[bench->n_held++] = exchange;
	else
		answer(bench, exchange);
}

static void on_refuse(int code, struct str peer, struct buf *headers, struct buf *body, int *ret_status, void *arg)
{
	struct bench *bench = arg;
	(void)peer;
	bench->refused = code;
	*ret_status = err_row(code)->status;
	buf_put(headers, STR("X-Refused: y\r\n"));
	buf_put(body, str_of(err_row(code)->symbol));
}

static void stop(void *arg) { loop_stop(((struct bench *)arg)->loop); }

static void on_done(void *arg) { ((struct bench *)arg)->n_done++; }

static int open_listener(struct bench *bench)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	bench->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(bench->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(bench->listen_fd, 16), 0);
	assert_int_equal(getsockname(bench->listen_fd, (struct sockaddr *)&at, &len), 0);
	bench->port = ntohs(at.sin_port);
	return http_server_listen(bench->server, bench->listen_fd, NULL);
}

/* May fail under armed faults. */
static int bench_open(struct bench *bench, const struct http_limits *limits)
{
	*bench = (struct bench){.listen_fd = -1, .status = 200};
	TRY(loop_new(&bench->loop));
	TRY(loop_timer_new(bench->loop, stop, bench, &bench->timer));
	struct http_server_options options = {.loop = bench->loop, .limits = *limits, .handler = {on_request, on_refuse, bench}};
	TRY(http_server_new(&options, &bench->server));
	return open_listener(bench);
}

static void bench_close(struct bench *bench)
{
	http_server_free(bench->server);
	loop_timer_free(bench->timer);
	loop_free(bench->loop);
	if (bench->listen_fd >= 0)
		close(bench->listen_fd);
}

static void pump(struct bench *bench, uint32_t ms)
{
	assert_int_equal(loop_timer_start(bench->timer, ms), 0);
	assert_int_equal(loop_run(bench->loop), 0);
}

static int dial(const struct bench *bench)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(bench->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, const char *text) { assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text)); }

/* What the peer got until now, "" for nothing; "EOF" or "RESET" is appended when the connection ended. */
static const char *hear(int fd)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n;
	while ((n = recv(fd, text + len, sizeof(text) - len - 8, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	text[len] = 0;
	if (n == 0)
		memcpy(text + len, "EOF", 4);
	else if (errno == ECONNRESET)
		memcpy(text + len, "RESET", 6);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void expect_in(const char *text, const char *what)
{
	if (strstr(text, what))
		return;
	struct str got = str_of(text);
	print_error("no \"%s\" in \"%.*s\"\n", what, STR_ARG(got));
	fail();
}

static struct http_server_stats stats_of(const struct bench *bench)
{
	struct http_server_stats stats;
	http_server_stats(bench->server, &stats);
	return stats;
}

static void test_reply_forms(void **state)
{
	(void)state;
	static const struct {
		const char *request;
		int status;
		bool close;
		const char *has, *has_not;
	} rows[] = {
		{GET_A, 200, false, "HTTP/1.1 200 OK\r\nDate: ", "Connection:"},
		{GET_A, 200, false, "X-A: b\r\nContent-Length: 5\r\n\r\nhello", "EOF"},
		{GET_A, 200, true, "Connection: close\r\n\r\nhelloEOF", "keep-alive"},
		{GET_A, 418, false, "HTTP/1.1 418 \r\n", "EOF"},
		{GET_A, 204, false, "204 No Content\r\n", "Content-Length"},
		{GET_A, 304, false, "\r\n\r\n", "hello"},
		{"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 200, false, "Content-Length: 5\r\n\r\n", "hello"},
		{"GET / HTTP/1.0\r\n\r\n", 200, false, "Connection: close\r\n\r\nhelloEOF", "keep-alive"},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false, "Connection: keep-alive\r\n\r\nhello", "EOF"},
		{"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, false, "Connection: close\r\n\r\nhelloEOF", "keep-alive"},
	};
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = dial(&bench);
		bench.status = rows[i].status;
		bench.close = rows[i].close;
		say(fd, rows[i].request);
		pump(&bench, 10);
		const char *got = hear(fd);
		expect_in(got, rows[i].has);
		assert_null(strstr(got, rows[i].has_not));
		close(fd);
	}
	assert_string_equal(bench.peer, "127.0.0.1");
	bench_close(&bench);
}

static void test_pipelined_in_order(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	bench.hold = true;
	say(fd, GET_A "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcPOST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "2\r\nde\r\n0\r\n\r\nGET /d HTTP/1.1\r\nHo");
	for (size_t i = 0; i < 3; i++) {
		pump(&bench, 10);
		assert_int_equal(bench.n_requests, i + 1); /* one at a time */
		assert_int_equal(count(hear(fd), "hello"), i > 0 ? 1 : 0);
		answer(&bench, bench.held[i]);
	}
	say(fd, "st: x\r\n\r\n");
	pump(&bench, 10);
	assert_string_equal(bench.seen, "/a[]/b[abc]/c[de]/d[]");
	answer(&bench, bench.held[3]);
	assert_int_equal(count(hear(fd), "hello"), 2);
	close(fd);
	bench_close(&bench);
}

/* Every cut of a request in two packets, and byte by byte: saving and restoring incomplete bytes changes nothing. */
static void test_pieces(void **state)
{
	(void)state;
	static const char request[] = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n";
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		bench.seen[0] = 0;
		assert_true(send(fd, request, cut, 0) == (ssize_t)cut);
		pump(&bench, 1);
		assert_string_equal(bench.seen, "");
		say(fd, request + cut);
		pump(&bench, 1);
		assert_string_equal(bench.seen, "/p[abcde]");
		assert_int_equal(count(hear(fd), "hello"), 1);
	}
	close(fd);
	bench_close(&bench);
}

static void test_continue(void **state)
{
	(void)state;
	static const char head[] = "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	say(fd, head);
	pump(&bench, 10);
	assert_string_equal(hear(fd), "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "ab");
	pump(&bench, 10);
	assert_string_equal(hear(fd), "");
	say(fd, "c");
	pump(&bench, 10);
	assert_int_equal(count(hear(fd), "hello"), 1);
	/* The body came with the head: no interim reply. */
	char both[256];
	snprintf(both, sizeof(both), "%sabc", head);
	say(fd, both);
	pump(&bench, 10);
	assert_int_equal(count(hear(fd), "100 Continue"), 0);
	/* A head that is refused gets no "go on". */
	say(fd, "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
	pump(&bench, 10);
	const char *got = hear(fd);
	expect_in(got, "HTTP/1.1 413 ");
	assert_int_equal(count(got, "100 Continue"), 0);
	close(fd);
	bench_close(&bench);
}

static void test_refusal(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	say(fd, GET_A "GET /b HTTP/1.1\nHost: x\r\n\r\n" GET_A);
	pump(&bench, 10);
	const char *got = hear(fd);
	expect_in(got, "hello"); /* what was fine before is answered */
	expect_in(got, "HTTP/1.1 400 Bad Request\r\n");
	expect_in(got, "X-Refused: y\r\nContent-Length: 6\r\nConnection: close\r\n\r\nSYNTAXEOF");
	assert_int_equal(bench.n_requests, 1); /* and nothing behind it */
	assert_int_equal(stats_of(&bench).refused_syntax, 1);
	say(fd, "more that nobody reads");
	pump(&bench, 10);
	assert_string_equal(hear(fd), "EOF"); /* lingering: no reset */
	close(fd);
	pump(&bench, 10);
	assert_int_equal(stats_of(&bench).open, 0);
	bench_close(&bench);
}

static void test_connection_dies_first(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	struct linger reset = {.l_onoff = 1};
	int fd = dial(&bench);
	bench.hold = true;
	say(fd, GET_A);
	pump(&bench, 10);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	pump(&bench, 10);
	assert_int_equal(bench.n_held, 1);
	expect_str(http_exchange_request(bench.held[0])->path, STR("/a")); /* still there */
	answer(&bench, bench.held[0]);
	pump(&bench, 10);
	assert_int_equal(stats_of(&bench).open, 0);
	/* The whole server goes first. */
	fd = dial(&bench);
	say(fd, GET_A);
	pump(&bench, 10);
	http_server_free(bench.server);
	bench.server = NULL;
	expect_str(http_exchange_request(bench.held[1])->path, STR("/a"));
	answer(&bench, bench.held[1]);
	assert_true(strstr(hear(fd), "hello") == NULL);
	close(fd);
	bench_close(&bench);
}

static void test_half_close(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	bench.hold = true;
	say(fd, GET_A GET_A);
	shutdown(fd, SHUT_WR);
	pump(&bench, 10);
	answer(&bench, bench.held[0]);
	pump(&bench, 10);
	answer(&bench, bench.held[1]);
	pump(&bench, 10);
	const char *got = hear(fd);
	assert_int_equal(count(got, "hello"), 2);
	expect_in(got, "EOF");
	close(fd);
	bench_close(&bench);
}

static void test_drain(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int idle = dial(&bench), fresh = dial(&bench), busy = dial(&bench), half = dial(&bench);
	say(idle, GET_A);
	pump(&bench, 10);
	expect_in(hear(idle), "hello");
	bench.hold = true;
	say(busy, GET_A);
	say(half, "GET /h HTTP/1.1\r\n");
	pump(&bench, 10);
	http_server_drain(bench.server, on_done, &bench);
	assert_int_equal(bench.n_done, 0);
	pump(&bench, 10);
	assert_string_equal(hear(idle), "EOF");
	assert_string_equal(hear(fresh), "EOF");
	assert_string_equal(hear(busy), "");
	int late = dial(&bench); /* waits in the listen queue: nobody accepts */
	bench.hold = false;
	say(half, "Host: x\r\n\r\n");
	pump(&bench, 10);
	expect_in(hear(half), "Connection: close\r\n\r\nhelloEOF");
	close(half);
	answer(&bench, bench.held[0]);
	pump(&bench, 10);
	expect_in(hear(busy), "Connection: close\r\n\r\nhelloEOF");
	assert_int_equal(bench.n_done, 0); /* still lingering */
	pump(&bench, 400);
	assert_int_equal(bench.n_done, 1);
	assert_string_equal(hear(late), "");
	close(late);
	close(busy);
	close(idle);
	close(fresh);
	bench_close(&bench);
}

static void free_server(void *arg)
{
	struct bench *bench = arg;
	bench->n_done++;
	http_server_free(TAKE(bench->server));
}

static void test_drain_of_nothing_may_free(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	http_server_drain(bench.server, free_server, &bench);
	pump(&bench, 50);
	assert_int_equal(bench.n_done, 1);
	assert_null(bench.server);
	bench_close(&bench);
}

static void test_caps(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	limits.connections_max = 3;
	limits.connections_per_addr_max = 2;
	limits.requests_per_connection = 2;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fds[3] = {dial(&bench), dial(&bench), dial(&bench)};
	pump(&bench, 10);
	assert_int_equal(stats_of(&bench).open, 2);
	const char *got = hear(fds[2]);
	expect_in(got, "HTTP/1.1 503 Service Unavailable\r\n");
	expect_in(got, "UNAVAILABLEEOF");
	assert_int_equal(stats_of(&bench).refused_cap, 1);
	close(fds[0]);
	pump(&bench, 10);
	fds[0] = dial(&bench); /* room again */
	say(fds[0], GET_A GET_A GET_A);
	pump(&bench, 10);
	got = hear(fds[0]);
	assert_int_equal(count(got, "hello"), 2); /* requests_per_connection */
	expect_in(got, "Connection: close\r\n\r\nhelloEOF");
	limits.connections_per_addr_max = 0;
	http_server_set_limits(bench.server, &limits);
	int more[2] = {dial(&bench), dial(&bench)};
	pump(&bench, 10);
	assert_int_equal(stats_of(&bench).open, 3);
	expect_in(hear(more[1]), "503");
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	close(more[0]);
	close(more[1]);
	bench_close(&bench);
}

static void test_deadlines(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *has; /* at the end */
	} rows[] = {
		{"", "EOF"},                                                                   /* never said anything */
		{"GET / HTTP/1.1\r\nHo", "HTTP/1.1 408 "},                                     /* head */
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", "HTTP/1.1 408 "}, /* body */
		{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "HTTP/1.1 408 "},
		{GET_A, "helloEOF"},                                                           /* idle */
	};
	struct http_limits limits = limits_default();
	struct bench bench;
	int fds[COUNT(rows)];
	limits.head_ms = limits.body_ms = limits.idle_ms = 100;
	assert_int_equal(bench_open(&bench, &limits), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fds[i] = dial(&bench);
		say(fds[i], rows[i].bytes);
	}
	pump(&bench, 50);
	assert_int_equal(stats_of(&bench).open, COUNT(rows));
	pump(&bench, 150);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = hear(fds[i]);
		expect_in(got, rows[i].has);
		expect_in(got, "EOF");
		close(fds[i]);
	}
	pump(&bench, 20);
	assert_int_equal(stats_of(&bench).open, 0);
	assert_int_equal(stats_of(&bench).timeouts, 4);
	bench_close(&bench);
}

/* Shorter limits reach the connections that are there. */
static void test_new_limits(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	say(fd, "GET / HT");
	pump(&bench, 60);
	limits.head_ms = 50;
	http_server_set_limits(bench.server, &limits);
	pump(&bench, 30);
	expect_in(hear(fd), "HTTP/1.1 408 ");
	close(fd);
	bench_close(&bench);
}

static void test_unix_socket(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	limits.connections_per_addr_max = 1;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), fds[2];
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "mintmark-test-%d", (int)getpid()); /* abstract */
	assert_int_equal(bind(listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listen_fd, 4), 0);
	assert_int_equal(http_server_listen(bench.server, listen_fd, NULL), 0);
	for (size_t i = 0; i < 2; i++) { /* no cap per address there */
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&at, sizeof(at)), 0);
		say(fds[i], GET_A);
		pump(&bench, 10);
		expect_in(hear(fds[i]), "hello");
		close(fds[i]);
	}
	assert_string_equal(bench.peer, "unix");
	bench_close(&bench);
	close(listen_fd);
}

/* A peer that never reads: the reply waits in our buffer, the next request is not started, the deadline ends it. */
static void test_peer_never_reads(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	int small = 4096;
	limits.write_ms = 200;
	assert_int_equal(bench_open(&bench, &limits), 0);
	setsockopt(bench.listen_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	int fd = dial(&bench);
	char *big = calloc(1, 8 * 1024 * 1024);
	bench.hold = true;
	say(fd, GET_A GET_A);
	pump(&bench, 10);
	struct http_reply reply = {.status = 200, .body = {big, 8 * 1024 * 1024}};
	http_exchange_reply(bench.held[0], &reply);
	pump(&bench, 100);
	assert_int_equal(bench.n_requests, 1);
	assert_int_equal(stats_of(&bench).open, 1);
	pump(&bench, 200);
	assert_int_equal(stats_of(&bench).open, 0);
	assert_int_equal(stats_of(&bench).timeouts, 1);
	free(big);
	close(fd);
	bench_close(&bench);
}

/* A large reply to a peer that reads slowly arrives whole, and the next request is answered behind it. */
static void test_large_reply(void **state)
{
	(void)state;
	struct http_limits limits = limits_default();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = dial(&bench);
	size_t size = 4 * 1024 * 1024, total = 0;
	char *big = malloc(size);
	memset(big, 'z', size);
	bench.hold = true;
	say(fd, GET_A GET_A);
	pump(&bench, 10);
	struct http_reply reply = {.status = 200, .body = {big, size}};
	http_exchange_reply(bench.held[0], &reply);
	for (unsigned i = 0; i < 2000 && total < size; i++) {
		pump(&bench, 1);
		total += count(hear(fd), "z");
	}
	assert_int_equal(total, size);
	pump(&bench, 10);
	assert_int_equal(bench.n_requests, 2);
	answer(&bench, bench.held[1]);
	expect_in(hear(fd), "hello");
	free(big);
	close(fd);
	bench_close(&bench);
}

/* A small visit, everything of it once; whatever fails, nothing leaks and the peer sees no half reply with status 200. */
static bool visit(void)
{
	struct http_limits limits = limits_default();
	struct bench bench;
	bool whole = false;
	if (bench_open(&bench, &limits) == 0) {
		int fd = dial(&bench);
		say(fd, "POST /f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
		pump(&bench, 5);
		(void)send(fd, "c\r\n0\r\n\r\nGET /", 14, MSG_NOSIGNAL);
		pump(&bench, 5);
		const char *got = hear(fd);
		whole = strstr(got, "\r\n\r\nhello") != NULL;
		assert_true(whole || strstr(got, "200 OK") == NULL);
		close(fd);
		pump(&bench, 5);
	}
	bench_close(&bench);
	return whole;
}

static void test_fault_sweep(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_WRITE, FAULT_RANDOM};
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (long nth = 1;; nth++) {
			fault_arm(kinds[kind], nth);
			bool whole = visit();
			bool reached = fault_reached(kinds[kind]);
			fault_arm(kinds[kind], 0);
			assert_true(nth < 200);
			if (reached)
				continue;
			assert_true(whole);
			assert_true(nth > 1);
			break;
		}
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_forms), cmocka_unit_test(test_pipelined_in_order), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_continue), cmocka_unit_test(test_refusal), cmocka_unit_test(test_connection_dies_first),
		cmocka_unit_test(test_half_close), cmocka_unit_test(test_drain), cmocka_unit_test(test_drain_of_nothing_may_free),
		cmocka_unit_test(test_caps), cmocka_unit_test(test_deadlines), cmocka_unit_test(test_new_limits),
		cmocka_unit_test(test_unix_socket), cmocka_unit_test(test_peer_never_reads), cmocka_unit_test(test_large_reply),
		cmocka_unit_test(test_fault_sweep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
