/*
 * The authorization code grant at the token endpoint: RFC 6749 4.1.3, 4.1.4; RFC 7636 4.5, 4.6; RFC 9700 2.1.1, 4.5.
 * A code is redeemed by exactly one request; whoever brings it a second time ends what the first one got. Pool threads.
 */
#include "oauth/grant.h"
#include "oauth/id.h"
#include "oauth/person.h"
#include "oauth/pkce.h"

static int find(struct call *call, struct code *ret_code, bool *ret_used)
{
	const struct form_value *text = call_param(call, PARAM_CODE);
	if (!text) /* RFC 6749 4.1.3 */
		FAIL(call, INVALID_REQUEST, "no code");
	int rc = id_bearer_parse(BEARER_CODE, text->value, call->person->sha256);
	if (rc == E_SYNTAX)
		FAIL(call, INVALID_GRANT, "this is no code of ours");
	TRY(rc);
	rc = store_code_peek(call->env->store, call->person->sha256, &call->arena, ret_code, ret_used);
	if (rc == E_ABSENT)
		FAIL(call, INVALID_GRANT, "unknown code");
	return rc;
}

/* What the request must repeat or prove. */
static int check_binding(struct call *call, const struct code *code)
{
	const struct form_value *uri = call_param(call, PARAM_REDIRECT_URI);
	const struct form_value *verifier = call_param(call, PARAM_CODE_VERIFIER);
	/* RFC 6749 4.1.3: the same redirect URI as in the authorization request, byte for byte */
	if (!uri || !str_eq(uri->value, code->redirect_uri))
		FAIL(call, INVALID_GRANT, "not the redirect_uri of the request");
	/* RFC 9700 2.1.1, 4.8.2: a verifier without challenge is a downgrade */
	if (code->challenge.len == 0)
		return verifier ? call_fail(call, E_INVALID_GRANT, "a verifier, but no challenge") : 0;
	if (!verifier) /* RFC 7636 4.5 */
		FAIL(call, INVALID_GRANT, "no code_verifier");
	int rc = pkce_check(verifier->value, code->challenge);
	return rc < 0 ? call_fail(call, rc, "the verifier does not fit") : 0;
}

static int begin(struct call *call, const struct code *code)
{
	const struct person_source source = {
		.account_id = code->account_id,
		.session_id = code->session_id,
		.scope = code->scope,
		.api_id = code->api_id,
		.nonce = code->nonce,
		.methods = code->methods,
		.auth_s = code->auth_s,
	};
	return person_begin(call, &source);
}

static struct audit_note note(struct call *call)
{
	return (struct audit_note){call_now_s(call), person_actor(call), STR("code.redeem"),
				   call->person->family.account_id, person_detail(call->person->family.scope)};
}

/*
 * RFC 7636 4.6 and the rest of its attempts: the client that owns the code and can't prove it does not get a second
 * guess. The code counts as used; the family that this needs ends at once.
 */
static int burn(struct call *call, const struct code *code, int code_rc)
{
	struct person *person = call->person;
	int64_t now_s = call_now_s(call);
	if (begin(call, code) < 0)
		return code_rc;
	person->family.expires_s = now_s + 1;
	const struct family_token none = {person->family.id, now_s + 1};
	const struct issue issue = {.family = &person->family, .access = &none, .now_s = now_s};
	struct audit_note why = note(call);
	why.action = STR("code.burn");
	int rc = store_code_redeem(call->env->store, person->sha256, &issue, &why);
	if (rc == 0)
		rc = store_family_end(call->env->store, person->family.id, &why);
	return rc == 0 || rc == E_REUSED || rc == E_ABSENT ? code_rc : rc;
}

static int check(struct call *call)
{
	struct code code;
	bool used = false;
	TRY(call_to_store_lane(call));
	TRY(person_new(call));
	TRY(find(call, &code, &used));
	/* RFC 6749 4.1.3: issued to this client; another one's attempt changes nothing */
	if (!str_eq(code.client_id, call->client->client.id))
		FAIL(call, INVALID_GRANT, "code of another client");
	if (!used) {
		if (call_now_s(call) >= code.expires_s) /* RFC 6749 4.1.2 */
			FAIL(call, INVALID_GRANT, "expired code");
		int rc = check_binding(call, &code);
		if (rc < 0)
			return burn(call, &code, rc);
	}
	TRY(begin(call, &code)); /* of a used one: the commit ends what it gave (RFC 6749 4.1.2) */
	return person_check_resource(call);
}

static int commit(struct call *call)
{
	struct issue issue;
	TRY(person_issue(call, &issue));
	const struct audit_note why = note(call);
	return person_settle(call, store_code_redeem(call->env->store, call->person->sha256, &issue, &why));
}

const struct grant grant_code = {
	.type = "authorization_code",
	.app = CLIENT_GRANT_CODE,
	.is_public = true,
	.check = check,
	.mint = person_mint,
	.mint_id = person_mint_id,
	.commit = commit,
};
