/*
 * The refresh token grant: RFC 6749 6, RFC 9700 4.14.2, OpenID Connect Core 12. Each use gives a new refresh token; an
 * old one that comes again ends the family. Pool threads.
 */
#include "oauth/grant.h"
#include "oauth/id.h"
#include "oauth/person.h"

static int find(struct call *call, struct refresh *ret_refresh, struct family *ret_family)
{
	const struct form_value *text = call_param(call, PARAM_REFRESH_TOKEN);
	if (!text) /* RFC 6749 6 */
		FAIL(call, INVALID_REQUEST, "no refresh_token");
	int rc = id_bearer_parse(BEARER_REFRESH, text->value, call->person->sha256);
	if (rc == E_SYNTAX)
		FAIL(call, INVALID_GRANT, "this is no refresh token of ours");
	TRY(rc);
	rc = store_refresh_peek(call->env->store, call->person->sha256, &call->arena, ret_refresh, ret_family);
	if (rc == E_ABSENT)
		FAIL(call, INVALID_GRANT, "unknown refresh token");
	return rc;
}

static int check(struct call *call)
{
	struct refresh refresh;
	struct family family;
	const struct form_value *scope = call_param(call, PARAM_SCOPE);
	TRY(call_to_store_lane(call));
	TRY(person_new(call));
	TRY(find(call, &refresh, &family));
	if (!str_eq(family.client_id, call->client->client.id)) /* RFC 6749 6, 10.4 */
		FAIL(call, INVALID_GRANT, "refresh token of another client");
	/* One that was used goes on to the commit, which decides between grace and the family's end. */
	if (refresh.used_s == 0 && call_now_s(call) >= refresh.expires_s)
		FAIL(call, INVALID_GRANT, "expired refresh token");
	TRY(person_continue(call, &family, scope ? scope->value : (struct str){0}));
	return person_check_resource(call);
}

static int commit(struct call *call)
{
	struct issue issue;
	TRY(person_issue(call, &issue));
	const struct audit_note why = {call_now_s(call), person_actor(call), STR("refresh.reuse"),
				       call->person->family.account_id, call->person->family.id};
	return person_settle(call, store_refresh_rotate(call->env->store, call->person->sha256,
							call->policy->refresh_grace_s, &issue, &why));
}

const struct grant grant_refresh = {
	.type = "refresh_token",
	.app = CLIENT_GRANT_REFRESH,
	.is_public = true,
	.check = check,
	.mint = person_mint,
	.mint_id = person_mint_id,
	.commit = commit,
};
