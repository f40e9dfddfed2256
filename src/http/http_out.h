/*
 * Fetching a small document from another server (key sets, metadata), by libcurl. Blocks: CLI and pool threads only,
 * never a loop. Redirects are never followed, proxies never used, certificates always checked. Thread-safe.
 *
 * A URL may come from a stranger, so the address is judged when the socket is opened, after the name was resolved: what
 * is checked is what is connected to (no DNS rebinding, no odd spellings of 127.0.0.1).
 */
#ifndef HTTP_HTTP_OUT_H
#define HTTP_HTTP_OUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/str.h"

enum { HTTP_OUT_URL_MAX = 2048, HTTP_OUT_HEAD_MAX = 16384, HTTP_OUT_FIELD_MAX = 16384, HTTP_OUT_WHY_MAX = 256 };

struct http_out_limits {
	uint32_t timeout_ms;  /* in total: name, connection, TLS, answer; 0 is refused */
	size_t max_bytes;     /* of the body */
	bool allow_private;   /* loopback, private, link-local and other special addresses too */
	bool allow_http;      /* http beside https */
	bool http_near_only;  /* then http only to loopback addresses */
	const char *ca_file;  /* PEM certificates to trust instead of the system's; NULL: the system's */
	const atomic_bool *cancel; /* when it becomes true the call ends within about a second; may be NULL */
	char *why;            /* room for HTTP_OUT_WHY_MAX bytes: a sentence of E_IO, for people; may be NULL */
};

/* What an answer's head says about its body. */
struct http_out_head {
	char type[128];    /* media type without parameters, lower case; "" when there is none or it is too long */
	int64_t max_age_s; /* Cache-Control: max-age, 0 for no-store and no-cache; -1: it doesn't say */
};

/*
 * GET; the body of a 200 answer is appended to out, and on failure out is as before.
 * E_SYNTAX: no URL, or one with user information. E_INVALID_REQUEST: the scheme or the address is not allowed by the
 * limits. E_LIMIT: body or head too large. E_TIMEOUT. E_NOT_FOUND: answered, but not with 200. E_IO: no connection, no
 * TLS, no HTTP. E_NOMEM, or the buffer's failure.
 */
must_check int http_out_get(struct str url, const struct http_out_limits *limits, struct buf *out);
/* The same, and the answer's head. E_IO when it was cancelled. */
must_check int http_out_get_head(struct str url, const struct http_out_limits *limits, struct buf *out,
				 struct http_out_head *ret_head);

/* A request with a body, headers, another method than GET. All of it is borrowed. */
struct http_out_request {
	const char *method;        /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	struct str url;            /* sent as it is: nothing in its path is rewritten */
	const struct str *headers; /* whole fields "Name: value", without line ends; may hold secrets */
	size_t n_headers;
	struct str body;           /* empty: none, and a length of 0 where the method has one */
};

struct http_out_answer {
	int status;                /* 200..599 */
	struct http_out_head head;
	int64_t retry_after_s;     /* RFC 9110 10.2.3, as seconds from now; 0: it doesn't say */
};

/*
 * Send it, once; the body of the answer is appended to out, whatever its status is, and on failure out is as before.
 * What was copied of the headers is wiped; libcurl's own copies live until the call ends. Errors as http_out_get, but
 * no status is one; E_SYNTAX also for a header with a line end.
 */
must_check int http_out_send(const struct http_out_request *request, const struct http_out_limits *limits,
			     struct buf *out, struct http_out_answer *ret_answer);

/* Take what a header line, or a Content-Type, says; whatever is not understood changes nothing. */
void http_out_head_line(struct http_out_head *head, struct str line);
void http_out_head_type(struct http_out_head *head, struct str type);

/* Whether both are URLs of one scheme, host and port (RFC 6454 4), read by the code that would connect to them. */
bool http_out_same_origin(struct str a, struct str b);

/* Whether an address belongs to the public Internet (RFC 6890 and its registries). */
bool http_out_is_public(const struct sockaddr *addr);

#endif
