/*
 * Replies in pieces: chunked coding (RFC 9112 7.1), or delimited by the end of the connection (RFC 9112 6.3), with
 * back-pressure: at most what one write could not send is kept. Between writes a connection is in CONN_EXCHANGE, while
 * the peer takes what waits in CONN_WRITE, whose deadline is a total for what waits. One thread: the loop's.
 */
#include <sys/socket.h>

#include "http/conn.h"

/* 0 or HTTP_WAIT. */
static int wait_for_peer(struct http_exchange *exchange)
{
	struct conn *conn = exchange->conn;
	if (conn->out.len == 0)
		return 0;
	exchange->stream_waits = true;
	if (conn->state != CONN_WRITE)
		deadline_enter(conn, CONN_WRITE);
	conn_wait(conn, LOOP_WRITE);
	return HTTP_WAIT;
}

/* Does not close: the connection's own code may be on the stack. http_stream_end does. */
static int fail(struct http_exchange *exchange, int rc)
{
	exchange->stream_failed = true;
	return rc;
}

int http_stream_begin(struct http_exchange *exchange, const struct http_reply *reply, http_writable *writable,
			void *arg)
{
	struct conn *conn = exchange->conn;
	exchange->writable = writable;
	exchange->writable_arg = arg;
	exchange->stream_waits = exchange->stream_failed = false;
	if (!conn)
		return E_IO;
	struct conn_out_form form = http_exchange_form(conn, reply);
	form.is_stream = true;
	form.close |= form.minor_0; /* RFC 9112 6.3: nothing else tells a 1.0 peer where it ends */
	exchange->stream_chunked = !form.minor_0;
	exchange->stream_mute = form.is_head;
	conn->close_after = form.close;
	int rc = conn_out_compose(conn->server, reply, form);
	if (rc == 0)
		rc = conn_out_send(conn, buf_str(&conn->server->out));
	return rc < 0 ? fail(exchange, rc) : wait_for_peer(exchange);
}

/* RFC 9112 7.1: size in hexadecimal, CRLF, data, CRLF: with one call, like a whole reply. */
static int send_chunk(struct conn *conn, struct str bytes)
{
	struct buf *out = &conn->server->out;
	buf_reset(out);
	buf_printf(out, "%zx\r\n", bytes.len);
	buf_put(out, bytes);
	buf_put(out, STR("\r\n"));
	TRY(buf_status(out));
	return conn_out_send(conn, buf_str(out));
}

int http_stream_write(struct http_exchange *exchange, struct str bytes)
{
	struct conn *conn = exchange->conn;
	if (!conn || exchange->stream_failed)
		return E_IO;
	if (bytes.len == 0 || exchange->stream_mute) /* an empty chunk would be the last one */
		return exchange->stream_waits ? HTTP_WAIT : 0;
	if (conn->out.len - conn->out_at + bytes.len > HTTP_STREAM_WAITING_MAX && conn->out.len > 0)
		return fail(exchange, E_LIMIT);
	int rc = exchange->stream_chunked ? send_chunk(conn, bytes) : conn_out_send(conn, bytes);
	return rc < 0 ? fail(exchange, rc) : wait_for_peer(exchange);
}

/* A reset: who reads until the end of the connection must not take a part for the whole. */
static void cut(struct conn *conn)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_close(conn);
}

void http_stream_end(struct http_exchange *exchange, bool complete)
{
	struct http_server *server = exchange->server;
	struct conn *conn = exchange->conn;
	exchange->is_out = exchange->stream_waits = false;
	server->n_out--;
	if (!conn) {
		http_exchange_give(exchange);
		http_server_exchange_gone(server);
		return;
	}
	bool sent = complete && !exchange->stream_failed;
	if (sent && exchange->stream_chunked && !exchange->stream_mute)
		sent = conn_out_send(conn, STR("0\r\n\r\n")) == 0;
	if (!sent) {
		cut(conn);
		return;
	}
	http_exchange_finish(conn);
	if (!conn->running)
		conn_run(conn);
}

static void tell(struct http_exchange *exchange, int rc)
{
	exchange->stream_waits = false;
	exchange->writable(exchange, rc, exchange->writable_arg);
}

void http_stream_flushed(struct conn *conn)
{
	deadline_enter(conn, CONN_EXCHANGE);
	conn_wait(conn, 0);
	tell(conn->exchange, 0);
}

void http_stream_gone(struct http_exchange *exchange)
{
	if (exchange->stream_waits)
		tell(exchange, E_IO);
}
