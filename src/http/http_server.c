/*
 * Listeners, caps and the public face of http/server.h. One server per loop and thread. Knows no routes; must never
 * block.
 */
#include "http/server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "http/conn.h"

enum {
	ACCEPTS_PER_WAKE_UP = 32, DRAIN_ACCEPTS = 64,
	ACCEPT_PAUSE_MS = 100, /* when descriptors or memory have run out */
	REFUSE_HEADERS_MAX = 4096,
	REFUSE_BODY_MAX = 16384,
};

struct listener {
	struct listener *next;
	struct http_server *server;
	struct tls_context *tls;
	struct loop_watch *watch;
	struct loop_timer *pause;
	int fd;
};

int http_server_new(const struct http_server_options *options, struct http_server **ret_server)
{
	struct http_server *server = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*server));
	if (!server)
		return E_NOMEM;
	server->loop = options->loop;
	server->limits = options->limits;
	server->handler = options->handler;
	buf_init(&server->out, CONN_REPLY_MAX);
	buf_init(&server->refuse_headers, REFUSE_HEADERS_MAX);
	buf_init(&server->refuse_body, REFUSE_BODY_MAX);
	int rc = peer_table_new(&server->peers);
	if (rc == 0)
		rc = loop_timer_new(server->loop, deadline_on_timer, server, &server->timer);
	if (rc < 0) {
		http_server_free(server);
		return rc;
	}
	*ret_server = server;
	return 0;
}

