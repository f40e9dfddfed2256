/*
 * Fetching a small document from another server (key sets, metadata), by libcurl. Blocks: CLI and pool threads only,
 * never a loop. Redirects are never followed, proxies never used, certificates always checked. Thread-safe.
 *
 * A URL may come from a stranger, so the address is judged when the socket is opened, after the name was resolved: what
 * is checked is what is connected to (no DNS rebinding, no odd spellings of 127.0.0.1).
 */
#ifndef HTTP_HTTP_OUT_H
#define HTTP_HTTP_OUT_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

enum { HTTP_OUT_URL_MAX = 2048, HTTP_OUT_HEAD_MAX = 16384 };

struct http_out_limits {
	uint32_t timeout_ms;  /* in total: name, connection, TLS, answer; 0 is refused */
	size_t max_bytes;     /* of the body */
	bool allow_private;   /* loopback, private, link-local and other special addresses too */
	bool allow_http;      /* http beside https */
};

/*
 * GET; the body of a 200 answer is appended to out, and on failure out is as before.
 * E_SYNTAX: no URL, or one with user information. E_INVALID_REQUEST: the scheme or the address is not allowed by the
 * limits. E_LIMIT: body or head too large. E_TIMEOUT. E_NOT_FOUND: answered, but not with 200. E_IO: no connection, no
 * TLS, no HTTP. E_NOMEM, or the buffer's failure.
 */
must_check int http_out_get(struct str url, const struct http_out_limits *limits, struct buf *out);

/* Whether an address belongs to the public Internet (RFC 6890 and its registries). */
bool http_out_is_public(const struct sockaddr *addr);

#endif
