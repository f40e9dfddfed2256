/* Reading authorization requests; see authorize_form.h. Strangers' bytes. */
#include "web/authorize_form.h"

#include "http/form.h"
#include "oauth/id.h"
#include "store/store.h"

/* Every one may repeat here: that it must not is said to the client, once it is known (RFC 6749 4.1.2.1). */
static void make_table(struct form_param params[AUTHORIZE_PARAMS])
{
	for (size_t i = 0; i < AUTHORIZE_PARAMS; i++)
		params[i] = (struct form_param){authorize_names[i], true};
}

int authorize_form_parse(struct str text, struct arena *arena, struct authorize *ret_request)
{
	struct form_param params[AUTHORIZE_PARAMS];
	const struct form_table table = {params, AUTHORIZE_PARAMS};
	struct authorize request = {.max_age_s = -1};
	make_table(params);
	TRY(form_parse(text, &table, arena, request.params));
	*ret_request = request;
	return 0;
}

static int spell(struct call *call, struct authorize *request)
{
	struct buf query;
	char *mem = arena_alloc(&call->arena, AUTHORIZE_QUERY_MAX);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&query, mem, AUTHORIZE_QUERY_MAX);
	authorize_emit(request, &query);
	if (buf_status(&query) < 0) /* it must fit into a Location; longer ones can be pushed */
		FAIL(call, TOO_LARGE, "long request");
	request->query = buf_str(&query);
	return 0;
}

/* What the client pushed under this name. */
static int load_pushed(struct call *call, struct authorize *request)
{
	struct str urn = request->params[AUTHORIZE_REQUEST_URI].value;
	struct str text = {urn.p + sizeof(AUTHORIZE_URN) - 1, urn.len - (sizeof(AUTHORIZE_URN) - 1)};
	struct authorize pushed;
	struct once once;
	unsigned char sha256[32];
	int rc = id_bearer_parse(BEARER_PUSHED, text, sha256);
	if (rc == 0) {
		const struct store_once_key key = {sha256, ONCE_PAR, call_now_s(call)};
		rc = store_once_peek(call->env->store, &key, &call->arena, &once);
	}
	if (rc == E_SYNTAX || rc == E_ABSENT)
		FAIL(call, INVALID_REQUEST_URI, "unknown, used or expired");
	TRY(rc);
	TRY(authorize_form_parse(once.data, &call->arena, &pushed));
	/* RFC 9126 2.2, 4: only by the client that pushed it */
	const struct form_value *outer = &request->params[AUTHORIZE_CLIENT_ID];
	if (outer->next || !outer->present || !str_eq(outer->value, pushed.params[AUTHORIZE_CLIENT_ID].value))
		FAIL(call, INVALID_REQUEST_URI, "pushed by another client");
	pushed.query = request->query;
	pushed.params[AUTHORIZE_PROMPTED] = request->params[AUTHORIZE_PROMPTED];
	pushed.is_pushed = true;
	memcpy(pushed.pushed, sha256, sizeof(sha256));
	*request = pushed; /* RFC 9126 4, RFC 9101 6.3: what else stands in the query does not count */
	return 0;
}

int authorize_form_read(struct call *call, struct str text, struct authorize *ret_request)
{
	struct authorize request;
	int rc = authorize_form_parse(text, &call->arena, &request);
	if (rc < 0)
		return call_fail(call, rc, "malformed request");
	TRY(spell(call, &request));
	const struct form_value *uri = &request.params[AUTHORIZE_REQUEST_URI];
	if (uri->present && !uri->next && str_has_prefix(uri->value, STR(AUTHORIZE_URN)))
		TRY(load_pushed(call, &request));
	*ret_request = request;
	return 0;
}
