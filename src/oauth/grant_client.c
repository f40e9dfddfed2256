/*
 * The client credentials grant: RFC 6749 4.4, tokens by RFC 9068, resources by RFC 8707. Commits nothing: issuing
 * writes nothing.
 */
#include "oauth/choice.h"
#include "oauth/grant.h"
#include "oauth/mint.h"
#include "oauth/scope.h"

/* RFC 6749 4.4.3: no refresh token here, so offline_access may be asked for but is not granted. */
static void drop_offline(struct str_list *scopes)
{
	size_t kept = 0;
	for (size_t i = 0; i < scopes->n; i++)
		if (!str_eq(scopes->v[i], STR("offline_access")))
			scopes->v[kept++] = scopes->v[i];
	scopes->n = kept;
}

static int check(struct call *call)
{
	struct str_list scopes;
	/* RFC 9396 5: no type is known here, and a token wider than what was asked for is not given instead. */
	if (call_param(call, PARAM_AUTHORIZATION_DETAILS))
		FAIL(call, INVALID_DETAILS, "authorization_details");
	TRY(choice_scopes(call, &scopes));
	drop_offline(&scopes);
	if (scopes.n == 0)
		FAIL(call, INVALID_SCOPE, "nothing is left to grant");
	TRY(scope_join(scopes, &call->arena, &call->scope));
	mint_frame(call);
	return 0;
}

static int mint(struct call *call)
{
	const struct client_view *view = call->client;
	return mint_access(call, view->client.kind == CLIENT_ACCOUNT ? &view->account : NULL);
}

const struct grant grant_client = {
	.type = "client_credentials",
	.app = CLIENT_GRANT_SELF,
	.check = check,
	.mint = mint,
};
