/*
 * Token introspection, RFC 7662. The caller is a client, authenticated as at the token endpoint. It sees a token that
 * was issued to it, or whose audience is an API that it is a resource server of; of every other token it learns
 * nothing: {"active":false}, as of one that does not exist. Reads only; inline while the clients are in memory.
 */
#include "oauth/id.h"
#include "oauth/person.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"

/* RFC 7662 2.2, 4: per resource server. */
static bool may_see(const struct client *caller, const struct own_token *token)
{
	return str_eq(caller->id, token->client_id) || str_list_has(caller->serves, token->audience);
}

/* RFC 7662 4: unused, not expired, its family alive, client and account as they were. For its own client alone. */
static int check_refresh(struct call *call, const unsigned char sha256[32], struct refresh *ret_refresh)
{
	struct family family;
	TRY(person_new(call));
	int rc = store_refresh_peek(call->env->store, sha256, &call->arena, ret_refresh, &family);
	if (rc == E_ABSENT || (rc == 0 && !str_eq(family.client_id, call->client->client.id)))
		FAIL(call, INVALID_GRANT, "unknown, or another client's");
	TRY(rc);
	if (ret_refresh->used_s != 0 || call_now_s(call) >= ret_refresh->expires_s)
		FAIL(call, INVALID_GRANT, "used or expired");
	return person_continue(call, &family, (struct str){0});
}

static int answer_refresh(struct call *call, const unsigned char sha256[32])
{
	struct refresh refresh;
	TRY(call_to_store_lane(call));
	int rc = check_refresh(call, sha256, &refresh);
	if (rc < 0 && rc != E_INVALID_GRANT)
		return rc;
	if (rc == 0)
		reply_introspection_refresh(task_of(call), &refresh, &call->person->family);
	else
		reply_introspection(task_of(call), NULL);
	return 0;
}

int ep_introspect_answer(struct call *call)
{
	unsigned char sha256[32];
	if (id_bearer_parse(BEARER_REFRESH, call_param(call, PARAM_TOKEN)->value, sha256) == 0)
		return answer_refresh(call, sha256);
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
