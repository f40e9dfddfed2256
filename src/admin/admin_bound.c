/*
 * What a caller with a token may not do though it has the operation's scope; see admin_ops.h.
 *
 * The rule: nobody hands out what he does not hold. Scopes that begin with "mintmark:" are those of the management
 * API, and only of it. A caller who makes, changes or enables a client (also by enabling its account), or gives it a
 * secret, must hold each of them that the client has or would have: else he could make himself a client with more than
 * he has, or take over one by a secret of his own. Taking away (disable, delete, revoke) needs no more than the
 * operation's scope. The operator at the control socket is not bounded.
 */
#include "admin/admin_ops.h"
#include "admin/manage_api.h"
#include "oauth/scope.h"

#include <stdio.h>
#include <string.h>

enum { BOUND_PAGE = 50, BOUND_ARENA_MAX = 16 * 1024 * 1024 };

static int lacks(struct admin_ctx *ctx, struct str scope)
{
	snprintf(ctx->failure.missing, sizeof(ctx->failure.missing), "%.*s", STR_ARG(scope));
	return admin_fail(ctx, E_INSUFFICIENT_SCOPE, "The token lacks %.*s, so it can not give it to a client.",
			  STR_ARG(scope));
}

int admin_bound_client(struct admin_ctx *ctx, const struct client *client)
{
	const struct str_list *scopes = ctx->admin->scopes;
	for (size_t i = 0; scopes && i < client->n_grants; i++) {
		struct str scope = client->grants[i].scope;
		if (str_has_prefix(scope, STR(MANAGE_API_PREFIX)) && !str_list_has(*scopes, scope))
			return lacks(ctx, scope);
	}
	return 0;
}

/* The clients of a page, each with its grants. */
static int bound_page(struct admin_ctx *ctx, const struct store_client_range *page, struct arena *arena,
		      struct str *ret_last, size_t *ret_n)
{
	struct client *clients, client;
	size_t n;
	TRY(store_client_list(ctx->admin->store, page, arena, &clients, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(store_client_get(ctx->admin->store, clients[i].id, arena, &client));
		TRY(admin_bound_client(ctx, &client));
	}
	if (n > 0)
		*ret_last = clients[n - 1].id;
	*ret_n = n;
	return 0;
}

int admin_bound_account(struct admin_ctx *ctx, struct str account_id)
{
	char last_mem[MODEL_ID_MAX];
	struct str last = {0};
	size_t n = ctx->admin->scopes ? BOUND_PAGE : 0; /* the operator is not bounded */
	while (n == BOUND_PAGE) {
		struct arena arena;
		struct store_client_range page = {
			.account_id = account_id, .range = {.after = last, .limit = BOUND_PAGE}};
		arena_init(&arena, BOUND_ARENA_MAX);
		int rc = bound_page(ctx, &page, &arena, &last, &n);
		if (rc == 0 && n > 0) { /* its memory goes */
			memcpy(last_mem, last.p, last.len);
			last.p = last_mem;
		}
		arena_done(&arena);
		TRY(rc);
	}
	return 0;
}

int admin_bound_scope(struct admin_ctx *ctx, const char *scope)
{
	const struct str_list *scopes = ctx->admin->scopes;
	if (!scopes || str_list_has(*scopes, str_of(scope)))
		return 0;
	snprintf(ctx->failure.missing, sizeof(ctx->failure.missing), "%s", scope);
	return admin_fail(ctx, E_INSUFFICIENT_SCOPE, "The token lacks %s.", scope);
}

int admin_bound_api(struct admin_ctx *ctx, const struct api *api)
{
	if (manage_api_is(ctx->admin->policy.issuer, api->audience))
		return admin_fail(ctx, E_CONFLICT, "The management API can not be deleted, nor can its scopes change.");
	return 0;
}

int admin_bound_name(struct admin_ctx *ctx, struct str scope)
{
	if (str_has_prefix(scope, STR(MANAGE_API_PREFIX)))
		return admin_fail(ctx, E_INVALID_SCOPE, "Scopes that begin with " MANAGE_API_PREFIX " belong to the "
							"management API alone.");
	return 0;
}
