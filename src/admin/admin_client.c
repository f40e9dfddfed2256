/* Administration of clients; see admin_ops.h. Member names of RFC 7591 2 and 3.2.1. */
#include "admin/admin_ops.h"
#include "base/addr.h"
#include "oauth/id.h"
#include "oauth/scope.h"

static const struct {
	const char *name; /* RFC 7591 2, and "any" for Basic or body */
	enum client_auth auth;
} auth_rows[] = {
	{"any", CLIENT_AUTH_ANY},
	{"client_secret_basic", CLIENT_AUTH_BASIC},
	{"client_secret_post", CLIENT_AUTH_POST},
	{"none", CLIENT_AUTH_NONE},
	{"private_key_jwt", CLIENT_AUTH_PRIVATE_KEY_JWT}, /* shown, not yet accepted: see apply() */
};

static struct str auth_name(enum client_auth auth)
{
	for (size_t i = 0; i < sizeof(auth_rows) / sizeof(auth_rows[0]); i++)
		if (auth_rows[i].auth == auth)
			return str_of(auth_rows[i].name);
	return STR("");
}

static int read_auth(struct admin_ctx *ctx, enum client_auth *ret_auth)
{
	struct str name = ctx->args[ARG_AUTH_METHOD].s;
	for (size_t i = 0; i < sizeof(auth_rows) / sizeof(auth_rows[0]); i++) {
		if (!str_eq(name, str_of(auth_rows[i].name)) || auth_rows[i].auth == CLIENT_AUTH_PRIVATE_KEY_JWT)
			continue;
		*ret_auth = auth_rows[i].auth;
		return 0;
	}
	return admin_fail(ctx, E_INVALID_REQUEST,
			  "token_endpoint_auth_method must be any, client_secret_basic, client_secret_post or none.");
}

static const struct {
	const char *name;
	enum client_held bit;
} held_rows[] = {
	{"disabled", CLIENT_HELD_DISABLED},
	{"scopes", CLIENT_HELD_SCOPES},
	{"networks", CLIENT_HELD_NETWORKS},
};
enum { HELDS = sizeof(held_rows) / sizeof(held_rows[0]) };

/* ARG_HELD: what an administrator gives back, or holds without a change. Disabled is not said here but by disabling. */
static int read_held(struct admin_ctx *ctx, unsigned *held)
{
	struct str_list names = ctx->args[ARG_HELD].list;
	unsigned bits = 0;
	for (size_t i = 0; i < names.n; i++) {
		size_t at = 1;
		while (at < HELDS && !str_eq(names.v[i], str_of(held_rows[at].name)))
			at++;
		if (at == HELDS)
			return admin_fail(ctx, E_INVALID_REQUEST, "held may have scopes and networks.");
		bits |= held_rows[at].bit;
	}
	*held = (*held & CLIENT_HELD_DISABLED) | bits;
	return 0;
}

static bool gives_grants(const struct admin_ctx *ctx)
{
	return ctx->args[ARG_SCOPE].set || ctx->args[ARG_AUDIENCES].set;
}

/* From where it may be used; none: from everywhere. */
static int read_networks(struct admin_ctx *ctx, struct client *client)
{
	struct str_list networks = ctx->args[ARG_NETWORKS].list;
	struct addr_network network;
	if (networks.n > MODEL_NETWORKS_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "A client has at most %d networks.", MODEL_NETWORKS_MAX);
	for (size_t i = 0; i < networks.n; i++)
		if (addr_parse_network(networks.v[i], &network) < 0)
			return admin_fail(ctx, E_INVALID_REQUEST,
					  "networks must be addresses or networks such as 192.0.2.0/24 or "
					  "2001:db8::/32, with no bits behind the prefix.");
	client->networks = networks;
	return 0;
}

static bool has_all_grants(const struct client *client, const struct client *of)
{
	for (size_t i = 0; i < of->n_grants; i++)
		if (!model_client_has_grant(client, &of->grants[i]))
			return false;
	return true;
}