static void read_addr(const struct sockaddr_storage *from, unsigned char ret_addr[16])
{
	memset(ret_addr, 0, 16);
	if (from->ss_family == AF_INET6) {
		memcpy(ret_addr, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
		return;
	}
	if (from->ss_family != AF_INET)
		return;
	ret_addr[10] = ret_addr[11] = 0xff;
	memcpy(ret_addr + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
}

/* Over a cap: one reply if that is free of cost, no linger, no state. */
static void turn_away(struct http_server *server, int fd, const unsigned char addr[16], bool is_unix, bool is_tls)
{
	char peer[INET6_ADDRSTRLEN], trash[4096];
	int status = err_row(E_UNAVAILABLE)->status;
	server->stats.refused_cap++;
	if (is_tls) {
		close(fd);
		return;
	}
	conn_format_addr(addr, is_unix, peer);
	buf_reset(&server->refuse_headers);
	buf_reset(&server->refuse_body);
	server->handler.refuse(E_UNAVAILABLE, str_of(peer), &server->refuse_headers, &server->refuse_body, &status,
			       server->handler.arg);
	struct http_reply reply = {
		.status = status, .headers = buf_str(&server->refuse_headers), .body = buf_str(&server->refuse_body)};
	if (conn_out_compose(server, &reply, (struct conn_out_form){.close = true}) == 0 &&
	    send(fd, server->out.p, server->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		shutdown(fd, SHUT_WR);
	ssize_t n = recv(fd, trash, sizeof(trash), MSG_DONTWAIT); /* unread bytes would turn the close into a reset */
	(void)n;
	close(fd);
}

static void admit(struct listener *listener, int fd, const struct sockaddr_storage *from)
{
	struct http_server *server = listener->server;
	unsigned char addr[16];
	bool is_unix = from->ss_family == AF_UNIX;
	read_addr(from, addr);
	bool is_full = server->stats.open >= server->limits.connections_max;
	if (is_full || (!is_unix && peer_table_add(server->peers, addr, server->limits.connections_per_addr_max) < 0)) {
		turn_away(server, fd, addr, is_unix, listener->tls != NULL);
		return;
	}
	server->stats.accepted++;
	if (conn_open(server, fd, addr, is_unix, listener->tls) == 0) {
		server->stats.open++;
		return;
	}
	if (!is_unix)
		peer_table_drop(server->peers, addr);
}

static void resume(void *arg)
{
	struct listener *listener = arg;
	if (!listener->server->draining && loop_watch_set(listener->watch, LOOP_READ) < 0 &&
	    loop_timer_start(listener->pause, ACCEPT_PAUSE_MS) < 0)
		listener->server->stats.refused_cap++; /* out of memory for a timer: nothing left to try */
}

static bool is_exhausted(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* False: nobody waits any more. */
static bool accept_some(struct listener *listener)
{
	for (unsigned i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
		socklen_t len = sizeof(from);
		int conn_fd = accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn_fd >= 0) {
			admit(listener, conn_fd, &from);
			continue;
		}
		/* A level-triggered listener would spin until somebody leaves. */
		if (is_exhausted(errno) && loop_timer_start(listener->pause, ACCEPT_PAUSE_MS) == 0 &&
		    loop_watch_set(listener->watch, 0) < 0)
			listener->server->stats.refused_cap++;
		return false;
	}
	return true;
}

static void on_acceptable(int fd, unsigned events, void *arg)
{
	(void)fd;
	(void)events;
	(void)accept_some(arg);
}

static void free_listener(struct listener *listener)
{
	loop_watch_free(listener->watch);
	loop_timer_free(listener->pause);
	tls_context_unref(listener->tls);
	free(listener);
}

static int start_listener(struct listener *listener, struct loop *loop)
{
	int one = 1;
	/* Connections inherit it, which saves a call for each. Fails on a Unix socket, which needs none. */
	(void)setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	TRY(loop_watch_new(loop, listener->fd, on_acceptable, listener, &listener->watch));
	TRY(loop_timer_new(loop, resume, listener, &listener->pause));
	return loop_watch_set(listener->watch, LOOP_READ);
}

int http_server_listen(struct http_server *server, int fd, struct tls_context *tls)
{
	struct listener *listener = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*listener));
	if (!listener)
		return E_NOMEM;
	*listener = (struct listener){.server = server, .fd = fd, .tls = tls ? tls_context_ref(tls) : NULL};
	int rc = start_listener(listener, server->loop);
	if (rc < 0) {
		free_listener(listener);
		return rc;
	}
	listener->next = server->listeners;
	server->listeners = listener;
	return 0;
}

void http_server_set_tls(struct http_server *server, struct tls_context *tls)
{
	for (struct listener *listener = server->listeners; listener; listener = listener->next) {
		if (!listener->tls)
			continue;
		tls_context_unref(listener->tls);
		listener->tls = tls_context_ref(tls);
	}
}

void http_server_set_limits(struct http_server *server, const struct http_limits *limits)
{
	server->limits = *limits;
	deadline_kick(server);
}

static void close_list(struct http_server *server, enum conn_state state)
{
	struct conn *next;
	for (struct conn *conn = server->lists[state].first; conn; conn = next) {
		next = conn->next;
		conn_close(conn);
	}
}

/* Requests that have reached this machine are in work too: accept who waits and read what is there, once. */
static void gather_requests(struct http_server *server)
{
	static const enum conn_state states[] = {CONN_IDLE, CONN_HEAD};
	struct conn *next;
	for (struct listener *listener = server->listeners; listener; listener = listener->next)
		for (unsigned i = 0; i < DRAIN_ACCEPTS && accept_some(listener); i++)
			;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		for (struct conn *conn = server->lists[states[i]].first; conn; conn = next) {
			next = conn->next;
			conn_poll(conn);
		}
}

void http_server_drain(struct http_server *server, void (*done)(void *arg), void *arg)
{
	struct conn *next;
	server->draining = true;
	server->done = done;
	server->done_arg = arg;
	gather_requests(server);
	for (struct listener *listener = server->listeners; listener; listener = listener->next) {
		if (loop_watch_set(listener->watch, 0) < 0)
			continue; /* cannot happen: waiting for nothing needs nothing */
		loop_timer_stop(listener->pause);
	}
	close_list(server, CONN_IDLE);
	close_list(server, CONN_HANDSHAKE);
	for (struct conn *conn = server->lists[CONN_HEAD].first; conn; conn = next) {
		next = conn->next;
		if (!conn_in_has_bytes(conn))
			conn_close(conn);
	}
	deadline_kick(server); /* done() is called from the loop, never from here */
}

void http_server_closed(struct http_server *server)
{
	server->stats.open--;
	if (server->draining && server->stats.open == 0 && !server->freed)
		deadline_kick(server);
}

static void free_memory(struct http_server *server)
{
	for (struct conn *conn = server->spare_conns, *next; conn; conn = next) {
		next = conn->next;
		free(conn);
	}
	for (struct http_exchange *exchange = server->spare_exchanges, *next; exchange; exchange = next) {
		next = exchange->next_spare;
		free(exchange);
	}
	buf_done(&server->out);
	buf_done(&server->refuse_headers);
	buf_done(&server->refuse_body);
	peer_table_free(server->peers);
	free(server);
}

void http_server_exchange_gone(struct http_server *server)
{
	if (server->freed && server->n_out == 0)
		free_memory(server);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	server->freed = true;
	for (struct listener *listener = server->listeners, *next; listener; listener = next) {
		next = listener->next;
		free_listener(listener);
	}
	server->listeners = NULL;
	for (unsigned state = 0; state < CONN_STATES; state++)
		close_list(server, state);
	loop_timer_free(server->timer);
	server->timer = NULL;
	if (server->n_out == 0)
		free_memory(server);
}

void http_server_stats(const struct http_server *server, struct http_server_stats *ret_stats)
{
	*ret_stats = server->stats;
}
