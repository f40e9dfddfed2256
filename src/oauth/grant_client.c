/*
 * The client credentials grant: RFC 6749 4.4, tokens by RFC 9068, resources by RFC 8707. Commits nothing: issuing
 * writes nothing.
 *
 * Which API, and so which audience: the one named by `resource`; else the one API all requested scopes belong to; else
 * the client's default API; else ourselves (identity scopes only). Which scopes: those requested, all of them
 * permitted, or invalid_scope; none requested: all that are assigned to the client for that API, and its identity
 * scopes.
 */
#include "oauth/grant.h"
#include "oauth/resource.h"
#include "oauth/scope.h"
#include "token/access.h"

static const struct api *find_api(const struct client_view *view, struct str id)
{
	for (size_t i = 0; i < view->n_apis; i++)
		if (str_eq(view->apis[i].id, id))
			return &view->apis[i];
	return NULL;
}

/* An assignment counts only while its API exists (the view holds only those). */
static bool may_have(const struct client_view *view, const struct api *api, struct str scope)
{
	struct str api_id = api && !scope_is_identity(scope) ? api->id : (struct str){0};
	if (api_id.len == 0 && !scope_is_identity(scope))
		return false;
	for (size_t i = 0; i < view->client.n_grants; i++) {
		const struct scope_grant *grant = &view->client.grants[i];
		if (str_eq(grant->scope, scope) && str_eq(grant->api_id, api_id))
			return true;
	}
	return false;
}

static bool covers(const struct client_view *view, const struct api *api, struct str_list scopes)
{
	for (size_t i = 0; i < scopes.n; i++)
		if (!may_have(view, api, scopes.v[i]))
			return false;
	return true;
}

static bool has_grant(const struct client_view *view, const struct api *api)
{
	for (size_t i = 0; i < view->client.n_grants; i++)
		if (str_eq(view->client.grants[i].api_id, api->id))
			return true;
	return false;
}

/* CC-30: the configured default, while the client has scopes there; else the only API it has scopes at; else none. */
static const struct api *default_api(const struct client_view *view)
{
	const struct api *only = NULL;
	const struct api *chosen = find_api(view, view->client.default_api);
	if (chosen && has_grant(view, chosen))
		return chosen;
	for (size_t i = 0; i < view->n_apis; i++) {
		if (!has_grant(view, &view->apis[i]))
			continue;
		if (only)
			return NULL;
		only = &view->apis[i];
	}
	return only;
}

/* RFC 9068 3: without `resource`, the requested scopes say which API is meant. NULL with 0: none of them belongs to an
 * API. */
static int infer_api(struct call *call, struct str_list scopes, const struct api **ret_api)
{
	const struct client_view *view = call->client;
	const struct api *fallback = default_api(view);
	const struct api *found = NULL;
	if (covers(view, fallback, scopes)) {
		*ret_api = fallback;
		return 0;
	}
	for (size_t i = 0; i < view->n_apis; i++) {
		if (!covers(view, &view->apis[i], scopes))
			continue;
		if (found)
			FAIL(call, INVALID_TARGET, "several APIs have these scopes; resource must say which");
		found = &view->apis[i];
	}
	if (!found)
		FAIL(call, INVALID_SCOPE, "a scope is unknown, not permitted, or of another API than the rest");
	*ret_api = found;
	return 0;
}

/* Nothing requested: everything assigned for this API. */
static int collect_assigned(struct call *call, const struct api *api, struct str_list *ret_scopes)
{
	const struct client *client = &call->client->client;
	struct str_list scopes = {arena_array(&call->arena, client->n_grants, sizeof(*scopes.v)), 0};
	if (!scopes.v)
		return E_NOMEM;
	for (size_t i = 0; i < client->n_grants; i++)
		if (may_have(call->client, api, client->grants[i].scope) && !scope_has(scopes, client->grants[i].scope))
			scopes.v[scopes.n++] = client->grants[i].scope;
	*ret_scopes = scopes;
	return 0;
}

/* RFC 6749 4.4.3: no refresh token here, so offline_access may be asked for but is not granted. */
static void drop_offline(struct str_list *scopes)
{
	size_t kept = 0;
	for (size_t i = 0; i < scopes->n; i++)
		if (!str_eq(scopes->v[i], STR("offline_access")))
			scopes->v[kept++] = scopes->v[i];
	scopes->n = kept;
}

static int choose_scopes(struct call *call, const struct api *named, struct str_list *ret_scopes)
{
	const struct call_value *requested = call_param(call, PARAM_SCOPE);
	const struct api *api = named;
	if (!requested) {
		api = named ? named : default_api(call->client);
		call->api = api;
		return collect_assigned(call, api, ret_scopes);
	}
	int rc = scope_parse(requested->value, &call->arena, ret_scopes);
	if (rc < 0)
		return call_fail(call, rc, "malformed scope");
	if (!named)
		TRY(infer_api(call, *ret_scopes, &api));
	/* RFC 6749 3.3: a scope that is not permitted fails the request; we never narrow silently. */
	if (!covers(call->client, api, *ret_scopes))
		FAIL(call, INVALID_SCOPE, "a scope is unknown or not permitted at this API");
	call->api = api;
	return 0;
}

static int64_t choose_lifetime(const struct call *call)
{
	int64_t lifetime_s = call->client->client.lifetime_s;
	if (lifetime_s <= 0)
		lifetime_s = call->api ? call->api->lifetime_s : call->policy->lifetime_s;
	return lifetime_s < call->policy->lifetime_max_s ? lifetime_s : call->policy->lifetime_max_s;
}

static int check(struct call *call)
{
	const struct api *named;
	struct str_list scopes;
	/* RFC 9396 5: no type is known here, and a token wider than what was asked for is not given instead. */
	if (call_param(call, PARAM_AUTHORIZATION_DETAILS))
		FAIL(call, INVALID_DETAILS, "authorization_details");
	TRY(resource_requested(call, &named));
	TRY(choose_scopes(call, named, &scopes));
	drop_offline(&scopes);
	if (scopes.n == 0)
		FAIL(call, INVALID_SCOPE, "nothing is left to grant");
	TRY(scope_join(scopes, &call->arena, &call->scope));
	call->audience = call->api ? call->api->audience : call->policy->issuer;
	call->lifetime_s = choose_lifetime(call);
	return 0;
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

static int mint(struct call *call)
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
		.account = call->client->client.kind == CLIENT_ACCOUNT ? &call->client->account : NULL,
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

const struct grant grant_client = {"client_credentials", check, mint, NULL};
