/*
 * One exchange from request to reply; see task.h. The walk over the steps is here and nowhere else. Server process; a
 * task has one owner at a time, so nothing here locks.
 */
#include "server/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/rand.h"
#include "oauth/recent.h"
#include "server/metrics.h"
#include "server/reply.h"
#include "server/reply_page.h"
#include "server/route.h"
#include "server/server.h"
#include "server/source.h"
#include "server/worker.h"

int task_new(struct worker *worker, struct task **ret_task)
{
	struct task *task = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*task));
	if (!task)
		return E_NOMEM;
	task->worker = worker;
	arena_init(&task->call.arena, CALL_ARENA_MAX);
	buf_init(&task->call.token, SIGNER_TOKEN_MAX);
	buf_init(&task->headers, TASK_HEADERS_MAX);
	buf_init(&task->body, TASK_BODY_MAX);
	buf_init(&task->allow, TASK_ALLOW_MAX);
	*ret_task = task;
	return 0;
}

void task_free(struct task *task)
{
	if (!task)
		return;
	call_reset(&task->call);
	snapshot_unref(task->snapshot);
	buf_done(&task->call.token);
	buf_done(&task->headers);
	buf_done(&task->body);
	buf_done(&task->allow);
	arena_done(&task->call.arena);
	free(task);
}

static void read_authorization(struct call *call)
{
	struct str value = {0};
	call->n_authorization = (unsigned)http_header_count(call->request, STR("Authorization"));
	if (call->n_authorization == 1 && http_header_one(call->request, STR("Authorization"), &value) == 0)
		call->authorization = secret_of(value);
}

void task_begin(struct task *task, struct http_exchange *exchange)
{
	struct server *server = task->worker->server;
	struct call *call = &task->call;
	task->exchange = exchange;
	task->start_ns = clock_mono_ns();
	task->snapshot = server_snapshot(server);
	task->step = 0;
	task->code = 0;
	task->due_ns = 0;
	task->own = NULL;
	task->pattern = (struct str){0};
	task->detail = task->challenge = (struct str){0};
	call->env = &server->env;
	call->policy = &task->snapshot->policy;
	call->kids = &task->snapshot->kids;
	call->keys = task->snapshot->keys;
	call->now_us = clock_now_us(server->clock);
	call->request = http_exchange_request(exchange);
	call->peer_addr = source_address(task->snapshot->config, call->request);
	call->job.owner = task;
	call->answer.body = &task->body;
	call->request_id = rand_id(task->request_id);
	read_authorization(call);
	task->route = route_find(server->routes, call->request->path);
}

/* A browser's question before a cross-origin token request; answered only where the operator allows its origin. */
static bool is_preflight(const struct task *task)
{
	const struct http_request *request = task->call.request;
	return str_eq(request->method, STR("OPTIONS")) && (task->route->flags & ROUTE_FORM) &&
	       task->snapshot->config->cors.token_origins.n > 0 &&
	       http_header_count(request, STR("Access-Control-Request-Method")) == 1;
}

static enum task_outcome refuse(struct task *task, int code)
{
	task->code = code;
	reply_error(task, code);
	return TASK_DONE;
}

/* Before the first step: is there anything for this path and method? */
static int admit(struct task *task)
{
	if (!task->route)
		return E_NOT_FOUND;
	if ((task->route->flags & ROUTE_COMPAT) && !task->snapshot->config->compat.rapidata)
		return E_NOT_FOUND;
	if (!route_allows(task->route,
			  task->call.request->method)) /* RFC 6749 3.2: the token endpoint takes POST only */
		return E_METHOD_NOT_ALLOWED;
	if ((task->route->flags & ROUTE_OPERATOR) && !source_is_operator(task->snapshot->config, task->call.request))
		return E_NOT_FOUND;
	return 0;
}

