/* Failing and resetting a call; see call.h. */
#include "oauth/call.h"

#include <stdarg.h>
#include <stdio.h>

#include "oauth/id.h"
#include "oauth/throttle.h"

int call_fail(struct call *call, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(call->reason, sizeof(call->reason), fmt, args);
	va_end(args);
	return code;
}

int call_count_stranger(struct call *call, struct str what)
{
	struct throttle *strangers = call->env->strangers;
	int64_t now_s = call_now_s(call);
	if (!strangers)
		return 0;
	if (throttle_check(strangers, what, call->peer_addr, now_s, &call->retry_after_s) < 0)
		FAIL(call, THROTTLED, "too many such requests from one address");
	(void)throttle_fail(strangers, what, call->peer_addr, now_s);
	return 0;
}

struct str call_client_id(const struct call *call)
{
	if (call->client)
		return call->client->client.id;
	bool harmless = call->presented_id.len == 0 || id_has_form(ID_CLIENT, call->presented_id);
	return harmless ? call->presented_id : STR("unknown");
}

void call_reset(struct call *call)
{
	directory_view_unref(call->client);
	secret_wipe(call->token.p, call->token.len);
	buf_reset(&call->token);
	arena_reset(&call->arena);
	struct arena arena = call->arena;
	struct buf token = call->token;
	*call = (struct call){.arena = arena, .token = token};
}
