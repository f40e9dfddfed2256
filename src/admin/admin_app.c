/*
 * What only apps have, in the administration of clients: redirect URIs, grant types and the like; see admin_ops.h.
 * Member names of RFC 7591 2 and OpenID Connect Registration 2.
 */
#include "admin/admin_ops.h"
#include "crypto/sig.h"
#include "oauth/redirect.h"
#include "oauth/registration.h"

static const struct {
	const char *name;
	enum client_grant_type bit;
} grant_rows[] = {
	{"authorization_code", CLIENT_GRANT_CODE},
	{"refresh_token", CLIENT_GRANT_REFRESH},
	{"urn:ietf:params:oauth:grant-type:device_code", CLIENT_GRANT_DEVICE},
	{"client_credentials", CLIENT_GRANT_SELF},
};

static const enum admin_arg app_args[] = {
	ARG_REDIRECT_URIS, ARG_LOGOUT_URIS, ARG_APPLICATION_TYPE, ARG_GRANT_TYPES, ARG_TRUSTED, ARG_PAR_REQUIRED,
	ARG_ID_TOKEN_ALG,  ARG_CLIENT_URI,  ARG_LOGO_URI,         ARG_POLICY_URI,  ARG_TOS_URI,
};

static bool has_app_args(const struct admin_ctx *ctx)
{
	for (size_t i = 0; i < sizeof(app_args) / sizeof(app_args[0]); i++)
		if (ctx->args[app_args[i]].set)
			return true;
	return false;
}

int admin_app_kind(struct admin_ctx *ctx, struct client *client)
{
	const struct admin_value *kind = &ctx->args[ARG_KIND];
	bool is_app = kind->set && str_eq(kind->s, STR("app"));
	bool is_account = ctx->args[ARG_ACCOUNT].set;
	if (kind->set && !is_app && !str_eq(kind->s, is_account ? STR("account") : STR("service")))
		return admin_fail(ctx, E_INVALID_REQUEST,
				  "kind must be app, or service; account with the account that it acts for.");
	if (is_app && is_account)
		return admin_fail(ctx, E_INVALID_REQUEST, "An app acts for whoever signs in, not for one account.");
	if (is_app) {
		client->kind = CLIENT_APP;
		client->app.grant_types = CLIENT_GRANT_CODE | CLIENT_GRANT_REFRESH;
	}
	return 0;
}

static int read_grants(struct admin_ctx *ctx, struct client_app *app)
{
	struct str_list names = ctx->args[ARG_GRANT_TYPES].list;
	app->grant_types = 0;
	for (size_t i = 0; i < names.n; i++) {
		unsigned bit = registration_grant_type(names.v[i]);
		if (bit == 0)
			return admin_fail(ctx, E_INVALID_REQUEST,
					  "grant_types must be authorization_code, refresh_token, client_credentials "
					  "or urn:ietf:params:oauth:grant-type:device_code.");
		app->grant_types |= bit;
	}
	return 0;
}

static int read_type(struct admin_ctx *ctx, struct client_app *app)
{
	struct str type = ctx->args[ARG_APPLICATION_TYPE].s;
	app->native = str_eq(type, STR("native"));
	if (!app->native && !str_eq(type, STR("web")))
		return admin_fail(ctx, E_INVALID_REQUEST, "application_type must be web or native.");
	return 0;
}

