/* Hints; see own_id.h. RFC 8725 3.11: an access token is none. Reads strangers' bytes. */
#include "oauth/own_id.h"

#include "jose/jws.h"
#include "jose/jwt.h"
#include "keys/signer.h"

static int from_verdict(struct call *call, enum verdict verdict)
{
	if (verdict == VERDICT_VALID)
		return 0;
	return call_fail(call, verdict == VERDICT_INTERNAL ? E_NOMEM : E_INVALID_TOKEN, "id token: %s",
			 verdict_name(verdict));
}

int own_id_check(struct call *call, struct str token, struct own_id *ret_id)
{
	struct jws jws;
	struct jwt_claims claims;
	const struct jwt_policy policy = {
		.typ = STR("JWT"),
		.issuer = call->policy->issuer,
		.require = JWT_SUB | JWT_IAT,
		.waive = JWT_ANY_AUDIENCE,
	};
	if (token.len > SIGNER_TOKEN_MAX)
		FAIL(call, INVALID_TOKEN, "larger than any of ours");
	TRY(from_verdict(call, jws_parse(token, &call->arena, &jws)));
	TRY(from_verdict(call, jws_verify(&jws, call->keys, JWK_ALGS_ALL)));
	TRY(from_verdict(call, jwt_parse(jws.payload, &call->arena, &claims)));
	/* Of the moment when it was issued: who signs out often has an old one. */
	TRY(from_verdict(call, jwt_check(&jws, &claims, &policy, claims.iat_s)));
	if (claims.aud.n != 1)
		FAIL(call, INVALID_TOKEN, "not one audience");
	*ret_id = (struct own_id){.account_id = claims.sub, .client_id = claims.aud.v[0]};
	return 0;
}
