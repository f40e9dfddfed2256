/*
 * Heads of requests: every malformed case of our HTTP rules by name, whole and cut at every byte (RFC 9112; DESIGN 8;
 * attacks 28 and 40).
 */
#include "test.h"

#include "http/request.h"

#define HOST "Host: a.example\r\n"
#define G "GET / HTTP/1.1\r\n"

struct refusal {
	const char *name;
	struct str bytes;
	int verdict;
};

static const struct refusal refusals[] = {
	/* request line: RFC 9112 3 */
	{"lower-case method", BYTES("get / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"mixed-case method", BYTES("GeT / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"method of 17 letters", BYTES("ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"method with a digit", BYTES("GET1 / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"method with a hyphen", BYTES("M-SEARCH / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"no method", BYTES(" / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"two spaces behind the method", BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"two spaces behind the target", BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"tab behind the method", BYTES("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"space behind the version", BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), E_SYNTAX},
	{"HTTP/0.9 line", BYTES("GET /\r\n"), E_SYNTAX},
	{"no target", BYTES("GET HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"empty target", BYTES("GET  HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"two CRLF in front", BYTES("\r\n\r\n" G HOST "\r\n"), E_SYNTAX},
	{"bare LF in front", BYTES("\n" G HOST "\r\n"), E_SYNTAX},
	{"space in front", BYTES(" " G HOST "\r\n"), E_SYNTAX},
	{"a TLS hello", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), E_SYNTAX},
	/* version: RFC 9112 2.3 */
	{"HTTP/2.0", BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), E_HTTP_VERSION},
	{"HTTP/0.9 in words", BYTES("GET / HTTP/0.9\r\n" HOST "\r\n"), E_HTTP_VERSION},
	{"the preface of HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), E_HTTP_VERSION},
	{"lower-case http", BYTES("GET / http/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"no minor version", BYTES("GET / HTTP/1\r\n" HOST "\r\n"), E_SYNTAX},
	{"two-digit minor version", BYTES("GET / HTTP/1.10\r\n" HOST "\r\n"), E_SYNTAX},
	{"two-digit major version", BYTES("GET / HTTP/11.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"comma in the version", BYTES("GET / HTTP/1,1\r\n" HOST "\r\n"), E_SYNTAX},
	{"other protocol", BYTES("GET / RTSP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	/* target: RFC 9112 3.2, RFC 3986 */
	{"fragment in the target", BYTES("GET /#x HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"space in the target", BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"NUL in the target", BYTES("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"control in the target",
	 BYTES("GET /a\x01"
	       "b HTTP/1.1\r\n" HOST "\r\n"),
	 E_SYNTAX},
	{"DEL in the target", BYTES("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"byte above 127 in the target", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"byte above 127 in the query", BYTES("GET /?q=\xff HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"backslash in the target", BYTES("GET /a\\b HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"angle bracket in the target", BYTES("GET /<script> HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"quote in the target", BYTES("GET /\"a HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"square bracket in the path", BYTES("GET /a[b] HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"vertical bar in the path", BYTES("GET /a|b?c HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"angle bracket in the query", BYTES("GET /a?<b HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"quote in the query", BYTES("GET /a?\"b HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"fragment behind the query", BYTES("GET /a?b#c HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"percent without digits in the query", BYTES("GET /a?b=%zz HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"percent without digits", BYTES("GET /%zz HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"percent with one digit", BYTES("GET /%4 HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"percent at the end", BYTES("GET /% HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"relative target", BYTES("GET index.html HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"asterisk for GET", BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"authority form", BYTES("CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"authority form for GET", BYTES("GET a.example:443 HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"absolute form without authority", BYTES("GET http:///a HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"absolute form with user information", BYTES("GET http://u@a.example/ HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"absolute form of another scheme", BYTES("GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"absolute form with fragment", BYTES("GET http://a.example/#a HTTP/1.1\r\n" HOST "\r\n"), E_SYNTAX},
	{"absolute form without Host", BYTES("GET http://a.example/ HTTP/1.1\r\n\r\n"), E_SYNTAX},
	/* Host: RFC 9112 3.2 */
	{"no Host", BYTES(G "\r\n"), E_SYNTAX},
	{"two Hosts", BYTES(G HOST "Host: b.example\r\n\r\n"), E_SYNTAX},
	{"two equal Hosts", BYTES(G HOST HOST "\r\n"), E_SYNTAX},
	{"two Hosts in HTTP/1.0", BYTES("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), E_SYNTAX},
	{"empty Host", BYTES(G "Host:\r\n\r\n"), E_SYNTAX},
	{"Host with a path", BYTES(G "Host: a.example/x\r\n\r\n"), E_SYNTAX},
	{"Host with user information", BYTES(G "Host: u@a.example\r\n\r\n"), E_SYNTAX},
	{"Host with a list", BYTES(G "Host: a.example, b.example\r\n\r\n"), E_SYNTAX},
	{"Host with a space", BYTES(G "Host: a b\r\n\r\n"), E_SYNTAX},
	{"Host with letters for a port", BYTES(G "Host: a.example:http\r\n\r\n"), E_SYNTAX},
	{"Host with a port too large", BYTES(G "Host: a.example:65536\r\n\r\n"), E_SYNTAX},
	{"Host with two ports", BYTES(G "Host: a.example:1:2\r\n\r\n"), E_SYNTAX},
	{"Host of a bare IPv6 address", BYTES(G "Host: ::1\r\n\r\n"), E_SYNTAX},
	{"Host of an open bracket", BYTES(G "Host: [::1\r\n\r\n"), E_SYNTAX},
	{"Host of a broken IPv6 address", BYTES(G "Host: [::g]\r\n\r\n"), E_SYNTAX},
	{"Host with text behind the bracket", BYTES(G "Host: [::1]x\r\n\r\n"), E_SYNTAX},
	{"Host above 127", BYTES(G "Host: \xc3\xa4.example\r\n\r\n"), E_SYNTAX},
	/* header lines: RFC 9112 5 */
	{"space before the colon", BYTES(G HOST "A : b\r\n\r\n"), E_SYNTAX},
	{"tab before the colon", BYTES(G HOST "A\t: b\r\n\r\n"), E_SYNTAX},
	{"space before the colon of a length", BYTES(G HOST "Content-Length : 5\r\n\r\n"), E_SYNTAX},
	{"space before the colon of a coding", BYTES(G HOST "Transfer-Encoding : chunked\r\n\r\n"), E_SYNTAX},
	{"no colon", BYTES(G HOST "A\r\n\r\n"), E_SYNTAX},
	{"no name", BYTES(G HOST ": b\r\n\r\n"), E_SYNTAX},
	{"folded line", BYTES(G HOST "A: b\r\n c\r\n\r\n"), E_SYNTAX},
	{"folded line by tab", BYTES(G HOST "A: b\r\n\tc: d\r\n\r\n"), E_SYNTAX},
	{"folded coding", BYTES(G HOST "Transfer-Encoding:\r\n chunked\r\n\r\n"), E_SYNTAX},
	{"first header line folded", BYTES(G " Host: a.example\r\n\r\n"), E_SYNTAX},
	{"bare LF", BYTES("GET / HTTP/1.1\n" HOST "\n"), E_SYNTAX},
	{"bare LF behind a header", BYTES(G "Host: a.example\n\r\n"), E_SYNTAX},
	{"bare LF as the empty line", BYTES(G HOST "\n"), E_SYNTAX},
	{"bare CR in a value", BYTES(G HOST "A: b\rc\r\n\r\n"), E_SYNTAX},
	{"bare CR hiding a header", BYTES(G HOST "A: b\rTransfer-Encoding: chunked\r\n\r\n"), E_SYNTAX},
	{"two CR", BYTES(G HOST "A: b\r\r\n\r\n"), E_SYNTAX},
	{"NUL in a value", BYTES(G HOST "A: b\0c\r\n\r\n"), E_SYNTAX},
	{"NUL in a name", BYTES(G HOST "A\0: b\r\n\r\n"), E_SYNTAX},
	{"control in a value", BYTES(G HOST "A: b\x1b[0m\r\n\r\n"), E_SYNTAX},
	{"vertical tab around a coding",
	 BYTES(G HOST "Transfer-Encoding: \x0b"
		      "chunked\r\n\r\n"),
	 E_SYNTAX},
	{"DEL in a value", BYTES(G HOST "A: b\x7f\r\n\r\n"), E_SYNTAX},
	{"bracket in a name", BYTES(G HOST "A[1]: b\r\n\r\n"), E_SYNTAX},
	{"byte above 127 in a name", BYTES(G HOST "\xc3\xa4: b\r\n\r\n"), E_SYNTAX},
	/* lengths and codings: RFC 9112 6 */
	{"two lengths", BYTES(G HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), E_SYNTAX},
	{"two equal lengths", BYTES(G HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), E_SYNTAX},
	{"list of lengths", BYTES(G HOST "Content-Length: 5, 5\r\n\r\n"), E_SYNTAX},
	{"length with plus", BYTES(G HOST "Content-Length: +57\r\n\r\n"), E_SYNTAX},
	{"length with minus", BYTES(G HOST "Content-Length: -1\r\n\r\n"), E_SYNTAX},
	{"length in hexadecimal", BYTES(G HOST "Content-Length: 0x10\r\n\r\n"), E_SYNTAX},
	{"length with leading zero", BYTES(G HOST "Content-Length: 010\r\n\r\n"), E_SYNTAX},
	{"length with a space", BYTES(G HOST "Content-Length: 1 0\r\n\r\n"), E_SYNTAX},
	{"length with a fraction", BYTES(G HOST "Content-Length: 1.0\r\n\r\n"), E_SYNTAX},
	{"length with an exponent", BYTES(G HOST "Content-Length: 1e3\r\n\r\n"), E_SYNTAX},
	{"empty length", BYTES(G HOST "Content-Length:\r\n\r\n"), E_SYNTAX},
	{"large length with a letter", BYTES(G HOST "Content-Length: 99999999x\r\n\r\n"), E_SYNTAX},
	{"length with chunked", BYTES(G HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), E_SYNTAX},
	{"chunked with length", BYTES(G HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), E_SYNTAX},
	{"length with another coding", BYTES(G HOST "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n"), E_SYNTAX},
	{"chunked twice", BYTES(G HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), E_SYNTAX},
	{"identity and chunked", BYTES(G HOST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"),
	 E_SYNTAX},
	{"chunked in HTTP/1.0", BYTES("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"), E_SYNTAX},
	{"other coding in HTTP/1.0", BYTES("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"), E_SYNTAX},
	{"gzip, chunked", BYTES(G HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"chunked, chunked", BYTES(G HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"chunked with a parameter", BYTES(G HOST "Transfer-Encoding: chunked;q=1\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"xchunked", BYTES(G HOST "Transfer-Encoding: xchunked\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"identity", BYTES(G HOST "Transfer-Encoding: identity\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"quoted chunked", BYTES(G HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"empty coding", BYTES(G HOST "Transfer-Encoding:\r\n\r\n"), E_NOT_IMPLEMENTED},
	{"length above the limit", BYTES(G HOST "Content-Length: 65537\r\n\r\n"), E_TOO_LARGE},
	{"length above 64 bits", BYTES(G HOST "Content-Length: 18446744073709551617\r\n\r\n"), E_TOO_LARGE},
	/* RFC 9110 10.1.1 */
	{"other expectation", BYTES(G HOST "Expect: 200-ok\r\n\r\n"), E_EXPECTATION_FAILED},
	{"expectation in a list", BYTES(G HOST "Expect: 100-continue, x\r\n\r\n"), E_EXPECTATION_FAILED},
};

static int parse(struct str bytes, struct http_request *request, size_t *used)
{
	*used = 0;
	return http_request_head(bytes, request, used);
}

/* Each prefix is either undecided or decided as the whole; E_WOULD_BLOCK for the whole is none of our cases. */
static void expect_same_in_pieces(const char *name, struct str bytes, int verdict, size_t used)
{
	struct http_request request;
	char *copy = malloc(bytes.len + 1);
	for (size_t n = 0; n <= bytes.len; n++) {
		size_t at = 0;
		char *exact = malloc(n > 0 ? n : 1); /* so that the sanitizer sees a read beyond */
		memcpy(exact, bytes.p, n);
		int rc = parse((struct str){exact, n}, &request, &at);
		free(exact);
		if (rc != E_WOULD_BLOCK && (rc != verdict || at != used))
			fail_msg("%s: %d at %zu bytes, want %d", name, rc, n, verdict);
		if (verdict == 0 && (rc == 0) != (n >= used))
			fail_msg("%s: %d at %zu bytes", name, rc, n);
	}
	free(copy);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct http_request request;
		size_t used;
		int rc = parse(refusals[i].bytes, &request, &used);
		if (rc != refusals[i].verdict)
			fail_msg("%s: %d, want %d (%s)", refusals[i].name, rc, refusals[i].verdict,
				 err_row(refusals[i].verdict)->symbol);
		expect_same_in_pieces(refusals[i].name, refusals[i].bytes, refusals[i].verdict, 0);
	}
}

struct acceptance {
	const char *name;
	struct str bytes;
	const char *method, *path, *query, *host;
	int minor;
	const char *flags; /* q: has a query, k: keep alive, c: chunked, e: expects 100 */
	uint64_t length;
};

static const struct acceptance acceptances[] = {
	{"plain", BYTES(G HOST "\r\n"),
	 "GET", "/", "", "a.example", 1, "k", 0},
	{"one CRLF in front", BYTES("\r\n" G HOST "\r\n"),
	 "GET", "/", "", "a.example", 1, "k", 0},
	{"HTTP/1.0", BYTES("GET /x HTTP/1.0\r\n\r\n"),
	 "GET", "/x", "", "", 0, "", 0},
	{"HTTP/1.0 kept", BYTES("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
	 "GET", "/", "", "", 0, "k", 0},
	{"HTTP/1.9", BYTES("GET / HTTP/1.9\r\n" HOST "\r\n"),
	 "GET", "/", "", "a.example", 1, "k", 0},
	{"close", BYTES(G HOST "Connection: close\r\n\r\n"),
	 "GET", "/", "", "a.example", 1, "", 0},
	{"close in a list", BYTES(G HOST "Connection: te , Close,x\r\n\r\n"),
	 "GET", "/", "", "a.example", 1, "", 0},
	{"close beats keep-alive", BYTES(G HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n"),
	 "GET", "/", "", "a.example", 1, "", 0},
	{"query", BYTES("GET /a%2Fb?c=d?e&f HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/a%2Fb", "c=d?e&f", "a.example", 1, "qk", 0},
	{"query as browsers send it", BYTES("GET /a?f[eq]={x}|y^z`\\ HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/a", "f[eq]={x}|y^z`\\", "a.example", 1, "qk", 0},
	{"empty query", BYTES("GET /a? HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/a", "", "a.example", 1, "qk", 0},
	{"dots and slashes stay", BYTES("GET //a/../b;x HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "//a/../b;x", "", "a.example", 1, "k", 0},
	{"length", BYTES("POST /t HTTP/1.1\r\n" HOST "content-LENGTH: 65536\r\n\r\n"),
	 "POST", "/t", "", "a.example", 1, "k", 65536},
	{"length zero", BYTES("POST /t HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
	 "POST", "/t", "", "a.example", 1, "k", 0},
	{"chunked", BYTES("POST /t HTTP/1.1\r\n" HOST "Transfer-Encoding: \t Chunked \r\n\r\n"),
	 "POST", "/t", "", "a.example", 1, "kc", 0},
	{"expect", BYTES("POST /t HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
	 "POST", "/t", "", "a.example", 1, "ke", 1},
	{"expect in HTTP/1.0", BYTES("POST /t HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
	 "POST", "/t", "", "", 0, "", 1},
	{"absolute form", BYTES("GET HTTP://b.example:81/x?y HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/x", "y", "b.example:81", 1, "qk", 0},
	{"absolute form without path", BYTES("GET https://b.example HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/", "", "b.example", 1, "k", 0},
	{"absolute form with query only", BYTES("GET https://b.example?q HTTP/1.1\r\n" HOST "\r\n"),
	 "GET", "/", "q", "b.example", 1, "qk", 0},
	{"OPTIONS in absolute form", BYTES("OPTIONS http://b.example HTTP/1.1\r\n" HOST "\r\n"),
	 "OPTIONS", "*", "", "b.example", 1, "k", 0},
	{"OPTIONS *", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
	 "OPTIONS", "*", "", "a.example", 1, "k", 0},
	{"odd but legal method", BYTES("ABCDEFGHIJKLMNOP / HTTP/1.1\r\n" HOST "\r\n"),
	 "ABCDEFGHIJKLMNOP", "/", "", "a.example", 1, "k", 0},
	{"TRACE", BYTES("TRACE / HTTP/1.1\r\n" HOST "\r\n"),
	 "TRACE", "/", "", "a.example", 1, "k", 0},
	{"IPv6 host", BYTES(G "Host: [::1]:8080\r\n\r\n"),
	 "GET", "/", "", "[::1]:8080", 1, "k", 0},
	{"IPv6 host without port", BYTES(G "Host: [fe80::1:2]\r\n\r\n"),
	 "GET", "/", "", "[fe80::1:2]", 1, "k", 0},
	{"host with port", BYTES(G "Host:localhost:65535\r\n\r\n"),
	 "GET", "/", "", "localhost:65535", 1, "k", 0},
	{"text above 127 in a value", BYTES(G HOST "A: \xc3\xa4 \xff\r\n\r\n"),
	 "GET", "/", "", "a.example", 1, "k", 0},
	{"empty value", BYTES(G HOST "A:\r\nB: \t \r\n\r\n"),
	 "GET", "/", "", "a.example", 1, "k", 0},
};

static void expect_request(const struct acceptance *want, const struct http_request *got)
{
	expect_str(got->method, str_of(want->method));
	expect_str(got->path, str_of(want->path));
	expect_str(got->query, str_of(want->query));
	expect_str(got->host, str_of(want->host));
	assert_int_equal(got->minor, want->minor);
	char flags[5];
	snprintf(flags, sizeof(flags), "%s%s%s%s", got->has_query ? "q" : "", got->keep_alive ? "k" : "",
		 got->chunked ? "c" : "", got->expect_continue ? "e" : "");
	assert_string_equal(flags, want->flags);
	assert_int_equal(got->content_length, want->length);
}

static void test_acceptances(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(acceptances); i++) {
		const struct acceptance *want = &acceptances[i];
		struct http_request request;
		char text[1024];
		size_t used;
		int rc = parse(want->bytes, &request, &used);
		if (rc != 0 || used != want->bytes.len)
			fail_msg("%s: %d after %zu of %zu bytes", want->name, rc, used, want->bytes.len);
		expect_request(want, &request);
		expect_same_in_pieces(want->name, want->bytes, 0, used);
		/* Pipelined: what follows changes nothing, whatever it is. */
		int len = snprintf(text, sizeof(text), "%.*s\r\n\r\n\x01garbage", STR_ARG(want->bytes));
		assert_int_equal(parse((struct str){text, (size_t)len}, &request, &used), 0);
		assert_int_equal(used, want->bytes.len);
		expect_request(want, &request);
	}
}

static struct str repeat(const char *front, const char *line, size_t n, const char *end)
{
	size_t cap = strlen(front) + strlen(line) * n + strlen(end) + 1;
	char *text = malloc(cap), *at = text;
	at = stpcpy(at, front);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, line);
	at = stpcpy(at, end);
	return (struct str){text, (size_t)(at - text)};
}

static void expect_verdict(struct str bytes, int verdict)
{
	struct http_request request;
	size_t used;
	assert_int_equal(parse(bytes, &request, &used), verdict);
	free((void *)(uintptr_t)bytes.p);
}

static void test_limits(void **state)
{
	(void)state;
	expect_verdict(repeat(G HOST, "A: b\r\n", 63, "\r\n"), 0);
	expect_verdict(repeat(G HOST, "A: b\r\n", 64, "\r\n"), E_HEAD_TOO_LARGE);
	/* 16384 bytes with everything are the last that fit. */
	size_t fixed = strlen(G HOST "A: \r\n\r\n");
	expect_verdict(repeat(G HOST "A: ", "x", HTTP_HEAD_MAX - fixed, "\r\n\r\n"), 0);
	expect_verdict(repeat(G HOST "A: ", "x", HTTP_HEAD_MAX - fixed + 1, "\r\n\r\n"), E_HEAD_TOO_LARGE);
	expect_verdict(repeat("GET /", "x", HTTP_HEAD_MAX, ""), E_HEAD_TOO_LARGE);
	expect_verdict(repeat("GET /", "x", HTTP_HEAD_MAX - 6, ""), E_WOULD_BLOCK);
	expect_verdict(repeat(G, "x", 1024 * 1024, ": b\r\n\r\n"), E_HEAD_TOO_LARGE); /* attack 28 */
}

static void test_header_one(void **state)
{
	(void)state;
	struct http_request request;
	struct str value = STR("untouched");
	size_t used;
	struct str bytes = STR(G HOST "Authorization: Basic eA==\r\nAUTHORIZATION: Bearer y\r\nAccept: z\r\n\r\n");
	assert_int_equal(parse(bytes, &request, &used), 0);
	assert_int_equal(http_header_one(&request, STR("authorization"), &value), E_INVALID_REQUEST); /* attack 40 */
	assert_int_equal(http_header_one(&request, STR("x-none"), &value), E_ABSENT);
	expect_str(value, STR("untouched"));
	assert_int_equal(http_header_one(&request, STR("aCCept"), &value), 0);
	expect_str(value, STR("z"));
	assert_int_equal(http_header_count(&request, STR("Authorization")), 2);
	assert_int_equal(http_header_count(&request, STR("x-none")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_acceptances),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_header_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
