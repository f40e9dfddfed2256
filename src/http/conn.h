/*
 * Inside of http/server.h: the structures that http_server.c, http_exchange.c, conn*.c and deadline.c share. Nobody
 * else includes it.
 *
 * A connection is always in exactly one state, and each state but CONN_EXCHANGE has one total deadline of constant
 * length: so a list per state, in order of arrival, is a complete timer queue.
 *
 *   HANDSHAKE -> HEAD -> BODY -> EXCHANGE -> (WRITE) -> IDLE -> HEAD ...      any -> LINGER -> closed
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <netinet/in.h>

#include "base/buf.h"
#include "crypto/tls.h"
#include "http/loop.h"
#include "http/peer_table.h"
#include "http/request.h"
#include "http/server.h"

enum conn_state {
	CONN_HANDSHAKE,
	CONN_IDLE,     /* between requests, no byte of the next one seen */
	CONN_HEAD,     /* right after accept, or a head is arriving */
	CONN_BODY,
	CONN_EXCHANGE, /* the handler has the request */
	CONN_WRITE,    /* the peer has not taken the whole reply yet */
	CONN_LINGER,   /* we said goodbye; reading so that the peer sees our reply, not a reset */
	CONN_STATES
};

enum {
	CONN_EXCHANGE_BYTES = 4096, /* of a recycled exchange */
	CONN_BYTES_MAX = HTTP_HEAD_MAX + HTTP_BODY_MAX + 4096, /* of the largest one */
	CONN_SAVED_MAX = 2048, /* incomplete data up to here is kept in a tight buffer */
	CONN_LINGER_BYTES = 1024 * 1024,
	CONN_LINGER_MS = 1000,
	CONN_LINGER_DRAINING_MS = 200,
	CONN_DRAINING_MS = 500, /* unless the limits say so */
	CONN_REPLY_MAX = 64 * 1024 * 1024,
};

/* Memory of one request: taken when bytes are there to read, given back when nothing of them is left. */
struct http_exchange {
	struct http_exchange *next_spare;
	struct http_server *server;
	struct conn *conn; /* NULL: the connection ended while the handler had the request */
	void *data;
	bool is_out;       /* the handler has it */
	bool stream_waits; /* of a streamed reply: writable is due */
	bool stream_failed;
	bool stream_chunked, stream_mute; /* mute: HEAD */
	http_writable *writable;
	void *writable_arg;
	bool parsed;       /* request is valid for bytes */
	struct http_request request;
	char peer[INET6_ADDRSTRLEN];
	size_t len, cap;
	char bytes[];
};

struct conn {
	struct http_server *server;
	struct conn *prev, *next; /* in the list of its state; next also in the spare list */
	int64_t since_ms;         /* in this state */
	struct loop_watch *watch;
	struct tls_conn *tls;
	struct http_exchange *exchange;
	char *saved;              /* incomplete request without an exchange */
	uint32_t saved_len, saved_cap;
	uint32_t scanned;         /* bytes of the head that were judged and found incomplete */
	uint32_t head_len;        /* 0: head incomplete */
	uint32_t used;            /* bytes of the request that is out */
	uint32_t lingered;        /* bytes thrown away */
	unsigned n_requests;
	struct http_chunk chunk;
	struct buf out;           /* what the socket did not take at once */
	size_t out_at;            /* so much of it is sent */
	unsigned char addr[16];   /* IPv4 mapped */
	int fd;
	uint8_t state;
	bool is_unix, running, doomed, close_after;
};

struct conn_list {
	struct conn *first, *last;
};

struct listener;

struct http_server {
	struct loop *loop;
	struct http_limits limits;
	struct http_handler handler;
	struct http_server_stats stats;
	struct conn_list lists[CONN_STATES];
	struct loop_timer *timer;
	int64_t armed_ms; /* when the timer fires; 0: stopped */
	struct listener *listeners;
	struct conn *spare_conns;
	struct http_exchange *spare_exchanges;
	unsigned n_spare_conns, n_spare_exchanges, n_out;
	struct peer_table *peers;
	struct buf out, refuse_headers, refuse_body;
	int64_t date_s;
	char date[32]; /* "Sat, 21 Nov 2026 20:01:00 GMT" */
	bool draining, freed;
	void (*done)(void *arg);
	void *done_arg;
};

