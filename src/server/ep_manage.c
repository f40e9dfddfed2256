/*
 * The management API: what openapi/management.yaml declares is enforced by src/openapi, the same code as the gate's;
 * the rest is admin/. RFC 6750 2.1, 3 and 3.1 (bearer tokens), RFC 9110 (methods, Location), RFC 7240 (Prefer).
 * Server process, on pool threads. Must never: act before the token was judged, or log what a body holds.
 */
#include <stdio.h>

#include "admin/admin.h"
#include "admin/manage_api.h"
#include "admin/manage_request.h"
#include "admin/management.h"
#include "json/json.h"
#include "oauth/scope.h"
#include "openapi/openapi.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"

enum { ACTOR_ROOM = 8 + MODEL_ID_MAX, REQUEST_MAX = ADMIN_REQUEST_MAX };

/* What the steps know of one request; in the call's arena. */
struct manage {
	struct openapi_match match;
	struct own_token token; /* its view is the call's client */
};

static struct server *server_of(struct call *call) { return task_of(call)->worker->server; }

/* The path by the one rule, then the operation. */
static int find(struct call *call, struct manage *manage)
{
	struct task *task = task_of(call);
	struct path path;
	const struct http_request *request = call->request;
	char *mem = arena_alloc(&call->arena, request->path.len + 1);
	if (!mem)
		return E_NOMEM;
	if (path_parse(request->path, mem, request->path.len + 1, &path) < 0)
		return task_explain(task, E_INVALID_REQUEST, "The path is not one that is served: %s.",
				    path_explain(request->path));
	int rc = openapi_find(server_of(call)->management, request->method, &path, &manage->match);
	if (rc == 0)
		task->pattern = manage->match.operation->path;
	if (rc == E_METHOD_NOT_ALLOWED)
		openapi_allow(server_of(call)->management, &path, &task->allow);
	return rc;
}

int ep_manage_find(struct call *call)
{
	struct manage *manage = arena_alloc(&call->arena, sizeof(*manage));
	if (!manage)
		return E_NOMEM;
	TRY(find(call, manage));
	task_of(call)->own = manage;
	return 0;
}

/* RFC 6750 2.1: "Bearer", in any case, one or more spaces, the token. */
static bool read_bearer(const struct call *call, struct str *ret_token)
{
	struct str text = {(const char *)call->authorization.p, call->authorization.len}, scheme, token;
	if (!str_cut(text, ' ', &scheme, &token) || !str_eq_ci(scheme, STR("Bearer")))
		return false;
	while (token.len > 0 && token.p[0] == ' ')
		token = (struct str){token.p + 1, token.len - 1};
	*ret_token = token;
	return token.len > 0;
}

/* What WWW-Authenticate says of a refusal: RFC 6750 3. Without a token it names no error (3.1): code is 0 then. */
static int put_challenge(struct call *call, int code, struct str_list scopes)
{
	const char *error = code < 0 ? err_row(code)->wire : NULL;
	struct str text;
	TRY(scope_join(scopes, &call->arena, &text));
	return arena_printf(&call->arena, &task_of(call)->challenge, "Bearer realm=\"mintmark\"%s%s%s%s%.*s%s",
			    error ? ", error=\"" : "", error ? error : "", error ? "\"" : "",
			    text.len > 0 ? ", scope=\"" : "", STR_ARG(text), text.len > 0 ? "\"" : "");
}

static int check_token(struct call *call, struct str text, struct own_token *token, struct str_list needed)
{
	char mem[MODEL_AUDIENCE_MAX];
	struct buf audience;
	const char *why = "";
	int rc = own_check(call, text, token, &why);
	if (rc == E_INVALID_TOKEN) {
		TRY(put_challenge(call, rc, needed));
		FAIL(call, INVALID_TOKEN, "access token: %s", why);
	}
	TRY(rc);
	call->client = token->client;
	buf_init_fixed(&audience, mem, sizeof(mem));
	manage_api_put(call->policy->issuer, &audience);
	if (str_eq(buf_str(&audience), token->audience)) /* RFC 9068 4: it was issued for this API */
		return 0;
	TRY(put_challenge(call, E_INVALID_TOKEN, needed));
	FAIL(call, INVALID_TOKEN, "access token for another audience");
}

/* RFC 6750 3.1: 401 without a good token, 403 with one that lacks the scope; the scope is named. */
int ep_manage_authorize(struct call *call)
{
	struct manage *manage = task_of(call)->own;
	struct str text;
	struct str_list needed;
	if (!call->may_block)
		return E_WOULD_BLOCK;
	enum openapi_verdict verdict = openapi_judge(manage->match.operation, NULL, &needed);
	if (call->n_authorization > 1)
		FAIL(call, INVALID_REQUEST, "several Authorization headers");
	if (!read_bearer(call, &text)) {
		TRY(put_challenge(call, 0, needed));
		(void)!task_explain(task_of(call), E_INVALID_TOKEN, "There is no bearer token.");
		FAIL(call, INVALID_TOKEN, "no bearer token");
	}
	TRY(check_token(call, text, &manage->token, needed));
	verdict = openapi_judge(manage->match.operation, &manage->token.scope, &needed);
	if (verdict == OPENAPI_ALLOWED)
		return 0;
	TRY(put_challenge(call, E_INSUFFICIENT_SCOPE, needed));
	FAIL(call, INSUFFICIENT_SCOPE, "%.*s", STR_ARG(manage->match.operation->id));
}

