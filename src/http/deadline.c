/*
 * Total deadlines: one list per state in order of entry. All entries of a list last equally long, so its first is
 * always the next due; one loop timer per server serves all of them. One thread: the loop's.
 */
#include "base/clock.h"
#include "http/conn.h"

enum { TICK_MS = 20 }; /* the timer fires at most that often */

static int64_t mono_ms(void) { return clock_mono_ns() / 1000000; }

/* Milliseconds a connection may stay in the state; 0: as long as it likes. */
static int64_t allowed_ms(const struct http_server *server, enum conn_state state)
{
	const struct http_limits *limits = &server->limits;
	const int64_t allowed[CONN_STATES] = {
		[CONN_HANDSHAKE] = limits->handshake_ms,
		[CONN_IDLE] = limits->idle_ms,
		[CONN_HEAD] = limits->head_ms,
		[CONN_BODY] = limits->body_ms,
		[CONN_EXCHANGE] = 0,
		[CONN_WRITE] = limits->write_ms,
		[CONN_LINGER] = server->draining ? CONN_LINGER_DRAINING_MS : CONN_LINGER_MS,
	};
	if (!server->draining)
		return allowed[state];
	/* Who has not finished a request when we end has half a second left; the supervisor waits little longer. */
	int64_t most_ms = limits->drain_ms > 0 ? limits->drain_ms : CONN_DRAINING_MS;
	return allowed[state] > most_ms ? most_ms : allowed[state];
}

static void arm(struct http_server *server, int64_t now_ms, int64_t due_ms)
{
	if (server->armed_ms != 0 && server->armed_ms <= due_ms)
		return;
	int64_t wait = due_ms > now_ms ? due_ms - now_ms : 0;
	server->armed_ms = due_ms;
	if (loop_timer_start(server->timer, (uint32_t)wait) < 0)
		server->armed_ms = 0; /* the next connection that enters a state tries again */
}

void deadline_leave(struct conn *conn)
{
	struct conn_list *list = &conn->server->lists[conn->state];
	if (conn->prev)
		conn->prev->next = conn->next;
	else if (list->first == conn)
		list->first = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	else if (list->last == conn)
		list->last = conn->prev;
	conn->prev = conn->next = NULL;
}

void deadline_enter(struct conn *conn, enum conn_state state)
{
	struct http_server *server = conn->server;
	struct conn_list *list = &server->lists[state];
	deadline_leave(conn);
	conn->state = (uint8_t)state;
	conn->since_ms = mono_ms();
	conn->prev = list->last;
	if (list->last)
		list->last->next = conn;
	else
		list->first = conn;
	list->last = conn;
	int64_t allowed = allowed_ms(server, state);
	if (allowed > 0)
		arm(server, conn->since_ms, conn->since_ms + allowed);
}

void deadline_kick(struct http_server *server)
{
	server->armed_ms = 0;
	arm(server, 1, 1); /* long ago: nothing is due before it */
}

/* When the first of a list is due; INT64_MAX when nobody is. */
static int64_t next_due(const struct http_server *server, enum conn_state state)
{
	int64_t allowed = allowed_ms(server, state);
	const struct conn *first = server->lists[state].first;
	return first && allowed > 0 ? first->since_ms + allowed : INT64_MAX;
}

static void expire_list(struct http_server *server, enum conn_state state, int64_t now_ms)
{
	while (next_due(server, state) <= now_ms)
		conn_expire(server->lists[state].first); /* always leaves the list */
}

void deadline_on_timer(void *arg)
{
	struct http_server *server = arg;
	int64_t now_ms = mono_ms(), due_ms = INT64_MAX;
	server->armed_ms = 0;
	if (server->draining && server->stats.open == 0) {
		void (*done)(void *arg) = server->done;
		server->done = NULL;
		if (done)
			done(server->done_arg); /* may free the server */
		return;
	}
	for (unsigned state = 0; state < CONN_STATES; state++)
		expire_list(server, state, now_ms);
	for (unsigned state = 0; state < CONN_STATES; state++) {
		int64_t due = next_due(server, state);
		due_ms = due < due_ms ? due : due_ms;
	}
	if (due_ms != INT64_MAX)
		arm(server, now_ms, due_ms > now_ms + TICK_MS ? due_ms : now_ms + TICK_MS);
}