/* RFC 6749 3.1.2.2; judged anew also when only the type changes. */
static int check_uris(struct admin_ctx *ctx, const struct client_app *app, struct str_list uris, const char *name)
{
	const char *why = "";
	if (uris.n > MODEL_URIS_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s has more than %d elements.", name, MODEL_URIS_MAX);
	for (size_t i = 0; i < uris.n; i++)
		if (!redirect_may_register(uris.v[i], app->native, &why))
			return admin_fail(ctx, E_INVALID_REQUEST, "%s: number %zu %s.", name, i + 1, why);
	return 0;
}

static int read_alg(struct admin_ctx *ctx, struct client_app *app)
{
	struct str alg = ctx->args[ARG_ID_TOKEN_ALG].s;
	TRY(admin_key_ensure(ctx, alg));
	app->id_token_alg = alg;
	return 0;
}

/* Shown as links, never fetched. */
static int read_link(struct admin_ctx *ctx, enum admin_arg arg, const char *name, struct str *ret_uri)
{
	struct str uri = ctx->args[arg].s;
	if (!ctx->args[arg].set)
		return 0;
	if (uri.len > 0 && !redirect_may_register(uri, false, NULL))
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be an https URL.", name);
	*ret_uri = uri;
	return 0;
}

static int read_all(struct admin_ctx *ctx, struct client_app *app)
{
	const struct admin_value *args = ctx->args;
	if (args[ARG_APPLICATION_TYPE].set)
		TRY(read_type(ctx, app));
	if (args[ARG_REDIRECT_URIS].set)
		app->redirect_uris = args[ARG_REDIRECT_URIS].list;
	if (args[ARG_LOGOUT_URIS].set)
		app->logout_uris = args[ARG_LOGOUT_URIS].list;
	if (args[ARG_GRANT_TYPES].set)
		TRY(read_grants(ctx, app));
	if (args[ARG_ID_TOKEN_ALG].set)
		TRY(read_alg(ctx, app));
	if (args[ARG_TRUSTED].set)
		app->trusted = args[ARG_TRUSTED].i;
	if (args[ARG_PAR_REQUIRED].set)
		app->par_required = args[ARG_PAR_REQUIRED].i;
	TRY(read_link(ctx, ARG_CLIENT_URI, "client_uri", &app->uri));
	TRY(read_link(ctx, ARG_LOGO_URI, "logo_uri", &app->logo_uri));
	TRY(read_link(ctx, ARG_POLICY_URI, "policy_uri", &app->policy_uri));
	return read_link(ctx, ARG_TOS_URI, "tos_uri", &app->tos_uri);
}

int admin_app_apply(struct admin_ctx *ctx, struct client *client)
{
	struct client_app *app = &client->app;
	if (client->kind != CLIENT_APP)
		return has_app_args(ctx) ? admin_fail(ctx, E_INVALID_REQUEST, "Only an app has redirect URIs, grant "
									      "types and the like.")
					 : 0;
	TRY(read_all(ctx, app));
	TRY(check_uris(ctx, app, app->redirect_uris, "redirect_uris"));
	TRY(check_uris(ctx, app, app->logout_uris, "post_logout_redirect_uris"));
	if ((app->grant_types & CLIENT_GRANT_CODE) && app->redirect_uris.n == 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "redirect_uris must name where the app gets its answers.");
	if ((app->grant_types & CLIENT_GRANT_SELF) && client->auth == CLIENT_AUTH_NONE) /* RFC 6749 4.4 */
		return admin_fail(ctx, E_INVALID_REQUEST, "An app without secret can't have client_credentials.");
	return 0;
}

void admin_app_emit(struct admin_ctx *ctx, const struct client *client)
{
	const struct client_app *app = &client->app;
	struct json_out *out = &ctx->out;
	if (client->kind != CLIENT_APP)
		return;
	json_str(out, "application_type", app->native ? STR("native") : STR("web"));
	json_strs(out, "redirect_uris", app->redirect_uris);
	json_strs(out, "post_logout_redirect_uris", app->logout_uris);
	json_open(out, "grant_types", '[');
	for (size_t i = 0; i < sizeof(grant_rows) / sizeof(grant_rows[0]); i++)
		if (app->grant_types & grant_rows[i].bit)
			json_str(out, NULL, str_of(grant_rows[i].name));
	json_close(out, ']');
	json_str(out, "id_token_signed_response_alg", app->id_token_alg.len > 0 ? app->id_token_alg : STR("RS256"));
	json_bool(out, "require_pushed_authorization_requests", app->par_required);
	json_bool(out, "trusted", app->trusted);
	json_bool(out, "registered", app->registered);
	json_str(out, "client_uri", app->uri);
	json_str(out, "logo_uri", app->logo_uri);
	json_str(out, "policy_uri", app->policy_uri);
	json_str(out, "tos_uri", app->tos_uri);
}