static int read_body(struct call *call, struct str *ret_body)
{
	struct str type;
	*ret_body = call->request->body;
	if (call->request->body.len == 0)
		return 0;
	if (http_header_one(call->request, STR("Content-Type"), &type) < 0 || !reply_is_json(type))
		return E_UNSUPPORTED_MEDIA_TYPE;
	return 0;
}

static int build(struct call *call, const struct manage *manage, const struct management_row *row, struct buf *out)
{
	char why[MANAGE_WHY_MAX];
	const struct str_list params = manage->match.operation->params;
	struct manage_request request = {
		.op = row->op,
		.names = params.v,
		.values = manage->match.values,
		.n = params.n,
		.query = call->request->query,
		.takes_query = call->request->method.p[0] != 'P', /* not POST, PUT, PATCH */
	};
	TRY(read_body(call, &request.body));
	int rc = manage_request_put(&request, &call->arena, out, why);
	return rc == E_INVALID_REQUEST ? task_explain(task_of(call), rc, "%s", why) : rc;
}

static int run(struct call *call, const struct manage *manage, struct str request)
{
	struct task *task = task_of(call);
	struct server *server = server_of(call);
	char actor[ACTOR_ROOM];
	struct admin_failure failure;
	snprintf(actor, sizeof(actor), "client:%.*s", STR_ARG(manage->token.client_id));
	struct admin admin = {
		.store = server->env.store,
		.mailer = server->env.mailer,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.actor = str_of(actor),
		.peer = call->peer_addr,
		.scopes = &manage->token.scopes,
		.paged = true,
		.policy = admin_policy_of(task->snapshot->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.flush_use = server_flush_use,
		.arg = server,
	};
	int rc = admin_run(&admin, request, &task->body, &failure);
	if (rc == 0)
		return 0;
	if (rc == E_INSUFFICIENT_SCOPE) {
		struct str missing = str_of(failure.missing);
		TRY(put_challenge(call, rc, (struct str_list){&missing, 1}));
	}
	(void)!task_explain(task, rc, "%s", failure.why);
	return call_fail(call, rc, "%s", failure.why);
}

/* "/clients/{client_id}" with the result's members in the place of the names. */
static int put_location(struct call *call, const char *location, struct str *ret_url)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf url;
	struct str before, name, rest = str_of(location), value;
	buf_init(&url, 4096);
	manage_api_put(call->policy->issuer, &url);
	TRY(json_parse_object_max(buf_str(&task_of(call)->body), TASK_BODY_MAX, &doc));
	while (str_cut(rest, '{', &before, &rest) && str_cut(rest, '}', &name, &rest)) {
		char member[64];
		snprintf(member, sizeof(member), "%.*s", STR_ARG(name));
		TRY(json_get_str(doc, member, &value)); /* ids: nothing to encode */
		buf_put(&url, before);
		buf_put(&url, value);
	}
	buf_put(&url, rest);
	TRY(buf_status(&url));
	return arena_str(&call->arena, buf_str(&url), ret_url);
}

/* RFC 7240 4.2: whoever prefers it gets what a deletion says. */
static bool wants_representation(const struct call *call)
{
	struct str value;
	return http_header_one(call->request, STR("Prefer"), &value) == 0 &&
	       str_eq_ci(value, STR("return=representation"));
}

/* Right after the commit: from here on nothing may fail but the reply itself. */
static void answer(struct call *call, const struct management_row *row)
{
	struct str location = {0};
	int status = row->status;
	if (status == 204 && wants_representation(call))
		status = 200;
	if (status == 201 && put_location(call, row->location, &location) < 0)
		location = (struct str){0};
	reply_result(task_of(call), status, location);
}

int ep_manage_run(struct call *call)
{
	struct manage *manage = task_of(call)->own;
	_cleanup_(buf_done) struct buf request; /* may hold a chosen secret */
	buf_init(&request, REQUEST_MAX);
	const struct management_row *row = management_find(manage->match.operation->id);
	if (!row)
		return E_INTERNAL;
	TRY(build(call, manage, row, &request));
	TRY(run(call, manage, buf_str(&request)));
	answer(call, row);
	return 0;
}

int ep_manage_description(struct call *call)
{
	struct task *task = task_of(call);
	reply_document(task, "application/json", task->snapshot->openapi, task->snapshot->openapi_etag,
		       task->snapshot->config->jwks.max_age_s);
	return 0;
}
