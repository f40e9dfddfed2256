/* Throttle events on their way to the audit chain; see audit.h. */
#include "server/audit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/log.h"
#include "server/server.h"
#include "store/store.h"

struct event {
	struct pool_job job; /* first */
	struct server *server;
	int64_t now_s;
	const char *action;
	char target[MODEL_ID_MAX + 1], detail[128];
};

static void append(struct pool_job *job, unsigned thread)
{
	struct event *event = (struct event *)(void *)job;
	struct audit_note note = {
		.now_s = event->now_s,
		.actor = STR("system"),
		.action = str_of(event->action),
		.target = str_of(event->target),
		.detail = str_of(event->detail),
	};
	(void)thread;
	int rc = store_audit_append(event->server->env.store, &note);
	if (rc < 0)
		LOG(LOG_WARN, "audit_failed", F("error", err_row(rc)->symbol), F("action", event->action));
	free(event);
}

/* An id that nobody made: only its printable ASCII start is kept. */
static void keep_text(char *out, size_t size, struct str text)
{
	size_t n = 0;
	while (n + 1 < size && n < text.len && text.p[n] > 0x20 && text.p[n] < 0x7F) {
		out[n] = text.p[n];
		n++;
	}
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
}

static void submit(struct server *server, const struct call *call, const char *event_name, const char *action)
{
	LOG(LOG_WARN, event_name, F("client_id", call_client_id(call)), F("peer", call->peer_addr));
	struct event *event = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*event));
	if (!event)
		return;
	event->job.run = append;
	event->action = action;
	event->server = server;
	event->now_s = call_now_s(call);
	keep_text(event->target, sizeof(event->target), call_client_id(call));
	keep_text(event->detail, sizeof(event->detail), call->peer_addr);
	if (pool_submit(server->pool, LANE_STORE, &event->job) < 0) {
		LOG(LOG_WARN, "audit_failed", F("error", "UNAVAILABLE"), F("action", action));
		free(event);
	}
}

void audit_throttle(struct server *server, const struct call *call) { submit(server, call, "throttle", "throttle"); }

/* The last entry of each client, about: two that share a place may be told more often. */
static bool is_due(struct str client_id, int64_t now_s)
{
	enum { PLACES = 1024, PAUSE_S = 3600 };
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		uint32_t key;
		int64_t s;
	} places[PLACES];
	uint32_t key = enc_crc32(client_id);
	pthread_mutex_lock(&lock);
	bool due = places[key % PLACES].key != key || now_s - places[key % PLACES].s >= PAUSE_S;
	if (due) {
		places[key % PLACES].key = key;
		places[key % PLACES].s = now_s;
	}
	pthread_mutex_unlock(&lock);
	return due;
}

void audit_network(struct server *server, const struct call *call)
{
	if (is_due(call_client_id(call), call_now_s(call)))
		submit(server, call, "foreign_network", "client.network");
}
