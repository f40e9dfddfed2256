/*
 * Replies to bytes (RFC 9112 4, RFC 9110 8.6), sent with one call; only what the socket does not take is kept and
 * waited for. One thread: the loop's.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "http/conn.h"

enum { OUT_KEPT_MAX = 256 * 1024 }; /* a larger compose buffer is given back after use */

static const struct {
	int status;
	struct str line;
} status_lines[] = {
#define TEXT(status, reason) "HTTP/1.1 " #status " " reason "\r\n"
#define LINE(status, reason) {status, {TEXT(status, reason), sizeof(TEXT(status, reason)) - 1}}
	LINE(200, "OK"), LINE(201, "Created"), LINE(202, "Accepted"), LINE(204, "No Content"),
	LINE(301, "Moved Permanently"), LINE(302, "Found"), LINE(303, "See Other"), LINE(304, "Not Modified"),
	LINE(307, "Temporary Redirect"), LINE(308, "Permanent Redirect"),
	LINE(400, "Bad Request"), LINE(401, "Unauthorized"), LINE(403, "Forbidden"), LINE(404, "Not Found"),
	LINE(405, "Method Not Allowed"), LINE(406, "Not Acceptable"), LINE(408, "Request Timeout"),
	LINE(409, "Conflict"), LINE(410, "Gone"), LINE(411, "Length Required"), LINE(412, "Precondition Failed"),
	LINE(413, "Content Too Large"), LINE(415, "Unsupported Media Type"),
	LINE(417, "Expectation Failed"), LINE(422, "Unprocessable Content"),
	LINE(428, "Precondition Required"), LINE(429, "Too Many Requests"),
	LINE(431, "Request Header Fields Too Large"), LINE(500, "Internal Server Error"),
	LINE(501, "Not Implemented"), LINE(502, "Bad Gateway"),
	LINE(503, "Service Unavailable"), LINE(504, "Gateway Timeout"), LINE(505, "HTTP Version Not Supported"),
#undef LINE
#undef TEXT
};

static void put_status_line(struct buf *out, int status)
{
	for (size_t i = 0; i < sizeof(status_lines) / sizeof(status_lines[0]); i++) {
		if (status_lines[i].status != status)
			continue;
		buf_put(out, status_lines[i].line);
		return;
	}
	buf_printf(out, "HTTP/1.1 %d \r\n", status);
}

/* RFC 9110 5.6.7: IMF-fixdate, made anew once a second. */
static struct str date_line(struct http_server *server)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t now_s = clock_now_s(&clock_system);
	if (now_s != server->date_s) {
		struct tm tm;
		time_t t = (time_t)now_s;
		gmtime_r(&t, &tm);
		snprintf(server->date, sizeof(server->date), "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
			 days + tm.tm_wday * 3, (unsigned)tm.tm_mday % 100, months + tm.tm_mon * 3,
			 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
			 (unsigned)tm.tm_sec % 100);
		server->date_s = now_s;
	}
	return (struct str){server->date, 29};
}

int conn_out_compose(struct http_server *server, const struct http_reply *reply, struct conn_out_form form)
{
	struct buf *out = &server->out;
	if (out->cap > OUT_KEPT_MAX)
		buf_done(out);
	buf_reset(out);
	put_status_line(out, reply->status);
	buf_put(out, STR("Date: "));
	buf_put(out, date_line(server));
	buf_put(out, STR("\r\n"));
	buf_put(out, reply->headers);
	bool has_content = reply->status != 204 && reply->status != 304; /* RFC 9110 8.6 */
	if (form.is_stream && !form.minor_0) { /* RFC 9112 6.1: never to a 1.0 peer */
		buf_put(out, STR("Transfer-Encoding: chunked\r\n"));
	} else if (!form.is_stream && has_content) {
		buf_put(out, STR("Content-Length: "));
		buf_put_u64(out, reply->body.len);
		buf_put(out, STR("\r\n"));
	}
	if (form.close)
		buf_put(out, STR("Connection: close\r\n"));
	else if (form.minor_0) /* RFC 9112 9.3: HTTP/1.0 keeps only what is said to be kept */
		buf_put(out, STR("Connection: keep-alive\r\n"));
	buf_put(out, STR("\r\n"));
	if (!form.is_head && !form.is_stream && has_content) /* RFC 9110 9.3.2: no content for HEAD */
		buf_put(out, reply->body);
	return buf_status(out);
}

static int write_plain(struct conn *conn, struct str bytes, size_t *ret_n)
{
	if (fault_hit(FAULT_WRITE))
		return E_IO;
	ssize_t n = send(conn->fd, bytes.p, bytes.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_WOULD_BLOCK : E_IO;
	*ret_n = (size_t)n;
	return 0;
}

static int write_tls(struct conn *conn, struct str bytes, size_t *ret_n)
{
	return conn_tls_code(tls_write(conn->tls, bytes.p, bytes.len, ret_n));
}

/* As much as the socket takes now; TLS takes a record a time. */
static int write_some(struct conn *conn, struct str bytes, size_t *ret_n)
{
	size_t sent = 0;
	int rc = 0;
	while (rc == 0 && sent < bytes.len) {
		struct str rest = {bytes.p + sent, bytes.len - sent};
		size_t n = 0;
		rc = conn->tls ? write_tls(conn, rest, &n) : write_plain(conn, rest, &n);
		sent += n;
	}
	*ret_n = sent;
	return rc == E_IO ? E_IO : 0;
}

int conn_out_send(struct conn *conn, struct str bytes)
{
	size_t sent = 0;
	if (conn->out.len == 0)
		TRY(write_some(conn, bytes, &sent));
	if (sent == bytes.len)
		return 0;
	buf_put(&conn->out, (struct str){bytes.p + sent, bytes.len - sent});
	return buf_status(&conn->out);
}

int conn_out_flush(struct conn *conn)
{
	size_t sent = 0;
	TRY(write_some(conn, (struct str){conn->out.p + conn->out_at, conn->out.len - conn->out_at}, &sent));
	conn->out_at += sent;
	if (conn->out_at < conn->out.len)
		return E_WOULD_BLOCK;
	buf_done(&conn->out);
	conn->out_at = 0;
	return 0;
}

void conn_out_linger(struct conn *conn)
{
	if (conn->tls)
		tls_close(conn->tls);
	shutdown(conn->fd, SHUT_WR);
	deadline_enter(conn, CONN_LINGER);
	conn_wait(conn, LOOP_READ);
}

int conn_out_drain(struct conn *conn)
{
	char trash[8192];
	for (unsigned i = 0; i < 16; i++) {
		ssize_t n = recv(conn->fd, trash, sizeof(trash), 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? E_WOULD_BLOCK : E_IO;
		conn->lingered += (uint32_t)n;
		if (n == 0 || conn->lingered > CONN_LINGER_BYTES)
			return E_IO;
	}
	return E_WOULD_BLOCK;
}
