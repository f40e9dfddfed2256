/*
 * HTTP/1.0 and HTTP/1.1 requests, strictly (RFC 9112): bytes -> struct http_request, or a refusal. Pure, incremental,
 * no sockets: fuzzed as it is. Anything outside the grammar is E_SYNTAX (400 and close): two lengths, length with
 * chunked, folding, bare CR or LF, NUL, space before a colon, signs in numbers, odd methods or targets.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buf.h"
#include "base/str.h"

enum { HTTP_HEAD_MAX = 16384, HTTP_BODY_MAX = 65536, HTTP_HEADERS_MAX = 64 };

struct http_header {
	struct str name, value; /* value without surrounding white space */
};

/* All strings are borrowed from the connection's buffer and stay put until the reply is given. */
struct http_request {
	struct str method;      /* "GET" */
	struct str path;        /* origin form up to '?', exactly as sent; of an absolute-form target its path */
	struct str query;       /* behind '?'; empty when there is none */
	bool has_query;         /* tells "?": from no '?' */
	struct str host;        /* of the Host header; empty in HTTP/1.0 without one */
	int minor;              /* 0 or 1 */
	bool keep_alive;        /* what the peer asked for, by version and Connection */
	bool expect_continue;   /* "Expect: 100-continue" */
	bool chunked;
	uint64_t content_length; /* 0 when there is no body */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t n_headers;
	struct str body;        /* decoded */
	/* filled by the connection */
	struct str peer_addr;   /* numeric address, no port: "127.0.0.1", "::1"; "unix" on a Unix socket */
	bool tls;
};

/*
 * The one value of a header, compared case-insensitively. E_ABSENT; E_INVALID_REQUEST when it stands there more than
 * once.
 */
must_check int http_header_one(const struct http_request *request, struct str name, struct str *ret_value);
size_t http_header_count(const struct http_request *request, struct str name);

/*
 * Parse the head at the front of bytes (at most one leading CRLF is skipped). Stateless: call again from the start
 * when more came; a verdict on a prefix is the verdict on everything that begins with it. *ret_used: bytes of the
 * head with its empty line. ret_request: borrowed from bytes; undefined unless 0 is returned; body, peer_addr and tls
 * are left alone.
 * E_WOULD_BLOCK: more bytes are needed. E_SYNTAX, E_HEAD_TOO_LARGE, E_TOO_LARGE (announced length),
 * E_EXPECTATION_FAILED, E_NOT_IMPLEMENTED (transfer coding), E_HTTP_VERSION: refused.
 */
must_check int http_request_head(struct str bytes, struct http_request *ret_request, size_t *ret_used);
/* host [":" port] as in RFC 3986 3.2.2 and 3.2.3, no user information, names of [A-Za-z0-9._~-] only. */
bool http_host_is_valid(struct str host);

/* The decoder of a chunked body (RFC 9112 7.1). All zero at the start; small, since idle connections keep one. */
struct http_chunk {
	uint8_t state;
	uint8_t digits;      /* of the size so far */
	uint32_t left;       /* bytes of the present chunk */
	uint32_t body_len;   /* decoded so far */
	uint32_t overhead;   /* framing so far: sizes, extensions, trailers */
};

enum { HTTP_CHUNK_OVERHEAD_MAX = 65536, HTTP_CHUNK_DIGITS_MAX = 16 };

/*
 * Decode what stands at bytes (len of them) to out, which may be bytes itself or lie before it in the same buffer.
 * 0: the body ended after *ret_used bytes. E_WOULD_BLOCK: all len bytes were taken, more are needed. body_len tells
 * how much stands at the place where the first call's out began; each call's out continues there. Extensions and
 * trailers are checked and dropped.
 * E_SYNTAX; E_TOO_LARGE: more than HTTP_BODY_MAX of body or HTTP_CHUNK_OVERHEAD_MAX of framing.
 */
must_check int http_chunk_feed(struct http_chunk *chunk, const char *bytes, size_t len, char *out, size_t *ret_used);

#endif
