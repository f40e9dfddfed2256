/* Requests and replies on a connection: forms of replies, order, pieces, interim replies, refusals. */
#include <unistd.h>

#include "bench.h"

#include "base/clock.h"

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
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false, "Connection: keep-alive\r\n\r\nhello",
		 "EOF"},
		{"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, false,
		 "Connection: close\r\n\r\nhelloEOF", "keep-alive"},
	};
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = bench_dial(&bench);
		bench.status = rows[i].status;
		bench.close = rows[i].close;
		bench_say(fd, rows[i].request);
		bench_pump(&bench, 10);
		const char *got = bench_hear(fd);
		bench_expect_in(got, rows[i].has);
		assert_null(strstr(got, rows[i].has_not));
		close(fd);
	}
	assert_string_equal(bench.peer, "127.0.0.1");
	bench_close(&bench);
}

static void test_pipelined_in_order(void **state)
{
	(void)state;
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = bench_dial(&bench);
	bench.hold = true;
	bench_say(fd, GET_A "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcPOST /c HTTP/1.1\r\nHost: "
			    "x\r\nTransfer-Encoding: chunked\r\n\r\n"
			    "2\r\nde\r\n0\r\n\r\nGET /d HTTP/1.1\r\nHo");
	for (size_t i = 0; i < 3; i++) {
		bench_pump(&bench, 10);
		assert_int_equal(bench.n_requests, i + 1); /* one at a time */
		assert_int_equal(bench_count(bench_hear(fd), "hello"), i > 0 ? 1 : 0);
		bench_answer(&bench, bench.held[i]);
	}
	bench_say(fd, "st: x\r\n\r\n");
	bench_pump(&bench, 10);
	assert_string_equal(bench.seen, "/a[]/b[abc]/c[de]/d[]");
	bench_answer(&bench, bench.held[3]);
	assert_int_equal(bench_count(bench_hear(fd), "hello"), 2);
	close(fd);
	bench_close(&bench);
}

/* Every cut of a request in two packets, and byte by byte: saving and restoring incomplete bytes changes nothing. */
static void test_pieces(void **state)
{
	(void)state;
	static const char request[] = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
				      "chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n";
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = bench_dial(&bench);
	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		bench.seen[0] = 0;
		assert_true(send(fd, request, cut, 0) == (ssize_t)cut);
		bench_pump(&bench, 1);
		assert_string_equal(bench.seen, "");
		bench_say(fd, request + cut);
		bench_pump(&bench, 1);
		assert_string_equal(bench.seen, "/p[abcde]");
		assert_int_equal(bench_count(bench_hear(fd), "hello"), 1);
	}
	close(fd);
	bench_close(&bench);
}

static void test_continue(void **state)
{
	(void)state;
	static const char head[] = "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = bench_dial(&bench);
	bench_say(fd, head);
	bench_pump(&bench, 10);
	assert_string_equal(bench_hear(fd), "HTTP/1.1 100 Continue\r\n\r\n");
	bench_say(fd, "ab");
	bench_pump(&bench, 10);
	assert_string_equal(bench_hear(fd), "");
	bench_say(fd, "c");
	bench_pump(&bench, 10);
	assert_int_equal(bench_count(bench_hear(fd), "hello"), 1);
	/* The body came with the head: no interim reply. */
	char both[256];
	snprintf(both, sizeof(both), "%sabc", head);
	bench_say(fd, both);
	bench_pump(&bench, 10);
	assert_int_equal(bench_count(bench_hear(fd), "100 Continue"), 0);
	/* So did a part of the body. */
	snprintf(both, sizeof(both), "%sab", head);
	bench_say(fd, both);
	bench_pump(&bench, 10);
	assert_string_equal(bench_hear(fd), "");
	bench_say(fd, "c");
	bench_pump(&bench, 10);
	assert_int_equal(bench_count(bench_hear(fd), "hello"), 1);
	/* A head that is refused gets no "go on". */
	bench_say(fd, "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
	bench_pump(&bench, 10);
	const char *got = bench_hear(fd);
	bench_expect_in(got, "HTTP/1.1 413 ");
	assert_int_equal(bench_count(got, "100 Continue"), 0);
	close(fd);
	bench_close(&bench);
}

static void test_refusal(void **state)
{
	(void)state;
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	int fd = bench_dial(&bench);
	int64_t from_ns = clock_mono_ns();
	bench_say(fd, GET_A "GET /b HTTP/1.1\nHost: x\r\n\r\n" GET_A);
	bench_pump(&bench, 10);
	const char *got = bench_hear(fd);
	bench_expect_in(got, "hello"); /* what was fine before is answered */
	bench_expect_in(got, "HTTP/1.1 400 Bad Request\r\n");
	bench_expect_in(got, "X-Refused: y\r\nContent-Length: 6\r\nConnection: close\r\n\r\nSYNTAXEOF");
	assert_int_equal(bench.n_requests, 1); /* and nothing behind it */
	assert_int_equal(bench_stats(&bench).refused_syntax, 1);
	bench_say(fd, "more that nobody reads");
	bench_pump(&bench, 10);
	const char *last = bench_hear(fd);
	bool is_late = clock_mono_ns() - from_ns >= INT64_C(1000000000); /* it lingers for a second */
	assert_true(is_late || strcmp(last, "EOF") == 0); /* no reset */
	close(fd);
	bench_until_open(&bench, 0);
	bench_close(&bench);
}

/* Bytes that make a waiting head bad are judged when they come, not when the line ends. */
static void test_bad_byte_is_judged_at_once(void **state)
{
	(void)state;
	static const char *const pieces[][2] = {
		{"GET / HTTP/1.1\r", "x"}, {"GET / HT", "\x01"}, {"GET / HTTP/1.1\r\nHost: x\r\nA", "\n"},
	};
	struct http_limits limits = bench_limits();
	struct bench bench;
	assert_int_equal(bench_open(&bench, &limits), 0);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		int fd = bench_dial(&bench);
		bench_say(fd, pieces[i][0]);
		bench_pump(&bench, 10);
		assert_string_equal(bench_hear(fd), "");
		bench_say(fd, pieces[i][1]);
		bench_pump(&bench, 10);
		bench_expect_in(bench_hear(fd), "HTTP/1.1 400 ");
		close(fd);
	}
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_forms),
		cmocka_unit_test(test_pipelined_in_order),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_bad_byte_is_judged_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
