/*
 * HTTP/1.1 connections over a loop: plain or TLS, keep-alive, pipelining (one request in work per connection, the
 * rest waits in a bounded buffer), total deadlines, caps. Knows no routes and no JSON: a handler gets exchanges, and
 * replies now or later.
 *
 * Deadlines are totals: head and body each have theirs from their first byte, handshake from accept; a byte every 3 s
 * does not stretch them.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/buf.h"
#include "http/loop.h"
#include "http/request.h"

struct http_server;   /* per loop */
struct http_exchange; /* one request waiting for its reply */
struct tls_context;   /* crypto/tls.h; shared by loops, swapped on certificate reload */

struct http_reply {
	int status;          /* 200..599 */
	struct str headers;  /* complete lines "Name: value\r\n", without Content-Length, Connection, Date */
	struct str body;
	bool close;          /* close after this reply */
};

struct http_handler {
	/* A complete request. Call http_exchange_reply exactly once, in the loop's thread, now or later. */
	void (*request)(struct http_exchange *exchange, const struct http_request *request, void *arg);
	/*
	 * The peer's bytes were refused (E_SYNTAX -> 400, E_TIMEOUT, E_TOO_LARGE, E_HEAD_TOO_LARGE,
	 * E_EXPECTATION_FAILED, E_NOT_IMPLEMENTED, E_HTTP_VERSION; E_UNAVAILABLE when a cap is reached): append the
	 * header lines (as in http_reply) and the body, set the status. The connection closes behind it.
	 */
	void (*refuse)(int code, struct str peer_addr, struct buf *out_headers, struct buf *out_body, int *ret_status,
		       void *arg);
	void *arg;
};

struct http_limits {
	uint32_t handshake_ms, head_ms, body_ms, idle_ms, write_ms; /* totals; write_ms: peer takes our reply */
	unsigned connections_max;          /* per server (loop) */
	unsigned connections_per_addr_max; /* per server (loop); 0 = no cap */
	unsigned requests_per_connection;  /* then close; 0 = no cap */
	uint32_t drain_ms;                 /* the most of each deadline while draining; 0: 500 */
};

struct http_server_options {
	struct loop *loop;
	struct http_limits limits;
	struct http_handler handler;
};

struct http_server_stats {
	uint64_t accepted, refused_cap, refused_syntax, timeouts, handshakes_failed;
	uint64_t open;
};

must_check int http_server_new(const struct http_server_options *options, struct http_server **ret_server);
/*
 * Serve a listening, non-blocking socket (TCP or Unix). tls NULL: plain. The socket stays the caller's. Several calls
 * allowed.
 */
must_check int http_server_listen(struct http_server *server, int fd, struct tls_context *tls);
/* New certificate for the connections to come; the old context is released when its last connection ends. */
void http_server_set_tls(struct http_server *server, struct tls_context *tls);
void http_server_set_limits(struct http_server *server, const struct http_limits *limits);
/*
 * Take what has arrived already, stop accepting, close idle connections, let requests in work finish; done() is called
 * once the last connection is gone.
 */
void http_server_drain(struct http_server *server, void (*done)(void *arg), void *arg);
/*
 * Closes what is left; not from within a handler. Exchanges that are still out must be replied to all the same; the
 * last of the memory goes with them. The loop must live until this call.
 */
void http_server_free(struct http_server *server);
/* From the loop's thread. */
void http_server_stats(const struct http_server *server, struct http_server_stats *ret_stats);

/*
 * Copies the reply into the connection's buffer and sends what the socket takes. The exchange (and its request) is
 * gone afterwards.
 */
void http_exchange_reply(struct http_exchange *exchange, const struct http_reply *reply);
const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/*
 * A reply in pieces, instead of http_exchange_reply: begin, write as often as you like, end; all in the loop's thread.
 * Chunked (RFC 9112 7.1) for HTTP/1.1; for 1.0 its end is the end of the connection; for HEAD the pieces are dropped.
 *
 * begin and write return 0: go on; HTTP_WAIT: taken, but the peer has not taken it yet: wait for writable(0) before
 * the next write. A writer that heeds it needs memory for one piece. Negative: E_IO: the peer is gone; E_NOMEM;
 * E_LIMIT: more than HTTP_STREAM_WAITING_MAX would wait. Then nothing more will be sent; call end at once.
 *
 * writable is called once for each HTTP_WAIT, from the loop, never from within begin, write or end: with 0, or E_IO
 * when the connection ended meanwhile (but not from http_server_free). Everything that waits must be taken within
 * write_ms.
 *
 * end is called exactly once for each begin, whatever came before. complete false: the peer is told that the reply is
 * cut short: no last chunk, and a reset. The exchange (and its request) is gone afterwards.
 */
enum { HTTP_WAIT = 1, HTTP_STREAM_WAITING_MAX = 1048576 };
typedef void http_writable(struct http_exchange *exchange, int rc, void *arg);
/* reply->body is not looked at; status is not 204 or 304. */
must_check int http_stream_begin(struct http_exchange *exchange, const struct http_reply *reply,
				   http_writable *writable, void *arg);
must_check int http_stream_write(struct http_exchange *exchange, struct str bytes);
void http_stream_end(struct http_exchange *exchange, bool complete);
/* A pointer of the handler's own that travels with the exchange. */
void http_exchange_set_data(struct http_exchange *exchange, void *data);
void *http_exchange_data(const struct http_exchange *exchange);

#endif