/* conn.c: life of a connection. */

/* Takes over fd. tls NULL: plain. E_NOMEM: fd is closed. */
must_check int conn_open(struct http_server *server, int fd, const unsigned char addr[16], bool is_unix,
			 struct tls_context *tls);
/* Now, or when the connection's own code returns (then doomed). */
void conn_close(struct conn *conn);
/* The state's deadline has passed. */
void conn_expire(struct conn *conn);
/* Read what has arrived, as if the loop had told of it; between requests and in heads only. */
void conn_poll(struct conn *conn);
/* Handle requests as far as their bytes are there. */
void conn_run(struct conn *conn);
void conn_wait(struct conn *conn, unsigned events);
/* 0, E_WOULD_BLOCK, E_IO. */
must_check int conn_tls_code(enum tls_want want);
void conn_format_addr(const unsigned char addr[16], bool is_unix, char ret_text[INET6_ADDRSTRLEN]);

/* conn_in.c: bytes -> request. */

/* One read. 0: something came. E_WOULD_BLOCK, E_NOMEM; E_IO: the peer ended or broke it. */
must_check int conn_in_fill(struct conn *conn);
/* 0: conn->exchange->request is complete. E_WOULD_BLOCK: not yet. Else the refusal. */
must_check int conn_in_parse(struct conn *conn);
/* The request that was out is answered: drop its bytes, keep what came behind it. */
void conn_in_consume(struct conn *conn);
/* Wait for more with as little memory as possible. E_NOMEM. */
must_check int conn_in_save(struct conn *conn);
void conn_in_forget(struct conn *conn);
bool conn_in_has_bytes(const struct conn *conn);

/* conn_out.c: reply -> bytes. */

struct conn_out_form {
	bool close, is_head, minor_0, is_stream;
};

/* Into server->out. */
must_check int conn_out_compose(struct http_server *server, const struct http_reply *reply, struct conn_out_form form);
/* Send, or keep for conn_out_flush what is not taken. E_IO, E_NOMEM. */
must_check int conn_out_send(struct conn *conn, struct str bytes);
/* 0: all is out. E_WOULD_BLOCK, E_IO. */
must_check int conn_out_flush(struct conn *conn);
/* End our direction and throw away what still comes. */
void conn_out_linger(struct conn *conn);
/* E_WOULD_BLOCK: go on waiting. E_IO: the end. */
must_check int conn_out_drain(struct conn *conn);

/* http_exchange.c */
must_check int http_exchange_take(struct http_server *server, size_t bytes, struct http_exchange **ret_exchange);
void http_exchange_give(struct http_exchange *exchange);
struct conn_out_form http_exchange_form(const struct conn *conn, const struct http_reply *reply);
/* All of a reply is sent or kept: the request's memory goes back, the connection lives on as form says. */
void http_exchange_finish(struct conn *conn);
/* At least bytes of room; the content moves, so a parsed request must be parsed again. E_NOMEM. */
must_check int http_exchange_grow(struct http_exchange **exchange, size_t bytes);

/* http_stream.c */
/* What waited is with the peer. May end the exchange. */
void http_stream_flushed(struct conn *conn);
/* The connection of an exchange that is out has ended; exchange->conn is NULL. May end the exchange. */
void http_stream_gone(struct http_exchange *exchange);

/* deadline.c */
/* Leave the present state's list, enter the other one's: its deadline starts. Never for the state it is in already. */
void deadline_enter(struct conn *conn, enum conn_state state);
void deadline_leave(struct conn *conn);
/* Deadlines may have changed: look at once. */
void deadline_kick(struct http_server *server);
void deadline_on_timer(void *server);

/* http_server.c */
void http_server_closed(struct http_server *server);
void http_server_exchange_gone(struct http_server *server);

#endif
