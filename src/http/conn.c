/*
 * Life of one connection: a watch on its descriptor, a state (conn.h), and the way from readable bytes to the handler
 * and back. One thread: the loop's. Must never block, never touch a connection after conn_close outside its own run.
 */
#include "http/conn.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"

enum { SPARE_MAX = 1024 };

static void on_event(int fd, unsigned events, void *arg);

void conn_format_addr(const unsigned char addr[16], bool is_unix, char ret_text[INET6_ADDRSTRLEN])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_v4 = memcmp(addr, mapped, sizeof(mapped)) == 0;
	memcpy(ret_text, "unix", sizeof("unix"));
	if (is_unix)
		return;
	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? addr + 12 : addr, ret_text, INET6_ADDRSTRLEN))
		ret_text[0] = 0;
}

static struct conn *take_conn(struct http_server *server)
{
	struct conn *conn = server->spare_conns;
	if (conn) {
		server->spare_conns = conn->next;
		server->n_spare_conns--;
	} else {
		conn = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*conn));
	}
	if (conn)
		*conn = (struct conn){.server = server, .fd = -1};
	return conn;
}

static void give_conn(struct conn *conn)
{
	struct http_server *server = conn->server;
	if (server->n_spare_conns >= SPARE_MAX) {
		free(conn);
		return;
	}
	conn->next = server->spare_conns;
	server->spare_conns = conn;
	server->n_spare_conns++;
}

static int set_up(struct conn *conn, struct tls_context *tls)
{
	TRY(loop_watch_new(conn->server->loop, conn->fd, on_event, conn, &conn->watch));
	if (tls)
		TRY(tls_conn_new(tls, conn->fd, &conn->tls));
	return loop_watch_set(conn->watch, LOOP_READ);
}

int conn_open(struct http_server *server, int fd, const unsigned char addr[16], bool is_unix, struct tls_context *tls)
{
	struct conn *conn = take_conn(server);
	if (!conn) {
		close(fd);
		return E_NOMEM;
	}
	conn->fd = fd;
	conn->is_unix = is_unix;
	memcpy(conn->addr, addr, sizeof(conn->addr));
	buf_init(&conn->out, CONN_REPLY_MAX);
	int rc = set_up(conn, tls);
	if (rc < 0) {
		loop_watch_free(conn->watch);
		tls_conn_free(conn->tls);
		close(fd);
		give_conn(conn);
		return rc;
	}
	deadline_enter(conn, tls ? CONN_HANDSHAKE : CONN_HEAD);
	return 0;
}

void conn_close(struct conn *conn)
{
	struct http_server *server = conn->server;
	if (conn->running) {
		conn->doomed = true;
		return;
	}
	deadline_leave(conn);
	loop_watch_free(conn->watch);
	tls_conn_free(conn->tls);
	close(conn->fd);
	if (!conn->is_unix)
		peer_table_drop(server->peers, conn->addr);
	conn_in_forget(conn);
	buf_done(&conn->out);
	struct http_exchange *exchange = conn->exchange;
	if (exchange && exchange->is_out)
		exchange->conn = NULL; /* goes back when its reply comes */
	else if (exchange)
		http_exchange_give(TAKE(exchange));
	give_conn(conn);
	http_server_closed(server);
	if (exchange && !server->freed)
		http_stream_gone(exchange);
}

int conn_tls_code(enum tls_want want)
{
	switch (want) {
	case TLS_DONE:
		return 0;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		return E_WOULD_BLOCK;
	default:
		return E_IO;
	}
}

void conn_wait(struct conn *conn, unsigned events)
{
	if (loop_watch_set(conn->watch, events) < 0)
		conn->doomed = true; /* deaf: ends with this run, or at its deadline */
}

static void call_refuse(struct conn *conn, int code, struct http_reply *ret_reply)
{
	struct http_server *server = conn->server;
	char peer[INET6_ADDRSTRLEN];
	int status = err_row(code)->status;
	conn_format_addr(conn->addr, conn->is_unix, peer);
	buf_reset(&server->refuse_headers);
	buf_reset(&server->refuse_body);
	server->handler.refuse(code, str_of(peer), &server->refuse_headers, &server->refuse_body, &status,
			       server->handler.arg);
	*ret_reply = (struct http_reply){.status = status, .headers = buf_str(&server->refuse_headers),
					 .body = buf_str(&server->refuse_body), .close = true};
}

static int send_refusal(struct conn *conn, int code)
{
	struct http_server *server = conn->server;
	struct http_reply reply;
	call_refuse(conn, code, &reply);
	TRY(buf_status(&server->refuse_headers));
	TRY(buf_status(&server->refuse_body));
	TRY(conn_out_compose(server, &reply, (struct conn_out_form){.close = true}));
	TRY(conn_out_send(conn, buf_str(&server->out)));
	conn->close_after = true;
	if (conn->out.len == 0) {
		conn_out_linger(conn);
		return 0;
	}
	deadline_enter(conn, CONN_WRITE);
	conn_wait(conn, LOOP_WRITE);
	return 0;
}

/* Reply with what the handler says about code, and close. */
static void refuse(struct conn *conn, int code)
{
	if (code == E_TIMEOUT)
		conn->server->stats.timeouts++;
	else
		conn->server->stats.refused_syntax++;
	conn_in_forget(conn);
	if (conn->exchange)
		http_exchange_give(TAKE(conn->exchange));
	if (send_refusal(conn, code) < 0)
		conn_close(conn);
}

