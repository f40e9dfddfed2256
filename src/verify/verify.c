/*
 * The checks of an access token in their order; see verify.h. RFC 9068 4, RFC 6750 3.1 (scopes). Must never fetch
 * anything.
 */
#include "verify/verify.h"

/* Claims are looked at only after the signature fitted. */
static enum verdict check_claims(const struct verify_policy *policy, struct arena *arena, struct verify_report *report)
{
	const struct jwt_policy rules = {.typ = policy->any_typ ? (struct str){0} : STR("at+jwt"),
					 .issuer = policy->issuer,
					 .audience = policy->audience,
					 .require = JWT_ACCESS_TOKEN & ~policy->optional,
					 .waive = policy->waive,
					 .skew_s = policy->skew_s};
	enum verdict verdict = jwt_parse(report->jws.payload, arena, &report->claims);
	if (verdict != VERDICT_VALID)
		return verdict;
	report->has_claims = true;
	verdict = jwt_check(&report->jws, &report->claims, &rules, report->now_s);
	/* RFC 9449 7.2, RFC 8705 3, RFC 7800 3: without its proof a bound token is a stolen one */
	return verdict == VERDICT_VALID && report->claims.is_bound && !policy->may_be_bound ? VERDICT_BOUND : verdict;
}

bool verify_has_scopes(struct str scope, const struct str_list *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!jwt_has_scope(scope, wanted->v[i])) /* RFC 6750 3.1 insufficient_scope */
			return false;
	return true;
}

bool verify_policy_is_usable(const struct verify_policy *policy)
{
	return (policy->issuer.len > 0 || (policy->waive & JWT_ANY_ISSUER)) &&
	       (policy->audience.len > 0 || (policy->waive & JWT_ANY_AUDIENCE)) && (policy->algs & JWK_ALGS_ALL) != 0;
}

static enum verdict check(const struct verify_policy *policy, const struct jwks *keys, struct str token,
			  struct arena *arena, struct verify_report *report)
{
	enum verdict verdict;
	if (!verify_policy_is_usable(policy))
		return VERDICT_POLICY;
	if ((verdict = jws_parse(token, arena, &report->jws)) != VERDICT_VALID)
		return verdict;
	report->has_header = true;
	/* RFC 9068 4: with the policy's algorithms */
	if ((verdict = jws_verify(&report->jws, keys, policy->algs)) != VERDICT_VALID)
		return verdict;
	if ((verdict = check_claims(policy, arena, report)) != VERDICT_VALID)
		return verdict;
	return verify_has_scopes(report->claims.scope, &policy->scopes) ? VERDICT_VALID : VERDICT_SCOPE;
}

enum verdict verify_token(const struct verify_policy *policy, const struct jwks *keys, struct str token, int64_t now_s,
			  struct arena *arena, struct verify_report *ret_report)
{
	*ret_report = (struct verify_report){.now_s = now_s, .n_keys = keys->n, .n_keys_skipped = keys->skipped};
	ret_report->verdict = check(policy, keys, token, arena, ret_report);
	return ret_report->verdict;
}
