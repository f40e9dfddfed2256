/*
 * Replies in pieces (http_stream.c): framing by version (RFC 9112 6.1, 6.3, 7.1), HEAD, back-pressure, deadlines, peers
 * that vanish, TLS is the wire test's. One thread, real sockets.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

#define CHUNKS "3\r\nabc\r\n11\r\n0123456789abcdef0\r\n0\r\n\r\n"

enum { PIECE = 65536, SMALL = 4096 };

struct writer {
	struct http_exchange *exchange;
	size_t left;          /* bytes still to write */
	size_t most;          /* written at once without HTTP_WAIT in between */
	unsigned n_writable, n_waits;
	int gone;             /* what writable said */
	bool ended, cut;
};

static char piece[PIECE];

static void end(struct writer *writer, bool complete)
{
	assert_false(writer->ended);
	writer->ended = true;
	http_stream_end(writer->exchange, complete);
}

static void go_on(struct writer *writer)
{
	int rc = 0;
	while (writer->left > 0 && rc == 0) {
		size_t n = writer->left < PIECE ? writer->left : PIECE;
		rc = http_stream_write(writer->exchange, str_mem(piece, n));
		writer->left -= rc < 0 ? 0 : n;
	}
	writer->n_waits += rc == HTTP_WAIT;
	if (rc < 0 || (writer->left == 0 && rc == 0))
		end(writer, rc == 0);
}

static void on_writable(struct http_exchange *exchange, int rc, void *arg)
{
	struct writer *writer = arg;
	assert_ptr_equal(exchange, writer->exchange);
	writer->n_writable++;
	writer->gone = rc;
	if (rc < 0 || writer->cut || writer->left == 0)
		end(writer, rc == 0 && !writer->cut);
	else
		go_on(writer);
}

static void start(struct bench *bench, struct writer *writer)
{
	struct http_reply reply = {.status = 200, .headers = STR("X-A: b\r\n"), .close = bench->close};
	writer->exchange = bench->held[bench->n_held - 1];
	int rc = http_stream_begin(writer->exchange, &reply, on_writable, writer);
	if (rc < 0)
		end(writer, false);
	else if (rc == 0)
		go_on(writer);
}

static int ask(struct bench *bench, const char *request)
{
	int fd = bench_dial(bench);
	bench->hold = true;
	bench_say(fd, request);
	bench_pump(bench, 10);
	return fd;
}

