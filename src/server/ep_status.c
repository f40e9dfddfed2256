/* Health for orchestrators and figures for operators. Nothing here tells about clients. */
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/status.h"
#include "server/worker.h"

static int reply_text(struct call *call, struct str text)
{
	reply_document(task_of(call), "application/json", text, (struct str){0}, -1);
	return 0;
}

/* The process answers. */
int ep_status_healthz(struct call *call) { return reply_text(call, STR("{\"status\":\"ok\"}")); }

/* Requests can be served: the store takes writes, keys are loaded. Asked at most once a second, whoever asks. */
int ep_status_readyz(struct call *call)
{
	struct server *server = task_of(call)->worker->server;
	if (!call->may_block)
		return E_WOULD_BLOCK;
	if (!atomic_load(&server->ready))
		FAIL(call, UNAVAILABLE, "keys are not loaded");
	if (status_probe_store(server) < 0)
		FAIL(call, UNAVAILABLE, "the store does not answer");
	return reply_text(call, STR("{\"status\":\"ready\"}"));
}

int ep_status_metrics(struct call *call)
{
	struct task *task = task_of(call);
	if (!call->may_block)
		return E_WOULD_BLOCK;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, TASK_BODY_MAX);
	status_metrics(task->worker->server, &text);
	TRY(buf_status(&text));
	reply_document(task, "text/plain; version=0.0.4; charset=utf-8", buf_str(&text), (struct str){0}, -1);
	return 0;
}
