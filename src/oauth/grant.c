/* The table of grants and the steps that walk it; see grant.h. */
#include "oauth/grant.h"

static const struct grant *const grants[] = {&grant_client, &grant_code, &grant_device, &grant_refresh};
enum { GRANTS = sizeof(grants) / sizeof(grants[0]) };

const char *grant_type_at(size_t index) { return index < GRANTS ? grants[index]->type : NULL; }

int grant_step_present(struct call *call)
{
	if (!call_param(call, PARAM_GRANT_TYPE)) /* RFC 6749 4.4.2, 3.2: required; an empty one is none */
		FAIL(call, INVALID_REQUEST, "no grant_type");
	return 0;
}

int grant_step_find(struct call *call)
{
	struct str type = call_param(call, PARAM_GRANT_TYPE)->value;
	for (size_t i = 0; i < GRANTS; i++)
		if (str_eq(type, str_of(grants[i]->type)))
			call->grant = grants[i];
	if (!call->grant) /* RFC 6749 5.2 */
		FAIL(call, UNSUPPORTED_GRANT_TYPE, "unknown grant_type");
	return 0;
}

/* RFC 6749 2.1, 4.4: who has no secret can't stand for itself; and what an app may do is said with it. */
static bool may_use(const struct call *call)
{
	const struct client *client = &call->client->client;
	if (call->is_public && !call->grant->is_public)
		return false;
	if (client->kind != CLIENT_APP)
		return call->grant->app == CLIENT_GRANT_SELF;
	return client->app.grant_types & call->grant->app;
}

int grant_step_allowed(struct call *call)
{
	if (!may_use(call))
		FAIL(call, UNAUTHORIZED_CLIENT, "not a grant of this client");
	/* RFC 6749 5.2. A client without any grant of scope may not ask for tokens at all. */
	if (call->client->client.n_grants == 0)
		FAIL(call, UNAUTHORIZED_CLIENT, "client has no scopes assigned");
	return 0;
}

int grant_step_check(struct call *call) { return call->grant->check(call); }

int grant_step_mint(struct call *call) { return call->grant->mint(call); }

int grant_step_mint_id(struct call *call) { return call->grant->mint_id ? call->grant->mint_id(call) : 0; }

int grant_step_commit(struct call *call)
{
	if (call->job.status < 0 || call->token.len == 0)
		return call_fail(call, call->job.status < 0 ? call->job.status : E_SIGNER, "no signature");
	return call->grant->commit ? call->grant->commit(call) : 0;
}