enum task_outcome task_run(struct task *task)
{
	if (task->step == 0 && !task->call.may_block) {
		if (task->route && is_preflight(task)) {
			reply_preflight(task);
			return TASK_DONE;
		}
		int rc = admit(task);
		if (rc < 0)
			return refuse(task, rc);
	}
	for (; task->route->steps[task->step]; task->step++) {
		int rc = task->route->steps[task->step](&task->call);
		if (rc == E_WOULD_BLOCK)
			return TASK_BLOCK;
		if (rc == CALL_WAIT)
			return TASK_WAIT;
		if (rc < 0)
			return refuse(task, rc);
		if (rc == CALL_SIGN) {
			task->step++;
			return TASK_SIGN;
		}
		if (task->call.answer.status != 0)
			break;
	}
	if (task->route->flags & ROUTE_PAGE)
		reply_page(task);
	return TASK_DONE;
}

int task_explain(struct task *task, int code, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (arena_str(&task->call.arena, str_of(text), &task->detail) < 0)
		task->detail = (struct str){0};
	return code;
}

void task_refuse(struct task *task, int code) { refuse(task, code); }

/* Of a path that is not ours nothing is known; it may hold what was meant for the body. */
static struct str known_path(const struct task *task)
{
	if (task->route && task->route->flags & ROUTE_BELOW)
		return task->pattern.len > 0 ? task->pattern : STR("-");
	return task->route ? task->call.request->path : STR("-");
}

static void log_finished(const struct task *task)
{
	const struct call *call = &task->call;
	const struct err_row *row = task->code < 0 ? err_row(task->code) : NULL;
	enum log_level level = row && row->fault == FAULT_US ? LOG_WARN : LOG_INFO;
	if (!task->snapshot->config->log.requests && level < LOG_WARN)
		return;
	LOG(level, "request", F("request_id", call->request_id), F("method", call->request->method),
	    F("path", known_path(task)), F("status", task->status), F("error", row ? row->symbol : ""),
	    F("reason", (const char *)call->reason), F("client_id", call_client_id(call)), F("peer", call->peer_addr),
	    F("us", (clock_mono_ns() - task->start_ns) / 1000));
}

/* For the overview of admins: what the token endpoint did. */
static void note_recent(struct task *task)
{
	const struct call *call = &task->call;
	if (!task->route || task->route->id != ROUTE_TOKEN || !call->env->recent)
		return;
	if (task->code == 0)
		recent_token(call->env->recent, call_client_id(call), call_now_s(call));
	else
		recent_failure(call->env->recent, call_now_s(call));
}

static void count_finished(struct task *task)
{
	struct metrics_slot *slot = task->worker->metrics;
	uint64_t took_us = (uint64_t)((clock_mono_ns() - task->start_ns) / 1000);
	if (task->call.auth_failed)
		metrics_auth_failure(slot, task->call.auth_reason);
	if (task->call.throttle_began)
		metrics_throttle_crossing(slot);
	if (task->call.signin > SIGNIN_NONE)
		metrics_signin(slot, (enum metrics_signin)(task->call.signin - SIGNIN_OK));
	if (task->code == 0 && task->call.token.len > 0)
		metrics_token(slot, task->call.alg);
	note_recent(task);
	metrics_request(slot, task->route ? task->route->id : ROUTE_UNKNOWN, task->code, took_us);
	if (task->code == 0 && task->call.secret)
		worker_note_use(task->worker, &task->call);
}

void task_finish(struct task *task)
{
	struct http_reply reply = {task->status, buf_str(&task->headers), buf_str(&task->body), false};
	if (buf_status(&task->headers) < 0 ||
	    buf_status(&task->body) < 0) { /* the reply itself did not fit in memory */
		refuse(task, E_NOMEM);
		reply = (struct http_reply){task->status, buf_str(&task->headers), buf_str(&task->body), true};
	}
	count_finished(task);
	log_finished(task);
	http_exchange_reply(task->exchange, &reply);
	snapshot_unref(task->snapshot);
	task->snapshot = NULL;
	task->exchange = NULL;
	secret_wipe(task->body.p, task->body.len);
	buf_reset(&task->body);
	buf_reset(&task->headers);
	buf_reset(&task->allow);
	call_reset(&task->call);
}
