/*
 * Pushed authorization requests, RFC 9126: the client authenticates as at the token endpoint (apps without secret say
 * who they are), the request is judged as at the authorization endpoint, and kept for one use. Errors are JSON. Pool
 * threads.
 */
#include "oauth/authorize.h"
#include "oauth/id.h"
#include "server/reply.h"
#include "server/route.h"
#include "store/store.h"
#include "web/authorize_form.h"

/* RFC 9126 2.1: all that an authorization request has, but no other request inside. */
static int read(struct call *call, struct authorize *request)
{
	TRY(authorize_form_parse(call->request->body, &call->arena, request));
	if (request->params[AUTHORIZE_REQUEST_URI].present)
		FAIL(call, INVALID_REQUEST, "request_uri in a pushed request");
	request->params[AUTHORIZE_PROMPTED] = (struct form_value){0};
	/* The client that authenticated; another client_id in the body was refused with that. */
	request->params[AUTHORIZE_CLIENT_ID] = (struct form_value){true, call->client->client.id, NULL};
	return 0;
}

static int keep(struct call *call, const struct authorize *request, char ret_text[ID_SECRET_LEN + 1])
{
	int64_t now_s = call_now_s(call);
	struct once once = {.kind = ONCE_PAR, .created_s = now_s, .expires_s = now_s + call->policy->pushed_s};
	struct buf data;
	char *mem = arena_alloc(&call->arena, MODEL_ONCE_MAX);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&data, mem, MODEL_ONCE_MAX);
	authorize_emit(request, &data);
	if (buf_status(&data) < 0) /* RFC 9126 2.3 */
		FAIL(call, TOO_LARGE, "long request");
	once.data = buf_str(&data);
	TRY(id_bearer_new(BEARER_PUSHED, ret_text, once.sha256));
	return store_once_put(call->env->store, &once, NULL);
}

int ep_par_push(struct call *call)
{
	struct authorize request;
	char text[ID_SECRET_LEN + 1];
	TRY(call_to_store_lane(call));
	TRY(read(call, &request));
	TRY(authorize_client(call, &request));
	TRY(authorize_request(call, &request));
	if (call->is_public)
		TRY(call_count_stranger(call, STR("pushed")));
	TRY(keep(call, &request, text));
	reply_pushed(task_of(call), str_of(text));
	return 0;
}
