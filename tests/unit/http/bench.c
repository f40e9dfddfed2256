/* See bench.h. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/clock.h"

enum { ROUNDS = 20 };

struct http_limits bench_limits(void)
{
	return (struct http_limits){.handshake_ms = BENCH_LONG_MS,
				    .head_ms = BENCH_LONG_MS,
				    .body_ms = BENCH_LONG_MS,
				    .idle_ms = BENCH_LONG_MS,
				    .write_ms = BENCH_LONG_MS,
				    .drain_ms = BENCH_LONG_MS,
				    .connections_max = 100};
}

void bench_answer(struct bench *bench, struct http_exchange *exchange)
{
	struct http_reply reply = {
		.status = bench->status, .headers = STR("X-A: b\r\n"), .body = STR("hello"), .close = bench->close};
	http_exchange_reply(exchange, &reply);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct bench *bench = arg;
	size_t len = strlen(bench->seen);
	snprintf(bench->seen + len, sizeof(bench->seen) - len, "%.*s[%.*s]", STR_ARG(request->path),
		 STR_ARG(request->body));
	snprintf(bench->peer, sizeof(bench->peer), "%.*s", STR_ARG(request->peer_addr));
	bench->n_requests++;
	http_exchange_set_data(exchange, bench);
	assert_ptr_equal(http_exchange_data(exchange), bench);
	assert_ptr_equal(http_exchange_request(exchange), request);
	if (bench->hold && bench->n_held < BENCH_HELD_MAX)
		bench->held[bench->n_held++] = exchange;
	else
		bench_answer(bench, exchange);
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

static int open_listener(struct bench *bench)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	bench->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(bench->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(bench->listen_fd, 128), 0);
	assert_int_equal(getsockname(bench->listen_fd, (struct sockaddr *)&at, &len), 0);
	bench->port = ntohs(at.sin_port);
	return http_server_listen(bench->server, bench->listen_fd, NULL);
}

int bench_open(struct bench *bench, const struct http_limits *limits)
{
	*bench = (struct bench){.listen_fd = -1, .status = 200};
	TRY(loop_new(&bench->loop));
	TRY(loop_timer_new(bench->loop, stop, bench, &bench->timer));
	struct http_server_options options = {
		.loop = bench->loop, .limits = *limits, .handler = {on_request, on_refuse, bench}};
	TRY(http_server_new(&options, &bench->server));
	return open_listener(bench);
}

void bench_close(struct bench *bench)
{
	http_server_free(bench->server);
	loop_timer_free(bench->timer);
	loop_free(bench->loop);
	if (bench->listen_fd >= 0)
		close(bench->listen_fd);
}

void bench_pump(struct bench *bench, uint32_t ms)
{
	for (unsigned i = 0; i <= ROUNDS; i++) { /* if time ran out before the first: accept, read, answer, ... */
		assert_int_equal(loop_timer_start(bench->timer, i == 0 ? ms : 0), 0);
		assert_int_equal(loop_run(bench->loop), 0);
	}
}

void bench_until_open(struct bench *bench, uint64_t open)
{
	int64_t end_ns = clock_mono_ns() + BENCH_PATIENCE_NS;
	while (bench_stats(bench).open != open && clock_mono_ns() < end_ns)
		bench_pump(bench, 5);
	assert_int_equal(bench_stats(bench).open, open);
}

int bench_dial(const struct bench *bench)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(bench->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void bench_say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

const char *bench_hear(int fd)
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

const char *bench_hear_until(struct bench *bench, int fd, const char *what)
{
	static char text[65536];
	size_t len = 0;
	text[0] = 0;
	for (int64_t end_ns = clock_mono_ns() + BENCH_PATIENCE_NS; clock_mono_ns() < end_ns && !strstr(text, what);) {
		bench_pump(bench, 5);
		int n = snprintf(text + len, sizeof(text) - len, "%s", bench_hear(fd));
		assert_in_range(n, 0, sizeof(text) - len - 1);
		len += (size_t)n;
	}
	bench_expect_in(text, what);
	return text;
}

unsigned bench_count(const char *text, const char *what)
{
	unsigned n = 0;
	size_t len = strlen(what);
	for (const char *at = text; *at;
	     at++) /* not strstr, which under the sanitizer measures the whole text each time */
		n += *at == *what && strncmp(at, what, len) == 0 ? 1 : 0;
	return n;
}

void bench_expect_in(const char *text, const char *what)
{
	if (strstr(text, what))
		return;
	struct str got = str_of(text);
	print_error("no \"%s\" in \"%.*s\"\n", what, STR_ARG(got));
	fail();
}

struct http_server_stats bench_stats(const struct bench *bench)
{
	struct http_server_stats stats;
	http_server_stats(bench->server, &stats);
	return stats;
}
