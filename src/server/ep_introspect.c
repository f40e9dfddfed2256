/*
 * Token introspection, RFC 7662. The caller is a client, authenticated as at the token endpoint. It sees a token that
 * was issued to it, or whose audience is an API that it is a resource server of; of every other token it learns
 * nothing: {"active":false}, as of one that does not exist. Reads only; inline while the clients are in memory.
 */
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"

/* RFC 7662 2.2, 4: per resource server. */
static bool may_see(const struct client *caller, const struct own_token *token)
{
	if (str_eq(caller->id, token->client_id))
		return true;
	for (size_t i = 0; i < caller->serves.n; i++)
		if (str_eq(caller->serves.v[i], token->audience))
			return true;
	return false;
}

int ep_introspect_answer(struct call *call)
{
	struct own_token token;
	const char *why = "not for this caller";
	int rc = own_check(call, call_param(call, PARAM_TOKEN)->value, &token, &why);
	if (rc < 0 && rc != E_INVALID_TOKEN)
		return rc;
	bool shown = rc == 0 && may_see(&call->client->client, &token);
	if (!shown)
		rc = call_fail(call, rc, "inactive: %s", why); /* RFC 7662 2.2: for the log; the caller is not told */
	reply_introspection(task_of(call), shown ? &token : NULL);
	if (rc == 0)
		directory_view_unref(token.client);
	return 0;
}
