/* Making a credential; see credential.h. */
#include "web/credential.h"

enum { NEW_NAME, NEW_SCOPE, NEW_EXPIRY, NEW_DAY, NEW_NETWORKS, NEW_KIND, NEW_APP,
       NEW_FIELDS = NEW_APP + CREDENTIAL_APP_FIELDS };
static const struct form_param params[] = {
	[NEW_NAME] = {"name", false},
	[NEW_SCOPE] = {"scope", true},
	[NEW_EXPIRY] = {"expiry", false},
	[NEW_DAY] = {"day", false},
	[NEW_NETWORKS] = {"networks", false},
	[NEW_KIND] = {"kind", false},
	CREDENTIAL_APP_PARAMS,
};
static const struct form_table table = {params, NEW_FIELDS};

static bool is_app(const struct credential_place *place, const struct form_value *values)
{
	return place->admin && str_eq(values[NEW_KIND].value, STR("app"));
}

static int show(struct call *call, const struct credential_place *place, const struct form_value *values, int status)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "client_name", values[NEW_NAME].value);
	page_text(vars, "networks_text", values[NEW_NETWORKS].value);
	credential_expiry_show(call, &(struct credential_expiry){values[NEW_EXPIRY].value, values[NEW_DAY].value});
	/* what a person's programs and apps mostly want; a new form has it ticked */
	struct form_value profile = {true, STR("- profile"), NULL};
	struct form_value email = {true, STR("- email"), is_app(place, values) ? &profile : NULL};
	struct form_value openid = {true, STR("- openid"), &email};
	bool usual = !call->web->is_post && (!place->admin || is_app(place, values));
	const struct credential_scopes scopes = {.ticked = usual ? &openid : &values[NEW_SCOPE]};
	TRY(credential_scopes_show(call, place, &scopes));
	if (is_app(place, values) && call->web->is_post)
		credential_app_show_form(call, &values[NEW_APP]);
	else if (is_app(place, values))
		credential_app_show(call, &(struct client){0});
	return web_show(call, status, "credential_new");
}

static bool has_secret(const struct credential_place *place, const struct form_value *values)
{
	return !is_app(place, values) || !str_eq(values[NEW_APP + CREDENTIAL_APP_AUTH].value, STR("none"));
}

static int put_app(struct call *call, const struct form_value *values, struct web_op *op)
{
	json_str(&op->args, "kind", STR("app"));
	return credential_app_put(call, &values[NEW_APP], &op->args);
}

/* E_SYNTAX, E_INVALID_SCOPE and what web_op_is_refusal says: the page has `error`. */
static int make(struct call *call, const struct credential_place *place, const struct form_value *values,
		struct web_op *op)
{
	int64_t expires_s;
	struct page_vars *vars = call->web->vars;
	const struct credential_expiry expiry = {values[NEW_EXPIRY].value, values[NEW_DAY].value};
	if (values[NEW_NAME].value.len == 0) {
		page_text(vars, "error", STR("Give it a name, so that you know later what uses it."));
		return E_SYNTAX;
	}
	TRY(credential_expiry_read(call, &expiry, &expires_s));
	web_op_begin(op, "client.create");
	json_str(&op->args, "client_name", values[NEW_NAME].value);
	if (!place->admin)
		json_str(&op->args, "account", call->web->account.id);
	if (has_secret(place, values))
		json_int(&op->args, "client_secret_expires_at", expires_s);
	if (is_app(place, values))
		TRY(put_app(call, values, op));
	credential_networks_put(&op->args, values[NEW_NETWORKS].value);
	TRY(credential_scopes_put(call, place, &(struct credential_scopes){.ticked = &values[NEW_SCOPE]}, &op->args));
	int rc = web_op_run(call, op);
	if (rc < 0)
		page_text(vars, "error", str_of(op->why));
	return rc;
}

int credential_step_new(struct call *call)
{
	struct credential_place place;
	struct form_value values[NEW_FIELDS];
	_cleanup_(web_op_done) struct web_op op = {0};
	TRY(credential_place(call, &place));
	TRY(web_form(call, &table, values));
	if (!call->web->is_post)
		return show(call, &place, values, 200);
	int rc = make(call, &place, values, &op);
	if (rc == 0 && !has_secret(&place, values))
		return credential_go(call, &place, web_op_text(call, &op, "client_id"));
	if (rc == 0)
		return credential_secret_put(call, &place, &op);
	return web_op_is_refusal(rc) ? show(call, &place, values, 400) : rc;
}
