/*
 * Userinfo, OpenID Connect Core 5.3: claims about whom an access token acts for, as its scopes allow. The token comes
 * in the Authorization header and nowhere else (RFC 6750 2.1; OAuth 2.1 5.1.1). Any access token of ours will do that
 * acts for an account, whatever its audience: what is told here the token's holder could have had by it anyway. Pool
 * threads where the account must be read.
 */
#include "server/bearer.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"

int ep_userinfo_answer(struct call *call)
{
	struct own_token token;
	struct str text;
	const char *why = "";
	TRY(bearer_read(call, &text));
	int rc = own_check(call, text, &token, &why);
	if (rc == E_INVALID_TOKEN)
		return bearer_refuse(call, why);
	TRY(rc);
	call->client = token.client;
	if (token.account.id.len == 0) { /* a program that stands for itself is no end-user */
		task_of(call)->challenge =
			STR("Bearer realm=\"mintmark\", error=\"insufficient_scope\", scope=\"openid\"");
		FAIL(call, INSUFFICIENT_SCOPE, "the token acts for nobody");
	}
	reply_userinfo(task_of(call), &token);
	return 0;
}
