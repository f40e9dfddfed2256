/*
 * Bytes to requests on one connection. A read goes to a recycled exchange; when the request is incomplete and small,
 * its bytes move to a tight buffer and the exchange goes back: an idle or slow connection holds no 4 KiB. One thread:
 * the loop's.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "base/secret.h"
#include "http/bytes.h"
#include "http/conn.h"

static int need_exchange(struct conn *conn)
{
	if (conn->exchange)
		return 0;
	TRY(http_exchange_take(conn->server, conn->saved_len, &conn->exchange));
	conn->exchange->conn = conn;
	if (conn->saved_len > 0)
		memcpy(conn->exchange->bytes, conn->saved, conn->saved_len);
	conn->exchange->len = conn->saved_len;
	return 0;
}

/* Room for what is known to come; at least some. */
static int make_room(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	size_t want = exchange->len + 1;
	if (exchange->parsed && conn->head_len > 0 && !exchange->request.chunked)
		want = conn->head_len + exchange->request.content_length;
	if (want <= exchange->len)
		want = exchange->len + 1;
	return want > CONN_BYTES_MAX ? E_LIMIT : http_exchange_grow(&conn->exchange, want);
}

static int read_plain(struct conn *conn, char *room, size_t size, size_t *ret_n)
{
	ssize_t n = recv(conn->fd, room, size, 0);
	if (n > 0) {
		*ret_n = (size_t)n;
		return 0;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? E_WOULD_BLOCK : E_IO;
}

static int read_tls(struct conn *conn, char *room, size_t size, size_t *ret_n)
{
	return conn_tls_code(tls_read(conn->tls, room, size, ret_n));
}

int conn_in_fill(struct conn *conn)
{
	size_t n = 0;
	TRY(need_exchange(conn));
	TRY(make_room(conn));
	struct http_exchange *exchange = conn->exchange;
	char *room = exchange->bytes + exchange->len;
	size_t size = exchange->cap - exchange->len;
	TRY(conn->tls ? read_tls(conn, room, size, &n) : read_plain(conn, room, size, &n));
	exchange->len += n;
	return 0;
}

/*
 * Whether new bytes can change the verdict "incomplete": only a control character can, so a slow head is not parsed
 * for every byte.
 */
static bool is_worth_parsing(const struct conn *conn)
{
	const struct http_exchange *exchange = conn->exchange;
	if (conn->scanned == 0 || exchange->len >= HTTP_HEAD_MAX)
		return true;
	for (size_t i = conn->scanned - 1; i < exchange->len; i++)
		if (!bytes_is(exchange->bytes[i], BYTES_TEXT))
			return true;
	return false;
}

static int parse_head(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	size_t used = 0;
	if (exchange->parsed)
		return 0;
	if (conn->head_len == 0 && !is_worth_parsing(conn))
		return E_WOULD_BLOCK;
	int rc = http_request_head(str_mem(exchange->bytes, exchange->len), &exchange->request, &used);
	if (rc == E_WOULD_BLOCK)
		conn->scanned = (uint32_t)exchange->len;
	TRY(rc);
	if (conn->head_len == 0) {
		conn->head_len = (uint32_t)used;
		conn->chunk = (struct http_chunk){0};
	}
	exchange->parsed = true;
	return 0;
}

static int parse_chunks(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	size_t used = 0, at = conn->head_len + conn->chunk.body_len;
	char *raw = exchange->bytes + at;
	int rc = http_chunk_feed(&conn->chunk, raw, exchange->len - at, raw, &used);
	if (rc == E_WOULD_BLOCK) /* everything was taken; what is behind the decoded part is only framing */
		exchange->len = conn->head_len + conn->chunk.body_len;
	TRY(rc);
	conn->used = (uint32_t)(at + used);
	exchange->request.body = str_mem(exchange->bytes + conn->head_len, conn->chunk.body_len);
	return 0;
}

static int parse_body(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	struct http_request *request = &exchange->request;
	if (request->chunked)
		return parse_chunks(conn);
	size_t total = conn->head_len + (size_t)request->content_length;
	if (exchange->len < total)
		return E_WOULD_BLOCK;
	conn->used = (uint32_t)total;
	request->body = str_mem(exchange->bytes + conn->head_len, (size_t)request->content_length);
	return 0;
}

int conn_in_parse(struct conn *conn)
{
	if (!conn->exchange || conn->exchange->len == 0)
		return E_WOULD_BLOCK;
	if (conn->state == CONN_IDLE)
		deadline_enter(conn, CONN_HEAD);
	TRY(parse_head(conn));
	TRY(parse_body(conn));
	conn_in_forget(conn);
	return 0;
}

void conn_in_consume(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	size_t left = exchange->len - conn->used;
	conn->head_len = conn->scanned = conn->used = 0;
	exchange->parsed = false;
	if (left == 0) {
		conn->exchange = NULL;
		http_exchange_give(exchange);
		return;
	}
	memmove(exchange->bytes, exchange->bytes + exchange->len - left, left);
	secret_wipe(exchange->bytes + left, exchange->len - left);
	exchange->len = left;
}

void conn_in_forget(struct conn *conn)
{
	if (!conn->saved)
		return;
	secret_wipe(conn->saved, conn->saved_len);
	free(conn->saved);
	conn->saved = NULL;
	conn->saved_len = conn->saved_cap = 0;
}

static int save_room(struct conn *conn, size_t len)
{
	size_t cap = 64;
	if (len <= conn->saved_cap)
		return 0;
	while (cap < len)
		cap *= 2;
	char *saved = fault_hit(FAULT_ALLOC) ? NULL : malloc(cap);
	if (!saved)
		return E_NOMEM;
	conn_in_forget(conn);
	conn->saved = saved;
	conn->saved_cap = (uint32_t)cap;
	return 0;
}

int conn_in_save(struct conn *conn)
{
	struct http_exchange *exchange = conn->exchange;
	if (!exchange)
		return 0;
	if (exchange->len > CONN_SAVED_MAX) {
		conn_in_forget(conn);
		return 0;
	}
	if (exchange->len > 0) {
		TRY(save_room(conn, exchange->len));
		memcpy(conn->saved, exchange->bytes, exchange->len);
	}
	conn->saved_len = (uint32_t)exchange->len;
	conn->exchange = NULL;
	http_exchange_give(exchange);
	return 0;
}

bool conn_in_has_bytes(const struct conn *conn)
{
	return conn->saved_len > 0 || (conn->exchange && conn->exchange->len > 0);
}
