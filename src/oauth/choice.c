/*
 * Which API and which scopes; see choice.h. RFC 6749 3.3, RFC 8707, RFC 9068 3 and 5. Reads only. Must never narrow a
 * request silently.
 */
#include "oauth/choice.h"

#include "oauth/resource.h"
#include "oauth/scope.h"

const struct api *choice_api(const struct client_view *view, struct str id)
{
	for (size_t i = 0; i < view->n_apis; i++)
		if (str_eq(view->apis[i].id, id))
			return &view->apis[i];
	return NULL;
}

bool choice_may_have(const struct client_view *view, const struct api *api, struct str scope)
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
		if (!choice_may_have(view, api, scopes.v[i]))
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
	const struct api *chosen = choice_api(view, view->client.default_api);
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
		if (choice_may_have(call->client, api, client->grants[i].scope) &&
		    !str_list_has(scopes, client->grants[i].scope))
			scopes.v[scopes.n++] = client->grants[i].scope;
	*ret_scopes = scopes;
	return 0;
}

int choice_scopes(struct call *call, struct str_list *ret_scopes)
{
	const struct api *named;
	TRY(resource_requested(call, &named));
	const struct form_value *requested = call_param(call, PARAM_SCOPE);
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
