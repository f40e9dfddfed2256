/*
 * Tokens for people; see person.h. RFC 6749 4.1.4, 5.1, 6; OpenID Connect Core 3.1.3.3, 11, 12.2; RFC 9700 4.14.
 * Must never give more than was allowed, or anything for an account or client that has ended.
 */
#include "oauth/person.h"

#include "oauth/choice.h"
#include "oauth/mint.h"
#include "oauth/revoked.h"
#include "oauth/scope.h"
#include "token/id_token.h"

struct str person_actor(struct call *call)
{
	struct str actor;
	if (arena_printf(&call->arena, &actor, "client:%.*s", STR_ARG(call->client->client.id)) < 0)
		return STR("client");
	return actor;
}

struct str person_detail(struct str scope)
{
	return (struct str){scope.p, scope.len < MODEL_DETAIL_MAX ? scope.len : MODEL_DETAIL_MAX};
}

int person_new(struct call *call)
{
	if (!call->person)
		call->person = arena_alloc(&call->arena, sizeof(*call->person));
	return call->person ? 0 : E_NOMEM;
}

/* The account as it is now. */
static int load_account(struct call *call, struct str id)
{
	struct person *person = call->person;
	int rc = store_account_get(call->env->store, id, false, &call->arena, &person->account);
	if (rc == E_ABSENT)
		FAIL(call, INVALID_GRANT, "the account is gone");
	TRY(rc);
	if (person->account.disabled)
		FAIL(call, INVALID_GRANT, "the account is disabled");
	return 0;
}

/* The management API's power is no app's to have by anybody's leave. */
static bool may_grant(const struct account *account, struct str scope)
{
	return !str_has_prefix(scope, STR(PERSON_ADMIN_PREFIX)) || str_list_has(account->roles, STR(PERSON_ADMIN_ROLE));
}

/* Of what was granted, what the client may still have: an operator who takes a scope away takes it from everybody. */
static int keep_assigned(struct call *call, struct str granted, struct str *ret_scope)
{
	struct str_list scopes;
	size_t kept = 0;
	if (scope_parse(granted, &call->arena, &scopes) < 0)
		FAIL(call, INVALID_GRANT, "nothing was granted");
	for (size_t i = 0; i < scopes.n; i++)
		if (choice_may_have(call->client, call->api, scopes.v[i]) &&
		    may_grant(&call->person->account, scopes.v[i]))
			scopes.v[kept++] = scopes.v[i];
	scopes.n = kept;
	if (kept == 0)
		FAIL(call, INVALID_GRANT, "the client may have none of the scopes any more");
	return scope_join(scopes, &call->arena, ret_scope);
}

static int resolve(struct call *call, struct str api_id, struct str scope)
{
	call->api = api_id.len > 0 ? choice_api(call->client, api_id) : NULL;
	if (api_id.len > 0 && !call->api)
		FAIL(call, INVALID_GRANT, "the API is gone, or the client may not use it any more");
	TRY(keep_assigned(call, scope, &call->scope));
	mint_frame(call);
	return 0;
}

int person_begin(struct call *call, const struct person_source *source)
{
	struct person *person = call->person;
	char *id = arena_alloc(&call->arena, ID_LEN + 1);
	int64_t now_s = call_now_s(call);
	if (!id)
		return E_NOMEM;
	TRY(load_account(call, source->account_id));
	TRY(resolve(call, source->api_id, source->scope));
	TRY(id_new(ID_FAMILY, id));
	person->begins = true;
	person->nonce = source->nonce;
	person->family = (struct family){
		.id = str_of(id),
		.client_id = call->client->client.id,
		.account_id = source->account_id,
		.session_id = source->session_id,
		.epoch = call->client->client.epoch,
		.account_epoch = person->account.epoch,
		.scope = source->scope,
		.api_id = source->api_id,
		.nonce = source->nonce,
		.methods = source->methods,
		.auth_s = source->auth_s,
		.created_s = now_s,
		.expires_s = now_s + call->policy->family_s,
		.used_s = now_s,
	};
	return 0;
}

static bool is_subset(struct str_list scopes, struct str granted)
{
	for (size_t i = 0; i < scopes.n; i++)
		if (!str_has_word(granted, scopes.v[i]))
			return false;
	return true;
}

/* RFC 6749 6: at most what was granted at first. */
static int narrow(struct call *call, struct str granted, struct str *scope)
{
	struct str_list scopes;
	if (scope->len == 0) {
		*scope = granted;
		return 0;
	}
	int rc = scope_parse(*scope, &call->arena, &scopes);
	if (rc < 0)
		return call_fail(call, rc, "malformed scope");
	if (!is_subset(scopes, granted))
		FAIL(call, INVALID_SCOPE, "more than was granted");
	return scope_join(scopes, &call->arena, scope);
}

