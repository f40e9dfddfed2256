/*
 * From scope names to grants and back; see admin_ops.h. A scope name belongs to an API, so it must be clear to which:
 * the caller names the audiences, or the name is unique among all APIs.
 */
#include "admin/admin_ops.h"
#include "admin/manage_api.h"
#include "oauth/scope.h"

/* The management API of an issuer that this server had once: its tokens open nothing any more. */
static bool is_former(const struct admin_ctx *ctx, const struct api *api, struct str name)
{
	return str_has_prefix(name, STR(MANAGE_API_PREFIX)) &&
	       !manage_api_is(ctx->admin->policy.issuer, api->audience);
}

/* The APIs to look in: those named, or all. */
static int choose_apis(struct admin_ctx *ctx, const struct api ***ret_apis, size_t *ret_n)
{
	const struct admin_value *named = &ctx->args[ARG_AUDIENCES];
	TRY(admin_api_load(ctx));
	size_t n = named->set ? named->list.n : ctx->n_apis;
	const struct api **apis = arena_array(&ctx->arena, n + 1, sizeof(*apis));
	if (!apis)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		apis[i] = named->set ? admin_api_find(ctx, named->list.v[i]) : &ctx->apis[i];
		if (!apis[i])
			return admin_fail(ctx, E_ABSENT, "There is no API %.*s.", STR_ARG(named->list.v[i]));
	}
	*ret_apis = apis;
	*ret_n = n;
	return 0;
}

static int add(struct admin_ctx *ctx, struct client *client, struct str api_id, struct str scope)
{
	if (client->n_grants == MODEL_SCOPES_MAX)
		return admin_fail(ctx, E_INVALID_SCOPE, "A client has at most %d grants.", MODEL_SCOPES_MAX);
	client->grants[client->n_grants++] = (struct scope_grant){api_id, scope};
	return 0;
}

/* One name: an identity scope, or a scope of the one API that has it (of each of the named ones that have it). */
static int resolve_one(struct admin_ctx *ctx, const struct api **apis, size_t n, struct str scope,
		       struct client *client)
{
	size_t found = 0;
	if (scope_is_identity(scope))
		return add(ctx, client, STR(""), scope);
	for (size_t i = 0; i < n; i++) {
		if (!model_api_has_scope(apis[i], scope) ||
		    (!ctx->args[ARG_AUDIENCES].set && is_former(ctx, apis[i], scope)))
			continue;
		if (found++ > 0 && !ctx->args[ARG_AUDIENCES].set)
			return admin_fail(ctx, E_CONFLICT, "Several APIs have a scope %.*s: say which audience is "
							   "meant.", STR_ARG(scope));
		TRY(add(ctx, client, apis[i]->id, scope));
	}
	return found > 0 ? 0 : admin_fail(ctx, E_INVALID_SCOPE, "No API has a scope %.*s.", STR_ARG(scope));
}

static int add_all(struct admin_ctx *ctx, const struct api *api, struct client *client)
{
	for (size_t i = 0; i < api->n_scopes; i++)
		TRY(add(ctx, client, api->id, api->scopes[i].name));
	return 0;
}

int admin_grant_resolve(struct admin_ctx *ctx, struct client *client)
{
	struct str_list scopes = ctx->args[ARG_SCOPE].list;
	bool everything = !ctx->args[ARG_SCOPE].set;
	const struct api **apis = NULL;
	size_t n = 0;
	TRY(choose_apis(ctx, &apis, &n));
	client->grants = arena_array(&ctx->arena, MODEL_SCOPES_MAX, sizeof(*client->grants));
	if (!client->grants)
		return E_NOMEM;
	client->n_grants = 0;
	for (size_t i = 0; everything && i < n; i++)
		TRY(add_all(ctx, apis[i], client));
	for (size_t i = 0; i < scopes.n; i++)
		TRY(resolve_one(ctx, apis, n, scopes.v[i], client));
	return 0;
}

int admin_grant_default(struct admin_ctx *ctx, struct client *client)
{
	const struct admin_value *wanted = &ctx->args[ARG_DEFAULT_AUDIENCE];
	if (wanted->set && wanted->s.len == 0) {
		client->default_api = STR("");
		return 0;
	}
	if (wanted->set) {
		TRY(admin_api_load(ctx));
		const struct api *api = admin_api_find(ctx, wanted->s);
		if (!api)
			return admin_fail(ctx, E_ABSENT, "There is no API %.*s.", STR_ARG(wanted->s));
		client->default_api = api->id;
		return 0;
	}
	for (size_t i = 0; i < client->n_grants && client->default_api.len == 0; i++)
		client->default_api = client->grants[i].api_id;
	return 0;
}

/* The scopes that the client has at one API (empty: identity scopes), in one string. */
static int scopes_at(struct admin_ctx *ctx, const struct client *client, struct str api_id, struct str *ret_scope)
{
	struct str_list list = {arena_array(&ctx->arena, client->n_grants + 1, sizeof(struct str)), 0};
	if (!list.v)
		return E_NOMEM;
	for (size_t i = 0; i < client->n_grants; i++)
		if (str_eq(client->grants[i].api_id, api_id))
			list.v[list.n++] = client->grants[i].scope;
	return scope_join(list, &ctx->arena, ret_scope);
}

static int all_scopes(struct admin_ctx *ctx, const struct client *client, struct str *ret_scope)
{
	struct str_list list = {arena_array(&ctx->arena, client->n_grants + 1, sizeof(struct str)), 0};
	if (!list.v)
		return E_NOMEM;
	for (size_t i = 0; i < client->n_grants; i++)
		if (!str_list_has(list, client->grants[i].scope))
			list.v[list.n++] = client->grants[i].scope;
	return scope_join(list, &ctx->arena, ret_scope);
}

int admin_grant_emit(struct admin_ctx *ctx, const struct client *client)
{
	struct json_out *out = &ctx->out;
	struct str scope;
	TRY(admin_api_load(ctx));
	TRY(all_scopes(ctx, client, &scope));
	json_str(out, "scope", scope);
	json_open(out, "grants", '[');
	for (size_t i = 0; i < ctx->n_apis; i++) {
		TRY(scopes_at(ctx, client, ctx->apis[i].id, &scope));
		if (scope.len == 0)
			continue;
		json_open(out, NULL, '{');
		json_str(out, "audience", ctx->apis[i].audience);
		json_str(out, "scope", scope);
		json_close(out, '}');
	}
	json_close(out, ']');
	return 0;
}