static void open_bench(struct bench *bench, uint32_t write_ms)
{
	struct http_limits limits = bench_limits();
	int small = SMALL;
	limits.write_ms = write_ms;
	memset(piece, 'z', sizeof(piece));
	assert_int_equal(bench_open(bench, &limits), 0);
	setsockopt(bench->listen_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
}

static void write_three(struct writer *writer)
{
	static const char *const pieces[] = {"abc", "", "0123456789abcdef0"};
	for (size_t i = 0; i < COUNT(pieces); i++)
		assert_int_equal(http_stream_write(writer->exchange, str_of(pieces[i])), 0);
	end(writer, true);
}

/* RFC 9112 7.1; an empty piece is no last chunk. The next request of the connection is answered behind it. */
static void test_framing(void **state)
{
	static const struct {
		const char *request, *want, *unwanted;
		bool keeps;
	} rows[] = {
		{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" GET_A, "Transfer-Encoding: chunked\r\n\r\n" CHUNKS,
		 "Content-Length", true},
		{"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" CHUNKS "EOF",
		 "Content-Length", false},
		{"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		 "Connection: close\r\n\r\nabc0123456789abcdef0EOF", "chunked", false},
		{"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" GET_A, "Transfer-Encoding: chunked\r\n\r\n", "abc", true},
		{"HEAD /a HTTP/1.0\r\n\r\n", "Connection: close\r\n\r\nEOF", "abc", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bench bench;
		struct writer writer = {0};
		struct http_reply reply = {.status = 200, .headers = STR("X-A: b\r\n")};
		open_bench(&bench, BENCH_LONG_MS);
		int fd = ask(&bench, rows[i].request);
		writer.exchange = bench.held[0];
		assert_int_equal(http_stream_begin(writer.exchange, &reply, on_writable, &writer), 0);
		write_three(&writer);
		bench_pump(&bench, 10);
		const char *got = bench_hear(fd);
		bench_expect_in(got, rows[i].want);
		assert_null(strstr(got, rows[i].unwanted));
		assert_int_equal(bench.n_requests, rows[i].keeps ? 2 : 1);
		if (rows[i].keeps) {
			bench_answer(&bench, bench.held[1]);
			bench_expect_in(bench_hear(fd), "hello");
		}
		close(fd);
		bench_close(&bench);
	}
}

/* All of it arrives however slowly it is read; the writer is held back to what the socket takes. */
static void test_slow_reader(void **state)
{
	struct bench bench;
	size_t total = 0, most_waiting = 0;
	struct writer writer = {.left = 4 << 20};
	(void)state;
	open_bench(&bench, BENCH_LONG_MS);
	int fd = ask(&bench, "GET /a HTTP/1.0\r\n\r\n");
	start(&bench, &writer);
	int64_t end_ns = clock_mono_ns() + INT64_C(60000000000);
	while (total < 4 << 20 && clock_mono_ns() < end_ns) {
		bench_pump(&bench, 1);
		size_t written = (4 << 20) - writer.left;
		most_waiting = written - total > most_waiting ? written - total : most_waiting;
		const char *got = bench_hear(fd);
		total += bench_count(got, "z");
	}
	assert_int_equal(total, 4 << 20);
	assert_true(writer.ended);
	assert_true(writer.n_waits > 4);
	assert_int_equal(writer.n_waits, writer.n_writable);
	assert_true(most_waiting < 3 << 20); /* not all at once: the kernel's buffers and one piece */
	close(fd);
	bench_close(&bench);
}

/* write_ms is a total for what waits: a byte now and then does not stretch it. */
static void test_reader_that_stops(void **state)
{
	struct bench bench;
	struct writer writer = {.left = 64 << 20};
	char one;
	(void)state;
	open_bench(&bench, 200);
	int fd = ask(&bench, GET_A);
	start(&bench, &writer);
	int64_t end_ns = clock_mono_ns() + INT64_C(30000000000);
	while (!writer.ended && clock_mono_ns() < end_ns) {
		bench_pump(&bench, 20);
		(void)!recv(fd, &one, 1, MSG_DONTWAIT);
	}
	assert_true(writer.ended);
	assert_int_equal(writer.gone, E_IO);
	assert_int_equal(bench_stats(&bench).open, 0);
	assert_int_equal(bench_stats(&bench).timeouts, 1);
	close(fd);
	bench_close(&bench);
}

/* The peer goes while we wait for it, and while the writer has not come back yet. */
static void test_peer_vanishes(void **state)
{
	(void)state;
	for (unsigned waiting = 0; waiting < 2; waiting++) {
		struct bench bench;
		struct writer writer = {.left = waiting ? 64 << 20 : 0};
		struct linger reset = {1, 0};
		struct http_reply reply = {.status = 200};
		open_bench(&bench, BENCH_LONG_MS);
		int fd = ask(&bench, GET_A), rc = 0;
		if (waiting) {
			start(&bench, &writer);
		} else {
			writer.exchange = bench.held[0];
			assert_int_equal(http_stream_begin(writer.exchange, &reply, on_writable, &writer), 0);
		}
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		bench_pump(&bench, 50);
		if (!waiting) {
			rc = http_stream_write(writer.exchange, str_mem(piece, PIECE));
			assert_int_equal(rc, E_IO);
			assert_int_equal(http_stream_write(writer.exchange, STR("x")), E_IO);
			end(&writer, true);
		}
		assert_true(writer.ended);
		assert_int_equal(writer.n_writable, waiting);
		bench_pump(&bench, 10);
		assert_int_equal(bench_stats(&bench).open, 0);
		bench_close(&bench);
	}
}

/* Cut short: never a last chunk, and for HTTP/1.0 a reset instead of an end that looks whole. */
static void test_cut(void **state)
{
	static const char *const requests[] = {GET_A, "GET /a HTTP/1.0\r\n\r\n"};
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct bench bench;
		struct writer writer = {0};
		struct http_reply reply = {.status = 200};
		char got[4096];
		ssize_t n;
		open_bench(&bench, BENCH_LONG_MS);
		int fd = ask(&bench, requests[i]);
		writer.exchange = bench.held[0];
		assert_int_equal(http_stream_begin(writer.exchange, &reply, on_writable, &writer), 0);
		assert_int_equal(http_stream_write(writer.exchange, STR("abc")), 0);
		end(&writer, false);
		bench_pump(&bench, 10);
		while ((n = recv(fd, got, sizeof(got), 0)) > 0)
			assert_null(memmem(got, (size_t)n, "\r\n0\r\n", 5));
		assert_int_equal(n, -1);
		assert_int_equal(errno, ECONNRESET);
		close(fd);
		bench_close(&bench);
	}
}

/* Who does not wait when told to is stopped at a bound. */
static void test_writer_that_does_not_wait(void **state)
{
	struct bench bench;
	struct writer writer = {.cut = true};
	struct http_reply reply = {.status = 200};
	int rc = 0;
	(void)state;
	open_bench(&bench, BENCH_LONG_MS);
	int fd = ask(&bench, GET_A);
	writer.exchange = bench.held[0];
	assert_int_equal(http_stream_begin(writer.exchange, &reply, on_writable, &writer), 0);
	for (unsigned i = 0; i < 1000 && rc >= 0; i++)
		rc = http_stream_write(writer.exchange, str_mem(piece, PIECE));
	assert_int_equal(rc, E_LIMIT);
	end(&writer, true);
	bench_pump(&bench, 10);
	assert_int_equal(bench_stats(&bench).open, 0);
	close(fd);
	bench_close(&bench);
}

/* The server goes while exchanges are out: no callback, and end() frees the last of it. */
static void test_server_goes_first(void **state)
{
	struct bench bench;
	struct writer writer = {.left = 64 << 20};
	(void)state;
	open_bench(&bench, BENCH_LONG_MS);
	int fd = ask(&bench, GET_A);
	start(&bench, &writer);
	http_server_free(TAKE(bench.server));
	assert_false(writer.ended);
	assert_int_equal(http_stream_write(writer.exchange, STR("x")), E_IO);
	end(&writer, true);
	close(fd);
	bench_close(&bench);
}

#ifdef MINTMARK_FAULTS
static bool visit(void)
{
	struct http_limits limits = bench_limits();
	struct bench bench;
	bool whole = false;
	if (bench_open(&bench, &limits) == 0) {
		struct writer writer = {.left = 3 * PIECE};
		int fd = ask(&bench, GET_A);
		if (bench.n_held > 0)
			start(&bench, &writer);
		bench_pump(&bench, 5);
		const char *got = bench_hear(fd);
		size_t len = strlen(got);
		whole = len > 7 && strcmp(got + len - 7, "\r\n0\r\n\r\n") == 0;
		while (bench.n_held > 0 && !writer.ended && len > 0) {
			bench_pump(&bench, 5);
			got = bench_hear(fd);
			len = strlen(got);
			whole |= len > 7 && strcmp(got + len - 7, "\r\n0\r\n\r\n") == 0;
		}
		close(fd);
		bench_pump(&bench, 20);
		assert_true(bench.n_held == 0 || writer.ended);
		assert_true(!whole || writer.left == 0);
	}
	bench_close(&bench);
	return whole;
}
#endif

static void test_fault_sweep(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_WRITE};
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (long nth = 1;; nth++) {
			fault_arm(kinds[kind], nth);
			(void)visit();
			bool reached = fault_reached(kinds[kind]);
			fault_arm(kinds[kind], 0);
			assert_true(nth < 200);
			if (!reached)
				break;
		}
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_reader_that_stops),
		cmocka_unit_test(test_peer_vanishes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_writer_that_does_not_wait),
		cmocka_unit_test(test_server_goes_first),
		cmocka_unit_test(test_fault_sweep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