int person_continue(struct call *call, const struct family *family, struct str scope)
{
	struct person *person = call->person;
	if (family->ended_s != 0)
		FAIL(call, INVALID_GRANT, "the family has ended");
	if (call_now_s(call) >= family->expires_s)
		FAIL(call, INVALID_GRANT, "the family has expired");
	if (family->epoch != call->client->client.epoch)
		FAIL(call, INVALID_GRANT, "all tokens of the client were revoked since");
	TRY(load_account(call, family->account_id));
	if (family->account_epoch != person->account.epoch)
		FAIL(call, INVALID_GRANT, "all tokens of the account were revoked since");
	TRY(narrow(call, family->scope, &scope));
	TRY(resolve(call, family->api_id, scope));
	person->family = *family;
	person->begins = false;
	return 0;
}

int person_check_resource(struct call *call)
{
	for (const struct form_value *value = call_param(call, PARAM_RESOURCE); value; value = value->next)
		if (!str_eq(value->value, call->audience))
			FAIL(call, INVALID_TARGET, "another resource than was authorized");
	return 0;
}

int person_mint(struct call *call)
{
	struct person *person = call->person;
	int rc = mint_access(call, &person->account);
	const struct sign_claims *claims = &call->job.claims;
	person->access = (struct family_token){claims->jti, claims->exp_s + REVOKED_SKEW_S};
	return rc;
}

int person_mint_id(struct call *call)
{
	struct person *person = call->person;
	if (!str_has_word(call->scope, STR("openid"))) /* OpenID Connect Core 3.1.2.1 */
		return 0;
	if (call->job.status < 0 || call->token.len == 0)
		return call_fail(call, call->job.status < 0 ? call->job.status : E_SIGNER, "no signature");
	struct str wanted = call->client->client.app.id_token_alg;
	enum sig_alg alg = wanted.len > 0 ? sig_alg_find(wanted) : SIG_RS256; /* OpenID Connect Core 2, 15.1 */
	struct str kid = call->kids->kid[alg];
	char *mem = arena_alloc(&call->arena, SIGNER_TOKEN_MAX);
	if (!mem)
		return E_NOMEM;
	if (kid.len == 0)
		FAIL(call, SIGNER, "no active key for the algorithm of this client's id tokens");
	const struct id_token id = {
		.kid = kid,
		.alg = alg,
		.issuer = call->policy->issuer,
		.client_id = call->client->client.id,
		.account_id = person->account.id,
		.nonce = person->nonce,
		.methods = person->family.methods,
		.auth_s = person->family.auth_s,
		.iat_s = call_now_s(call),
		.lifetime_s = call->policy->id_token_s,
		.access_token = buf_str(&call->token),
	};
	TRY(id_token_claims(&id, &call->arena, &call->job.claims));
	buf_init_fixed(&person->id_token, mem, SIGNER_TOKEN_MAX);
	call->job.token = &person->id_token;
	call->job.status = E_SIGNER;
	return CALL_SIGN;
}

/* OpenID Connect Core 11: what outlives the session must have been asked for. */
static bool may_refresh(const struct call *call)
{
	return str_has_word(call->person->family.scope, STR("offline_access")) &&
	       (call->client->client.app.grant_types & CLIENT_GRANT_REFRESH);
}

static int add_refresh(struct call *call)
{
	struct person *person = call->person;
	int64_t now_s = call_now_s(call);
	int64_t expires_s = now_s + call->policy->refresh_s;
	TRY(id_bearer_new(BEARER_REFRESH, person->refresh_text, person->refresh.sha256));
	person->refresh.created_s = now_s;
	person->refresh.expires_s = expires_s < person->family.expires_s ? expires_s : person->family.expires_s;
	return 0;
}

int person_issue(struct call *call, struct issue *ret_issue)
{
	struct person *person = call->person;
	bool wants_id = person->id_token.p != NULL;
	if (call->job.status < 0 || (wants_id && person->id_token.len == 0))
		return call_fail(call, call->job.status < 0 ? call->job.status : E_SIGNER, "no signature");
	bool refreshes = may_refresh(call);
	if (refreshes)
		TRY(add_refresh(call));
	else if (person->begins) /* only to be found when the code is used again */
		person->family.expires_s = person->access.until_s;
	*ret_issue = (struct issue){
		.family = person->begins ? &person->family : NULL,
		.refresh = refreshes ? &person->refresh : NULL,
		.access = &person->access,
		.now_s = call_now_s(call),
	};
	return 0;
}

int person_settle(struct call *call, int rc)
{
	const struct call_env *env = call->env;
	if (rc == E_REUSED) {
		/* RFC 9700 4.14.2: the family's access tokens are in the feed; told before the answer. */
		TRY(env->tokens_ended ? env->tokens_ended(env->tokens_ended_arg) : 0);
		FAIL(call, INVALID_GRANT, "it was used before: its family has ended");
	}
	if (rc == E_ABSENT)
		FAIL(call, INVALID_GRANT, "it expired, or somebody ended it");
	return rc;
}
