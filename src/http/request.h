/*
 * HTTP/1.0 and HTTP/1.1 requests, strictly (RFC 9112): bytes -> struct http_request, or a refusal. Pure, incremental, no sockets: fuzzed as it is.
 * Anything outside the grammar is E_SYNTAX (400 and close): two lengths, length with chunked, folding, bare CR or LF, NUL, space before
 * a colon, signs in numbers, odd methods or targets.
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

/* The one value of a header, compared case-insensitively. E_ABSENT; E_INVALID_REQUEST when it stands there more than once. */
must_check int http_header_one(const struct http_request *request, struct str name, struct str *ret_value);
size_t http_header_count(const struct http_request *request, struct str name);

#endif