static bool has_all(struct str_list list, struct str_list of)
{
	for (size_t i = 0; i < of.n; i++)
		if (!str_list_has(list, of.v[i]))
			return false;
	return true;
}

static bool same_networks(const struct client *a, const struct client *b)
{
	return has_all(a->networks, b->networks) && has_all(b->networks, a->networks);
}

/* What the owner of a credential may not do to it. */
static int check_held(struct admin_ctx *ctx, const struct client *before, const struct client *after)
{
	if ((before->held & CLIENT_HELD_SCOPES) && !has_all_grants(before, after))
		return admin_fail(ctx, E_FORBIDDEN, "An administrator took scopes away from this credential: you can "
						    "take away more, but add none.");
	if ((before->held & CLIENT_HELD_NETWORKS) && !same_networks(before, after))
		return admin_fail(ctx, E_FORBIDDEN, "An administrator said from which networks this credential may be "
						    "used.");
	return 0;
}

/*
 * Who changes what: an owner stays within what is held; what an administrator takes away from a credential, or from an
 * app that registered itself, is held from then on, until an administrator gives it back (ARG_HELD, or networks:
 * everywhere).
 */
static int hold(struct admin_ctx *ctx, const struct client *before, struct client *after)
{
	bool is_registered = after->kind == CLIENT_APP && after->app.registered; /* it changes itself by RFC 7592 */
	if (after->kind != CLIENT_ACCOUNT && !is_registered)
		return 0;
	if (ctx->admin->own && ctx->args[ARG_HELD].set)
		return admin_fail(ctx, E_FORBIDDEN, "held is for administrators to say.");
	if (ctx->admin->own)
		return check_held(ctx, before, after);
	if (!has_all_grants(after, before))
		after->held |= CLIENT_HELD_SCOPES;
	if (!same_networks(before, after))
		after->held = after->networks.n > 0 ? after->held | CLIENT_HELD_NETWORKS
						    : after->held & ~(unsigned)CLIENT_HELD_NETWORKS;
	return ctx->args[ARG_HELD].set ? read_held(ctx, &after->held) : 0;
}

/* What create and update have in common: the arguments that are set. */
static int apply(struct admin_ctx *ctx, struct client *client)
{
	const struct admin_value *args = ctx->args;
	if (args[ARG_CLIENT_NAME].set)
		client->name = args[ARG_CLIENT_NAME].s;
	if (args[ARG_AUTH_METHOD].set)
		TRY(read_auth(ctx, &client->auth));
	if (args[ARG_EXPIRES_AT].set)
		TRY(admin_args_future(ctx, ARG_EXPIRES_AT, &client->expires_s));
	if (args[ARG_TOKEN_LIFETIME].set)
		TRY(admin_args_lifetime(ctx, true, &client->lifetime_s));
	if (args[ARG_NETWORKS].set)
		TRY(read_networks(ctx, client));
	if (gives_grants(ctx))
		TRY(admin_grant_resolve(ctx, client));
	TRY(admin_app_apply(ctx, client));
	return admin_grant_default(ctx, client);
}

static struct str kind_name(const struct client *client)
{
	if (client->kind == CLIENT_APP)
		return STR("app");
	return client->kind == CLIENT_ACCOUNT ? STR("account") : STR("service");
}

/* Of a credential: what an administrator decided. Of all: who disabled it. */
static void emit_held(struct json_out *out, const struct client *client)
{
	if (client->disabled)
		json_str(out, "disabled_by",
			 client->held & CLIENT_HELD_DISABLED || client->kind != CLIENT_ACCOUNT ? STR("admin")
											       : STR("owner"));
	if (client->kind != CLIENT_ACCOUNT && !client->app.registered)
		return;
	json_open(out, "held", '[');
	for (size_t i = 0; i < HELDS; i++)
		if (client->held & held_rows[i].bit)
			json_str(out, NULL, str_of(held_rows[i].name));
	json_close(out, ']');
}

