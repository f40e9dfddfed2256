/* Access tokens on their way to the signer; see mint.h. RFC 9068 2.2. */
#include "oauth/mint.h"

#include "token/access.h"

static int64_t choose_lifetime(const struct call *call)
{
	int64_t lifetime_s = call->client->client.lifetime_s;
	if (lifetime_s <= 0)
		lifetime_s = call->api ? call->api->lifetime_s : call->policy->lifetime_s;
	return lifetime_s < call->policy->lifetime_max_s ? lifetime_s : call->policy->lifetime_max_s;
}

void mint_frame(struct call *call)
{
	call->audience = call->api ? call->api->audience : call->policy->issuer;
	call->lifetime_s = choose_lifetime(call);
}

/* Members' names, times, epochs and jti; header and the longest signature, as text. */
enum { CLAIMS_REST = 264, TOKEN_REST = 960 };

/* Told before keyd refuses it: asking for fewer scopes helps, trying again does not. */
static bool fits_token(const struct sign_claims *claims)
{
	size_t len = claims->iss.len + claims->sub.len + claims->aud.len + claims->client_id.len + claims->scope.len +
		     claims->extra.len + CLAIMS_REST;
	return claims->scope.len <= SIGNER_SCOPE_MAX && len / 3 * 4 + TOKEN_REST <= SIGNER_TOKEN_MAX;
}

int mint_access(struct call *call, const struct account *account)
{
	call->alg = call->api ? sig_alg_find(call->api->alg) : call->policy->default_alg;
	struct str kid = call->kids->kid[call->alg];
	if (kid.len == 0)
		FAIL(call, SIGNER, "no active key for the algorithm of this API");
	struct token_access access = {
		.kid = kid,
		.issuer = call->policy->issuer,
		.audience = call->audience,
		.client = &call->client->client,
		.account = account,
		.scope = call->scope,
		.iat_s = call_now_s(call),
		.lifetime_s = call->lifetime_s,
	};
	TRY(token_access_claims(&access, &call->arena, &call->job.claims));
	if (!fits_token(&call->job.claims))
		FAIL(call, INVALID_SCOPE, "more scopes than a token can carry");
	call->job.token = &call->token;
	call->job.status = E_SIGNER;
	return CALL_SIGN;
}
