/* See own.h. */
#include "server/own.h"

int own_check(struct call *call, struct str token, struct own_token *ret_token, const char **ret_why)
{
	const struct own_token_env env = {
		.keys = task_of(call)->snapshot->keys,
		.issuer = call->policy->issuer,
		.directory = call->env->directory,
		.store = call->env->store,
		.revoked = call->env->revoked,
		.now_s = call_now_s(call),
		.may_block = call->may_block,
	};
	int rc = own_token_check(&env, token, &call->arena, ret_token, ret_why);
	if (rc == E_WOULD_BLOCK)
		call->lane = LANE_STORE;
	return rc;
}