static int emit(struct admin_ctx *ctx, const struct client *client, bool with_grants)
{
	struct json_out *out = &ctx->out;
	TRY(admin_api_load(ctx));
	const struct api *api = admin_api_find(ctx, client->default_api);
	json_str(out, "client_id", client->id);
	json_str(out, "client_name", client->name);
	json_str(out, "kind", kind_name(client));
	if (client->kind == CLIENT_ACCOUNT)
		json_str(out, "account_id", client->account_id);
	json_bool(out, "disabled", client->disabled);
	emit_held(out, client);
	json_int(out, "client_id_issued_at", client->created_s);
	json_int(out, "expires_at", client->expires_s);
	json_str(out, "token_endpoint_auth_method", auth_name(client->auth));
	json_int(out, "token_lifetime", client->lifetime_s);
	json_str(out, "default_audience", api ? api->audience : STR(""));
	json_strs(out, "networks", client->networks);
	if (with_grants)
		admin_app_emit(ctx, client);
	return with_grants ? admin_grant_emit(ctx, client) : 0;
}

int admin_client_find(struct admin_ctx *ctx, struct client *ret_client)
{
	int rc = store_client_get(ctx->admin->store, ctx->args[ARG_CLIENT_ID].s, &ctx->arena, ret_client);
	return rc == E_ABSENT ? admin_fail(ctx, rc, "There is no such client.") : rc;
}

/* The id: a new one of ours, or an imported one. No client can take the form of an account's id (RFC 9068 5). */
static int choose_id(struct admin_ctx *ctx, char new_id[ID_LEN + 1], struct str *ret_id)
{
	const struct admin_value *wanted = &ctx->args[ARG_CLIENT_ID];
	if (!wanted->set) {
		TRY(id_new(ID_CLIENT, new_id));
		*ret_id = str_of(new_id);
		return 0;
	}
	if (!id_is_importable(wanted->s))
		return admin_fail(ctx, E_INVALID_REQUEST, "An imported client_id has 3 to 64 characters of A-Z a-z 0-9 "
							  ". _ ~ - and none of our prefixes.");
	*ret_id = wanted->s;
	return 0;
}

static int set_owner(struct admin_ctx *ctx, struct client *client)
{
	struct account account;
	if (!ctx->args[ARG_ACCOUNT].set)
		return 0;
	TRY(admin_account_find(ctx, &account));
	client->kind = CLIENT_ACCOUNT;
	client->account_id = account.id;
	return 0;
}

/* The first secret, unless the client has no use for one. */
static int first_secret(struct admin_ctx *ctx, struct client *client, struct admin_secret *secret)
{
	if (client->auth == CLIENT_AUTH_NONE) {
		if (ctx->args[ARG_CLIENT_SECRET].set || ctx->args[ARG_SECRET_EXPIRES_AT].set)
			return admin_fail(ctx, E_INVALID_REQUEST,
					  "A client that does not authenticate can have no secret.");
		return 0;
	}
	TRY(admin_secret_make(ctx, client->id, secret));
	client->secrets = &secret->row;
	client->n_secrets = 1;
	return 0;
}

int admin_client_create(struct admin_ctx *ctx)
{
	char id[ID_LEN + 1];
	_cleanup_(admin_secret_done) struct admin_secret secret = {0};
	struct client client = {.created_s = ctx->now_s};
	TRY(choose_id(ctx, id, &client.id));
	TRY(admin_app_kind(ctx, &client));
	TRY(set_owner(ctx, &client));
	TRY(apply(ctx, &client));
	TRY(hold(ctx, &(struct client){.id = client.id}, &client));
	TRY(admin_bound_client(ctx, &client));
	TRY(first_secret(ctx, &client, &secret));
	TRY(emit(ctx, &client, true));
	if (client.n_secrets > 0)
		admin_secret_emit_new(ctx, &secret);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, client.id, client.name);
	int rc = store_client_put(ctx->admin->store, &client, &note);
	if (rc == E_EXISTS)
		return admin_fail(ctx, rc, "There is a client with this id already.");
	TRY(rc);
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, client.id);
	return 0;
}

