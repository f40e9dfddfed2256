/* Administration of APIs; see admin_ops.h. RFC 8707 2 (what an audience looks like), RFC 6749 3.3 (scopes). */
#include "admin/admin_ops.h"
#include "oauth/id.h"
#include "oauth/resource.h"
#include "oauth/scope.h"

enum { DESCRIPTION_MAX = 200 };

int admin_api_load(struct admin_ctx *ctx)
{
	if (ctx->apis_loaded)
		return 0;
	TRY(store_api_list(ctx->admin->store, &ctx->arena, &ctx->apis, &ctx->n_apis));
	ctx->apis_loaded = true;
	return 0;
}

const struct api *admin_api_find(const struct admin_ctx *ctx, struct str key)
{
	for (size_t i = 0; i < ctx->n_apis; i++)
		if (str_eq(ctx->apis[i].id, key) || str_eq(ctx->apis[i].audience, key))
			return &ctx->apis[i];
	return NULL;
}

/* The API that ARG_API names. */
static int find(struct admin_ctx *ctx, struct api *ret_api)
{
	struct str key = ctx->args[ARG_API].s;
	int rc = store_api_get(ctx->admin->store, key, !id_has_form(ID_API, key), &ctx->arena, ret_api);
	return rc == E_ABSENT ? admin_fail(ctx, rc, "There is no such API.") : rc;
}

static int read_scope(struct admin_ctx *ctx, const struct json *object, struct api_scope *ret_scope)
{
	struct str name, member;
	const struct json *value;
	struct api_scope scope = {0};
	for (void *iter = NULL; json_each(object, &iter, &member, &value);)
		if (!str_eq(member, STR("name")) && !str_eq(member, STR("description")))
			return admin_fail(ctx, E_INVALID_REQUEST,
					  "An element of scopes has the members name and description only.");
	if (json_get_str(object, "name", &name) < 0 || !scope_is_token(name))
		return admin_fail(ctx, E_INVALID_SCOPE, "The name of a scope must be a scope token (RFC 6749 section "
							"3.3).");
	if (scope_is_identity(name))
		return admin_fail(ctx, E_INVALID_SCOPE, "%.*s is an identity scope and can not belong to an API.",
				  STR_ARG(name));
	TRY(admin_bound_name(ctx, name));
	if (json_has(object, "description") && json_get_str(object, "description", &scope.description) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "The description of a scope must be a text.");
	if (scope.description.len > DESCRIPTION_MAX || !admin_args_is_text(scope.description))
		return admin_fail(ctx, E_INVALID_REQUEST, "The description of a scope has at most %d bytes and no "
							  "control characters.", DESCRIPTION_MAX);
	scope.name = name;
	*ret_scope = scope;
	return 0;
}

static int refuse_twice(struct admin_ctx *ctx, const struct api_scope *scopes, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (str_eq(scopes[i].name, scopes[n - 1].name))
			return admin_fail(ctx, E_INVALID_REQUEST, "Scope %.*s is there twice.",
					  STR_ARG(scopes[i].name));
	return 0;
}

static int read_scopes(struct admin_ctx *ctx, struct api *api)
{
	const struct json *array = ctx->args[ARG_SCOPES].json, *object;
	size_t n = array ? json_array_len(array) : 0;
	struct api_scope *scopes = arena_array(&ctx->arena, n + 1, sizeof(*scopes));
	if (!scopes)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (json_at_object(array, i, &object) < 0)
			return admin_fail(ctx, E_INVALID_REQUEST, "scopes must be an array of objects.");
		TRY(read_scope(ctx, object, &scopes[i]));
		TRY(refuse_twice(ctx, scopes, i + 1));
	}
	api->scopes = scopes;
	api->n_scopes = n;
	return 0;
}

/* Clients that may ask about tokens for this API (RFC 7662 2.1). */
static int read_servers(struct admin_ctx *ctx, struct api *api)
{
	struct str_list servers = ctx->args[ARG_RESOURCE_SERVERS].list;
	struct client client;
	if (servers.n > MODEL_SERVERS_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "An API has at most %d resource servers.", MODEL_SERVERS_MAX);
	for (size_t i = 0; i < servers.n; i++) {
		int rc = store_client_get(ctx->admin->store, servers.v[i], &ctx->arena, &client);
		if (rc == E_ABSENT)
			return admin_fail(ctx, rc, "There is no client %.*s.", STR_ARG(servers.v[i]));
		TRY(rc);
	}
	api->servers = servers;
	return 0;
}

