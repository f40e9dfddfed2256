/*
 * The device authorization endpoint: RFC 8628 3.1, 3.2. Client authentication as at the token endpoint; the request is
 * read by its step, so what holds there of repeated, empty and unknown parameters holds here.
 */
#include "http/request.h"
#include "json/json.h"
#include "oauth/choice.h"
#include "oauth/device.h"
#include "oauth/scope.h"
#include "server/reply.h"
#include "server/route.h"

static void wipe(struct device_made *made) { secret_wipe(made, sizeof(*made)); }

int ep_device_check(struct call *call)
{
	struct str_list scopes;
	TRY(device_check_client(call));
	TRY(choice_scopes(call, &scopes));
	if (scopes.n == 0)
		FAIL(call, INVALID_SCOPE, "the client has no scopes to ask for");
	TRY(scope_join(scopes, &call->arena, &call->scope));
	if (call->scope.len > MODEL_SCOPE_TEXT_MAX)
		FAIL(call, INVALID_SCOPE, "too many scopes");
	return 0;
}

static int answer(struct call *call, const struct device_made *made)
{
	struct task *task = task_of(call);
	struct str issuer = str_trim_end(call->policy->issuer, '/'), page, complete;
	struct json_out out;
	TRY(arena_printf(&call->arena, &page, "%.*s/device", STR_ARG(issuer)));
	TRY(arena_printf(&call->arena, &complete, "%.*s?user_code=%s", STR_ARG(page), made->user_code));
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "device_code", str_of(made->code));
	json_str(&out, "user_code", str_of(made->user_code));
	json_str(&out, "verification_uri", page);
	json_str(&out, "verification_uri_complete", complete); /* RFC 8628 3.3.1 */
	json_int(&out, "expires_in", call->policy->device_lifetime_s); /* RFC 8628 3.2: required */
	json_int(&out, "interval", call->policy->device_interval_s);
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}

int ep_device_make(struct call *call)
{
	_cleanup_(wipe) struct device_made made = {0};
	struct str agent = {0};
	if (call->may_block && call->is_public) /* this step runs again on a thread that may block: counted there */
		TRY(call_count_stranger(call, STR("device")));
	if (http_header_one(call->request, STR("User-Agent"), &agent) < 0)
		agent = (struct str){0};
	TRY(device_make(call, DEVICE_CODE, call->scope, agent, &made));
	return answer(call, &made);
}