static const struct admin_column columns[] = {
	{"client_id", COLUMN_TEXT, true, STORE_BY_ID},
	{"client_name", COLUMN_TEXT, false, 0},
	{"kind", COLUMN_TEXT, false, 0},
	{"disabled", COLUMN_BOOLEAN, false, 0},
	{"client_id_issued_at", COLUMN_NUMBER, true, STORE_BY_TIME},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct client *client = row;
	const struct admin_cell cells[] = {
		{client->id, 0}, {client->name, 0}, {kind_name(client), 0}, {{0}, client->disabled},
		{{0}, client->created_s},
	};
	*ret_cell = cells[column];
}

static int emit_row(struct admin_ctx *ctx, const void *row) { return emit(ctx, row, false); }

/* ctx->owner: those of this account alone. */
static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	const struct store_client_range wanted = {ctx->owner, *range};
	struct client *clients;
	TRY(store_client_list(ctx->admin->store, &wanted, arena, &clients, ret_n));
	*ret_rows = clients;
	return 0;
}

static int64_t total(const struct store_counts *counts) { return counts->clients; }

int admin_client_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {
		columns, sizeof(columns) / sizeof(columns[0]), sizeof(struct client), cell, emit_row, fetch, total,
		ADMIN_SCAN_MAX, 0};
	struct account account = {0};
	if (ctx->args[ARG_ACCOUNT].set)
		TRY(admin_account_find(ctx, &account));
	ctx->owner = account.id;
	return admin_page(ctx, &list, "clients");
}

int admin_client_get(struct admin_ctx *ctx)
{
	struct client client;
	TRY(admin_client_find(ctx, &client));
	TRY(emit(ctx, &client, true));
	admin_secret_emit_list(ctx, &client);
	return 0;
}

int admin_client_update(struct admin_ctx *ctx)
{
	struct client client, before;
	TRY(admin_client_find(ctx, &client));
	before = client;
	TRY(admin_bound_client(ctx, &client));
	TRY(apply(ctx, &client));
	TRY(hold(ctx, &before, &client));
	TRY(admin_bound_client(ctx, &client));
	TRY(emit(ctx, &client, true));
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, client.id, client.name);
	TRY(store_client_update(ctx->admin->store, &client, gives_grants(ctx), &note));
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, client.id);
	return 0;
}

static int set_disabled(struct admin_ctx *ctx, bool disabled)
{
	struct client client;
	bool own = ctx->admin->own;
	TRY(admin_client_find(ctx, &client));
	if (!disabled)
		TRY(admin_bound_client(ctx, &client));
	if (!disabled && own && (client.held & CLIENT_HELD_DISABLED))
		return admin_fail(ctx, E_FORBIDDEN, "An administrator disabled this credential.");
	client.disabled = disabled;
	if (!own)
		client.held = disabled ? client.held | CLIENT_HELD_DISABLED
				       : client.held & ~(unsigned)CLIENT_HELD_DISABLED;
	TRY(emit(ctx, &client, true));
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, client.id, client.name);
	int (*put)(struct store *store, struct str id, bool disabled, int64_t until_s, const struct audit_note *note) =
		own ? store_client_set_disabled_own : store_client_set_disabled;
	TRY(put(ctx->admin->store, client.id, disabled, admin_until_s(ctx), &note));
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, client.id);
	return 0;
}

int admin_client_disable(struct admin_ctx *ctx) { return set_disabled(ctx, true); }
int admin_client_enable(struct admin_ctx *ctx) { return set_disabled(ctx, false); }

int admin_client_delete(struct admin_ctx *ctx)
{
	struct client client;
	TRY(admin_client_find(ctx, &client));
	if (ctx->admin->policy.makes_package_client && str_eq(client.id, STR(ADMIN_PACKAGE_CLIENT)))
		return admin_fail(ctx, E_CONFLICT, "While compat.rapidata is on, this client comes into being again "
						   "when it is asked for. Disable it: that stays.");
	struct audit_note note = admin_note(ctx, client.id, client.name);
	TRY(store_client_delete(ctx->admin->store, client.id, admin_until_s(ctx), &note));
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, client.id);
	json_str(&ctx->out, "client_id", client.id);
	return 0;
}