/* What create and update have in common: the arguments that are set. */
static int apply(struct admin_ctx *ctx, struct api *api)
{
	if (ctx->args[ARG_NAME].set)
		api->name = ctx->args[ARG_NAME].s;
	if (ctx->args[ARG_SCOPES].set)
		TRY(read_scopes(ctx, api));
	if (ctx->args[ARG_TOKEN_LIFETIME].set)
		TRY(admin_args_lifetime(ctx, false, &api->lifetime_s));
	if (ctx->args[ARG_ALG].set)
		api->alg = ctx->args[ARG_ALG].s;
	if (ctx->args[ARG_RESOURCE_SERVERS].set)
		TRY(read_servers(ctx, api));
	return admin_key_ensure(ctx, api->alg);
}

/* Its members, into an object that is open. */
static void emit(struct json_out *out, const struct api *api)
{
	json_str(out, "api_id", api->id);
	json_str(out, "audience", api->audience);
	json_str(out, "name", api->name);
	json_str(out, "alg", api->alg);
	json_int(out, "token_lifetime", api->lifetime_s);
	json_int(out, "created_at", api->created_s);
	json_open(out, "scopes", '[');
	for (size_t i = 0; i < api->n_scopes; i++) {
		json_open(out, NULL, '{');
		json_str(out, "name", api->scopes[i].name);
		json_str(out, "description", api->scopes[i].description);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_strs(out, "resource_servers", api->servers);
}

int admin_api_create(struct admin_ctx *ctx)
{
	char id[ID_LEN + 1];
	struct api api = {
		.audience = ctx->args[ARG_AUDIENCE].s,
		.alg = ctx->admin->policy.default_alg,
		.lifetime_s = ctx->admin->policy.lifetime_s,
		.created_s = ctx->now_s,
	};
	if (!resource_is_uri(api.audience)) /* RFC 8707 2 */
		return admin_fail(ctx, E_INVALID_TARGET, "audience must be an absolute URI without fragment.");
	api.name = api.audience.len <= MODEL_NAME_MAX ? api.audience : STR("API");
	TRY(apply(ctx, &api));
	TRY(id_new(ID_API, id));
	api.id = str_of(id);
	emit(&ctx->out, &api);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, api.id, api.audience);
	int rc = store_api_put(ctx->admin->store, &api, &note);
	if (rc == E_EXISTS)
		return admin_fail(ctx, rc, "There is an API with this audience already.");
	TRY(rc);
	admin_changed(ctx, ADMIN_CHANGE_API, api.id);
	return 0;
}

static const struct admin_column columns[] = {
	{"api_id", COLUMN_TEXT, true, 0},  {"audience", COLUMN_TEXT, true, 0},
	{"name", COLUMN_TEXT, true, 0},    {"created_at", COLUMN_NUMBER, true, 0},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct api *api = row;
	const struct admin_cell cells[] = {{api->id, 0}, {api->audience, 0}, {api->name, 0}, {{0}, api->created_s}};
	*ret_cell = cells[column];
}

static int emit_row(struct admin_ctx *ctx, const void *row)
{
	emit(&ctx->out, row);
	return 0;
}

static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	(void)range;
	(void)arena;
	TRY(admin_api_load(ctx));
	*ret_rows = ctx->apis;
	*ret_n = ctx->n_apis;
	return 0;
}

int admin_api_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {columns, sizeof(columns) / sizeof(columns[0]), sizeof(struct api), cell,
					       emit_row, fetch, NULL, 0, 0};
	return admin_page(ctx, &list, "apis");
}

int admin_api_get(struct admin_ctx *ctx)
{
	struct api api;
	TRY(find(ctx, &api));
	emit(&ctx->out, &api);
	return 0;
}

int admin_api_update(struct admin_ctx *ctx)
{
	struct api api;
	TRY(find(ctx, &api));
	if (ctx->args[ARG_SCOPES].set)
		TRY(admin_bound_api(ctx, &api));
	TRY(apply(ctx, &api));
	struct audit_note note = admin_note(ctx, api.id, api.audience);
	TRY(store_api_update(ctx->admin->store, &api, ctx->args[ARG_RESOURCE_SERVERS].set, &note));
	admin_changed(ctx, ADMIN_CHANGE_API, api.id);
	emit(&ctx->out, &api);
	return 0;
}

int admin_api_delete(struct admin_ctx *ctx)
{
	struct api api;
	TRY(find(ctx, &api));
	TRY(admin_bound_api(ctx, &api));
	struct audit_note note = admin_note(ctx, api.id, api.audience);
	TRY(store_api_delete(ctx->admin->store, api.id, &note));
	admin_changed(ctx, ADMIN_CHANGE_API, api.id);
	json_str(&ctx->out, "api_id", api.id);
	return 0;
}