void conn_expire(struct conn *conn)
{
	bool has_request = conn->state == CONN_BODY || (conn->state == CONN_HEAD && conn_in_has_bytes(conn));
	if (has_request && conn->out.len == 0) {
		refuse(conn, E_TIMEOUT);
		return;
	}
	if (conn->state == CONN_HANDSHAKE)
		conn->server->stats.handshakes_failed++;
	else if (conn->state == CONN_WRITE || conn->state == CONN_HEAD)
		conn->server->stats.timeouts++;
	conn_close(conn);
}

static void hand_over(struct conn *conn)
{
	struct http_server *server = conn->server;
	struct http_exchange *exchange = conn->exchange;
	conn_format_addr(conn->addr, conn->is_unix, exchange->peer);
	exchange->request.peer_addr = str_of(exchange->peer);
	exchange->request.tls = conn->tls != NULL;
	exchange->is_out = true;
	exchange->data = NULL;
	server->n_out++;
	conn->n_requests++;
	deadline_enter(conn, CONN_EXCHANGE);
	server->handler.request(exchange, &exchange->request, server->handler.arg);
}

/* RFC 9110 10.1.1: tell the peer to go on, unless it did already. */
static int send_continue(struct conn *conn)
{
	const struct http_exchange *exchange = conn->exchange;
	if (!exchange->request.expect_continue || exchange->len > conn->head_len)
		return 0;
	TRY(conn_out_send(conn, STR("HTTP/1.1 100 Continue\r\n\r\n")));
	if (conn->out.len > 0)
		conn_wait(conn, LOOP_READ | LOOP_WRITE);
	return 0;
}

/* The request is incomplete: wait for more. */
static int wait_for_more(struct conn *conn)
{
	if (conn->state == CONN_HEAD && conn->head_len > 0) {
		deadline_enter(conn, CONN_BODY);
		TRY(send_continue(conn));
	}
	return conn_in_save(conn);
}

static bool expects_bytes(const struct conn *conn)
{
	return !conn->doomed && (conn->state == CONN_IDLE || conn->state == CONN_HEAD || conn->state == CONN_BODY);
}

/* Parse and hand over what is there; each turn takes a request, reads records that TLS holds already, or ends. */
static void run(struct conn *conn)
{
	while (expects_bytes(conn)) {
		int rc = conn_in_parse(conn);
		if (rc == 0) {
			hand_over(conn);
			continue;
		}
		if (rc != E_WOULD_BLOCK) {
			refuse(conn, rc);
			return;
		}
		rc = conn->tls && tls_pending(conn->tls) ? conn_in_fill(conn) : E_WOULD_BLOCK;
		if (rc == 0)
			continue;
		if (rc != E_WOULD_BLOCK || wait_for_more(conn) < 0)
			conn_close(conn);
		return;
	}
}

void conn_run(struct conn *conn)
{
	conn->running = true;
	run(conn);
	conn->running = false;
	if (conn->doomed)
		conn_close(conn);
}

static void on_handshake(struct conn *conn)
{
	switch (tls_handshake(conn->tls)) {
	case TLS_DONE:
		deadline_enter(conn, CONN_HEAD);
		conn_wait(conn, LOOP_READ);
		conn_run(conn); /* the request may have come with the last flight */
		return;
	case TLS_WANT_READ:
		conn_wait(conn, LOOP_READ);
		break;
	case TLS_WANT_WRITE:
		conn_wait(conn, LOOP_WRITE);
		break;
	default:
		conn->server->stats.handshakes_failed++;
		conn->doomed = true;
	}
	if (conn->doomed)
		conn_close(conn);
}

static void on_writable(struct conn *conn)
{
	int rc = conn_out_flush(conn);
	if (rc == E_WOULD_BLOCK)
		return;
	if (rc < 0) {
		conn_close(conn);
		return;
	}
	if (conn->state == CONN_WRITE && conn->exchange && conn->exchange->is_out) {
		http_stream_flushed(conn);
		return;
	}
	if (conn->state == CONN_WRITE && conn->close_after) {
		conn_out_linger(conn);
		return;
	}
	if (conn->state == CONN_WRITE)
		deadline_enter(conn, CONN_IDLE);
	conn_wait(conn, LOOP_READ);
	conn_run(conn);
}

static void on_readable(struct conn *conn)
{
	if (!expects_bytes(conn)) { /* read-ahead is bounded by what came with the request that is out */
		conn_wait(conn, conn->out.len > 0 ? LOOP_WRITE : 0);
		return;
	}
	int rc = conn_in_fill(conn);
	if (rc == 0) {
		conn_run(conn);
		return;
	}
	if (rc != E_WOULD_BLOCK || conn_in_save(conn) < 0)
		conn_close(conn);
}

void conn_poll(struct conn *conn)
{
	if (conn->state == CONN_IDLE || conn->state == CONN_HEAD)
		on_readable(conn);
}

static void on_event(int fd, unsigned events, void *arg)
{
	(void)fd;
	struct conn *conn = arg;
	if (conn->state == CONN_HANDSHAKE)
		on_handshake(conn);
	else if (conn->state == CONN_LINGER) {
		if (conn_out_drain(conn) != E_WOULD_BLOCK)
			conn_close(conn);
	} else if (events & LOOP_WRITE)
		on_writable(conn);
	else
		on_readable(conn);
}
