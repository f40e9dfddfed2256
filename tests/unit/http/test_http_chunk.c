/* Chunked bodies (RFC 9112 7.1), whole, cut in two at every byte, and byte by byte. */
#include "test.h"

#include "http/request.h"

static const struct {
	const char *name;
	struct str bytes;
	int verdict;
	const char *body;
	const char *rest; /* behind the body */
} rows[] = {
	/* refused */
	{"empty size", BYTES("\r\n"), E_SYNTAX, "", ""},
	{"size with sign", BYTES("+5\r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"negative size", BYTES("-1\r\n"), E_SYNTAX, "", ""},
	{"size with 0x", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"size in other letters", BYTES("g\r\n"), E_SYNTAX, "", ""},
	{"size with underscore", BYTES("1_0\r\n"), E_SYNTAX, "", ""},
	{"space before the size", BYTES(" 5\r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"space behind the size", BYTES("5 \r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare LF behind the size", BYTES("5\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare CR behind the size", BYTES("5\rhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare LF in an extension", BYTES("5;a\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare CR in an extension", BYTES("5;a\rb\r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"NUL in an extension", BYTES("5;a\0\r\nhello\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"chunk longer than its size", BYTES("5\r\nhello!\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"chunk shorter than its size", BYTES("5\r\nhell\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare LF behind the data", BYTES("5\r\nhello\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"two bytes of anything behind the data", BYTES("5\r\nhelloXX0\r\n\r\n"), E_SYNTAX, "", ""},
	{"bare LF at the end", BYTES("0\r\n\n"), E_SYNTAX, "", ""},
	{"bare LF behind a trailer", BYTES("0\r\nA: b\n\r\n"), E_SYNTAX, "", ""},
	{"folded trailer", BYTES("0\r\nA: b\r\n c\r\n\r\n"), E_SYNTAX, "", ""},
	{"space before a trailer's colon", BYTES("0\r\nA : b\r\n\r\n"), E_SYNTAX, "", ""},
	{"trailer without name", BYTES("0\r\n: b\r\n\r\n"), E_SYNTAX, "", ""},
	{"trailer without colon", BYTES("0\r\nA\r\n\r\n"), E_SYNTAX, "", ""},
	{"control in a trailer", BYTES("0\r\nA: \x01\r\n\r\n"), E_SYNTAX, "", ""},
	{"a request where the end should be", BYTES("0\r\nGET / HTTP/1.1\r\n\r\n"), E_SYNTAX, "", ""},
	{"17 digits", BYTES("00000000000000001\r\nx\r\n0\r\n\r\n"), E_SYNTAX, "", ""},
	{"size above the limit", BYTES("10001\r\n"), E_TOO_LARGE, "", ""},
	{"size beyond 32 bits", BYTES("100000005\r\nhello\r\n0\r\n\r\n"), E_TOO_LARGE, "", ""},
	{"size beyond 64 bits", BYTES("10000000000000005\r\n"), E_TOO_LARGE, "", ""},
	{"second size above what is left", BYTES("5\r\nhello\r\nffff\r\n"), E_TOO_LARGE, "", ""},
	/* taken */
	{"nothing", BYTES("0\r\n\r\n"), 0, "", ""},
	{"many zeros", BYTES("0000\r\n\r\n"), 0, "", ""},
	{"one chunk", BYTES("5\r\nhello\r\n0\r\n\r\n"), 0, "hello", ""},
	{"two chunks", BYTES("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), 0, "hello world", ""},
	{"hexadecimal, both cases", BYTES("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"), 0,
	 "01234567890123456789a", ""},
	{"leading zeros", BYTES("0005\r\nhello\r\n0\r\n\r\n"), 0, "hello", ""},
	{"extensions", BYTES("5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n"), 0, "hello", ""},
	{"trailers are dropped", BYTES("5\r\nhello\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n"), 0, "hello", ""},
	{"empty trailer", BYTES("0\r\nA:\r\n\r\n"), 0, "", ""},
	{"pipelined", BYTES("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), 0, "x", "GET / HTTP/1.1\r\n"},
	{"data that looks like framing", BYTES("7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n"), 0, "0\r\n\r\n0\r", ""},
};

struct outcome {
	int rc;
	size_t used;
	char body[256];
	size_t body_len;
};

/* Feed in place, as a connection does: pieces of `first` bytes, then of `step`. */
static struct outcome feed(struct str bytes, size_t first, size_t step)
{
	struct http_chunk chunk = {0};
	struct outcome got = {.rc = E_WOULD_BLOCK};
	size_t at = 0, n = first;
	while (got.rc == E_WOULD_BLOCK && at < bytes.len) {
		n = n < bytes.len - at ? n : bytes.len - at;
		char *piece = malloc(n > 0 ? n : 1);
		memcpy(piece, bytes.p + at, n);
		size_t used = 0, before = chunk.body_len;
		got.rc = http_chunk_feed(&chunk, piece, n, piece, &used);
		memcpy(got.body + before, piece, chunk.body_len - before);
		free(piece);
		at += got.rc == 0 ? used : n;
		n = step;
	}
	got.used = at;
	got.body_len = chunk.body_len;
	return got;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 0; cut <= rows[i].bytes.len + 1; cut++) {
			/* the last two rounds: byte by byte, and whole */
			struct outcome got = cut == rows[i].bytes.len + 1 ? feed(rows[i].bytes, 1, 1)
									  : feed(rows[i].bytes, cut, rows[i].bytes.len);
			if (got.rc != rows[i].verdict)
				fail_msg("%s, cut at %zu: %d, want %d", rows[i].name, cut, got.rc, rows[i].verdict);
			if (got.rc < 0)
				continue;
			expect_str((struct str){got.body, got.body_len}, str_of(rows[i].body));
			assert_int_equal(got.used, rows[i].bytes.len - strlen(rows[i].rest));
		}
}

static void test_prefixes_wait(void **state)
{
	(void)state;
	struct str whole = STR("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n");
	for (size_t n = 1; n < whole.len; n++)
		assert_int_equal(feed((struct str){whole.p, n}, n, n).rc, E_WOULD_BLOCK);
}

static int feed_many(const char *piece, size_t times, struct http_chunk *chunk)
{
	char copy[64], out[64];
	size_t used = 0, len = strlen(piece);
	int rc = E_WOULD_BLOCK;
	for (size_t i = 0; i < times && rc == E_WOULD_BLOCK; i++) {
		memcpy(copy, piece, len);
		rc = http_chunk_feed(chunk, copy, len, out, &used);
	}
	return rc;
}

/* Attack 28: chunks without end, tiny chunks, endless extensions and trailers. */
static void test_bounds(void **state)
{
	(void)state;
	struct http_chunk chunk = {0};
	assert_int_equal(feed_many("20\r\n0123456789abcdef0123456789abcdef\r\n", 2048, &chunk), E_WOULD_BLOCK);
	assert_int_equal(chunk.body_len, HTTP_BODY_MAX);
	assert_int_equal(feed_many("1\r\nx\r\n", 1, &chunk), E_TOO_LARGE);
	chunk = (struct http_chunk){0};
	assert_int_equal(feed_many("1\r\nx\r\n", 65536, &chunk), E_TOO_LARGE); /* framing */
	assert_true(chunk.body_len < 16384);
	chunk = (struct http_chunk){0};
	assert_int_equal(feed_many("1;", 1, &chunk), E_WOULD_BLOCK);
	assert_int_equal(feed_many("aaaaaaaaaaaaaaaa", 65536, &chunk), E_TOO_LARGE);
	chunk = (struct http_chunk){0};
	assert_int_equal(feed_many("0\r\n", 1, &chunk), E_WOULD_BLOCK);
	assert_int_equal(feed_many("A: bbbbbbbbbbbb\r\n", 65536, &chunk), E_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_prefixes_wait),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
