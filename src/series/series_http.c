/*
 * One request from path to answer; see series_http.h. First on the event loop: path, operation, parameters, token,
 * operation scope; what reads or writes the database then runs once more on a pool thread, with all of that kept. Must
 * never run an operation before series_auth_check said yes.
 */
#include "series/series_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "series/series_auth.h"
#include "series/series_document.h"
#include "series/series_params.h"
#include "series/series_reply.h"
#include "series/series_routes.h"
#include "series/series_stream.h"

/* RFC 3986 3.3: a segment that no encoding and no rule could read differently. */
static bool is_environment(const char *environment)
{
	return !environment || (environment[0] != '\0' && str_is_unreserved(str_of(environment)) &&
				strcmp(environment, ".") != 0 && strcmp(environment, "..") != 0);
}

static int load(struct series_http *http, struct buf *why)
{
	char prefix[256] = "";
	if (!is_environment(http->options.environment) ||
	    (http->options.environment && strlen(http->options.environment) > sizeof(prefix) - 2)) {
		buf_put(why, STR("the environment must be one path segment of letters, digits and -._~"));
		return E_CONFIG;
	}
	if (http->options.environment)
		snprintf(prefix, sizeof(prefix), "/%s", http->options.environment);
	const struct openapi_source source = {"series.yaml", buf_str(&http->yaml), prefix};
	/* RFC 8414 3: the document names our issuer's endpoint, and it is ours: every scheme in it counts */
	TRY(openapi_load(&source, 1, STR(""), &http->set, why));
	return series_routes_bind(http->set, &http->routes);
}

int series_http_new(const struct series_http_options *options, struct series_http **ret_http, struct buf *ret_why)
{
	struct series_http *http = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*http));
	if (!http)
		return E_NOMEM;
	http->options = *options;
	int rc = series_document_make(options, &http->yaml, &http->json);
	if (rc == 0)
		rc = load(http, ret_why);
	if (rc < 0) {
		series_http_free(http);
		return rc;
	}
	*ret_http = http;
	return 0;
}

void series_http_free(struct series_http *http)
{
	if (!http)
		return;
	openapi_free(http->set);
	free(http->routes);
	buf_done(&http->yaml);
	buf_done(&http->json);
	free(http);
}

/* The operation that the request is. */
static int find_operation(struct series_call *call)
{
	struct daemon_task *task = call->task;
	struct str target = task->request->path;
	struct path path;
	char *mem = arena_alloc(&task->arena, target.len + 1);
	if (!mem)
		return E_NOMEM;
	if (path_parse(target, mem, target.len, &path) < 0)
		return series_call_fail(call, E_INVALID_REQUEST, "The path is refused: %s.", path_explain(target));
	int rc = openapi_find(call->http->set, task->request->method, &path, &call->match);
	if (rc == E_METHOD_NOT_ALLOWED) { /* RFC 9110 15.5.6 */
		buf_put(&task->headers, STR("Allow: "));
		openapi_allow(call->http->set, &path, &task->headers);
		buf_put(&task->headers, STR("\r\n"));
	}
	TRY(rc);
	call->route = call->http->routes[call->match.operation->index];
	return 0;
}

static int begin(struct series_call *call)
{
	TRY(find_operation(call));
	TRY(series_params_read(call));
	TRY(series_auth_check(call));
	TRY(series_params_version(call));
	return call->route->flags & ROUTE_CHOOSES_FORMAT ? series_params_format(call) : 0;
}

static int run(struct series_call *call)
{
	struct daemon_task *task = call->task;
	if (!call->is_ready) {
		call->match = (struct openapi_match){0};
		TRY(begin(call));
		call->is_ready = true;
	}
	if ((call->route->flags & ROUTE_BLOCKS) && !task->may_block) {
		task->lane = call->route->flags & ROUTE_SHORT ? POOL_LIGHT : POOL_HEAVY;
		return E_WOULD_BLOCK;
	}
	return call->route->run(call);
}

int series_http_handle(struct daemon_task *task, void *arg)
{
	struct series_call *call = task->data;
	if (!call) {
		call = arena_alloc(&task->arena, sizeof(*call));
		if (!call)
			return E_NOMEM;
		call->http = arg;
		call->task = task;
		task->data = call;
	}
	int rc = run(call);
	if (rc == E_WOULD_BLOCK && !task->may_block)
		return rc;
	call->code = rc;
	if (rc < 0)
		series_reply_error(call, rc);
	return 0;
}

void series_http_finished(struct daemon_task *task, void *arg)
{
	struct series_call *call = task->data;
	(void)arg;
	if (!call)
		return;
	int code = task->code < 0 ? task->code : call->code; /* the frame's: of an answer that was cut short */
	const struct err_row *row = code < 0 ? err_row(code) : NULL;
	const char *client_id = call->token ? mintmark_token_client_id(call->token) : NULL;
	LOG(row && row->fault == FAULT_US ? LOG_WARN : LOG_INFO, "request",
	    F("request_id", (const char *)task->request_id),
	    F("operation", call->match.operation ? call->match.operation->id : STR("-")), F("status", task->status),
	    F("error", row ? row->symbol : ""), F("client_id", client_id ? client_id : ""),
	    F("peer", task->request->peer_addr), F("us", (clock_mono_ns() - task->start_ns) / 1000));
	mintmark_token_free(call->token);
}
