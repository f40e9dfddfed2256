/*
 * Exchanges: the memory of requests, recycled per server, and the handler's side of the API. Bytes are wiped when
 * they go back: requests carry secrets. One thread: the loop's.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/secret.h"
#include "http/conn.h"

enum { SPARE_MAX = 256 };

int http_exchange_take(struct http_server *server, size_t bytes, struct http_exchange **ret_exchange)
{
	struct http_exchange *exchange = server->spare_exchanges;
	if (exchange && bytes <= CONN_EXCHANGE_BYTES) {
		server->spare_exchanges = exchange->next_spare;
		server->n_spare_exchanges--;
	} else {
		size_t cap = bytes > CONN_EXCHANGE_BYTES ? bytes : CONN_EXCHANGE_BYTES;
		exchange = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*exchange) + cap);
		if (!exchange)
			return E_NOMEM;
		exchange->server = server;
		exchange->cap = cap;
	}
	exchange->conn = NULL;
	exchange->data = NULL;
	exchange->is_out = exchange->parsed = exchange->stream_waits = exchange->stream_failed = false;
	exchange->len = 0;
	*ret_exchange = exchange;
	return 0;
}

void http_exchange_give(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	secret_wipe(exchange->bytes, exchange->len);
	if (exchange->cap > CONN_EXCHANGE_BYTES || server->n_spare_exchanges >= SPARE_MAX) {
		free(exchange);
		return;
	}
	exchange->next_spare = server->spare_exchanges;
	server->spare_exchanges = exchange;
	server->n_spare_exchanges++;
}

int http_exchange_grow(struct http_exchange **exchange, size_t bytes)
{
	struct http_exchange *old = *exchange, *larger;
	if (bytes <= old->cap)
		return 0;
	size_t cap = old->cap * 2 > CONN_BYTES_MAX ? CONN_BYTES_MAX : old->cap * 2;
	TRY(http_exchange_take(old->server, bytes > cap ? bytes : cap, &larger));
	memcpy(larger->bytes, old->bytes, old->len);
	larger->len = old->len;
	larger->conn = old->conn;
	*exchange = larger;
	http_exchange_give(old);
	return 0;
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange) { return &exchange->request; }

void http_exchange_set_data(struct http_exchange *exchange, void *data) { exchange->data = data; }

void *http_exchange_data(const struct http_exchange *exchange) { return exchange->data; }

struct conn_out_form http_exchange_form(const struct conn *conn, const struct http_reply *reply)
{
	const struct http_server *server = conn->server;
	const struct http_request *request = &conn->exchange->request;
	unsigned max = server->limits.requests_per_connection;
	return (struct conn_out_form){
		.close = reply->close || !request->keep_alive || server->draining ||
			 (max > 0 && conn->n_requests >= max),
		.is_head = str_eq(request->method, STR("HEAD")),
		.minor_0 = request->minor == 0,
	};
}

void http_exchange_finish(struct conn *conn)
{
	conn_in_consume(conn);
	if (conn->out.len > 0) {
		if (conn->state != CONN_WRITE) /* a streamed reply may wait already */
			deadline_enter(conn, CONN_WRITE);
		conn_wait(conn, LOOP_WRITE);
		return;
	}
	if (conn->close_after) {
		conn_out_linger(conn);
		return;
	}
	deadline_enter(conn, CONN_IDLE);
	conn_wait(conn, LOOP_READ);
}

static int reply_on(struct conn *conn, const struct http_reply *reply)
{
	struct http_server *server = conn->server;
	struct conn_out_form form = http_exchange_form(conn, reply);
	TRY(conn_out_compose(server, reply, form));
	conn->close_after = form.close;
	TRY(conn_out_send(conn, buf_str(&server->out)));
	http_exchange_finish(conn);
	return 0;
}

void http_exchange_reply(struct http_exchange *exchange, const struct http_reply *reply)
{
	struct http_server *server = exchange->server;
	struct conn *conn = exchange->conn;
	exchange->is_out = false;
	server->n_out--;
	if (!conn) {
		http_exchange_give(exchange);
		http_server_exchange_gone(server);
		return;
	}
	if (reply_on(conn, reply) < 0)
		conn_close(conn);
	else if (!conn->running)
		conn_run(conn);
}
