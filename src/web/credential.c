/* Finding credentials, and changing their name, scopes and networks; see credential.h. */
#include "web/credential.h"

#include "http/request.h"
#include "web/admin_list.h"

int credential_place(struct call *call, struct credential_place *ret_place)
{
	struct web *web = call->web;
	struct str path = call->request->path;
	path = str_mem(path.p + web->base.len, path.len - web->base.len);
	bool admin = str_has_prefix(path, STR("/admin/"));
	if (admin && !web->is_admin) /* the route's steps have said so already */
		FAIL(call, NOT_FOUND, "not an admin");
	*ret_place = (struct credential_place){admin, admin ? STR("/admin/clients") : STR("/tokens")};
	page_text(web->vars, "root", ret_place->root);
	if (admin)
		admin_list_frame(call);
	page_flag(web->vars, "at_tokens", !admin);
	page_flag(web->vars, "admin_place", admin);
	return 0;
}

int credential_flush_use(struct call *call) { return call->env->flush_use ? call->env->flush_use(call) : 0; }

int credential_find(struct call *call, const struct credential_place *place, struct str id, struct client *ret_client)
{
	if (id.len == 0 || id.len > MODEL_ID_MAX)
		FAIL(call, NOT_FOUND, "no such id");
	struct client client;
	TRY(credential_flush_use(call));
	int rc = store_client_get(call->env->store, id, &call->arena, &client);
	if (rc == E_ABSENT || rc == E_SYNTAX || rc == E_LIMIT)
		FAIL(call, NOT_FOUND, "no such client");
	TRY(rc);
	/* ATTACKS 47: what is another's looks as if it were not there. */
	if (!place->admin &&
	    (client.kind != CLIENT_ACCOUNT || !str_eq(client.account_id, call->web->account.id)))
		FAIL(call, NOT_FOUND, "another's client");
	*ret_client = client;
	return 0;
}

int credential_go(struct call *call, const struct credential_place *place, struct str id)
{
	struct str path;
	TRY(arena_printf(&call->arena, &path, "%.*s/show?id=%.*s", STR_ARG(place->root), STR_ARG(id)));
	return web_redirect(call, path);
}

enum { EDIT_ID, EDIT_NAME, EDIT_SCOPE, EDIT_NETWORKS, EDIT_RELEASE, EDIT_APP,
       EDIT_FIELDS = EDIT_APP + CREDENTIAL_APP_FIELDS };
static const struct form_param edit_params[] = {
	{"id", false}, {"name", false}, {"scope", true}, {"networks", false}, {"release", false}, CREDENTIAL_APP_PARAMS,
};
static const struct form_table edit_table = {edit_params, EDIT_FIELDS};

static int show_edit(struct call *call, const struct credential_place *place, const struct client *client,
		     const struct form_value *values, const struct credential_scopes *scopes)
{
	struct page_vars *vars = call->web->vars;
	bool again = call->web->is_post;
	page_text(vars, "id", client->id);
	page_flag(vars, "scopes_held", client->held & CLIENT_HELD_SCOPES);
	page_flag(vars, "networks_held", client->held & CLIENT_HELD_NETWORKS);
	page_text(vars, "client_name", again ? values[EDIT_NAME].value : client->name);
	bool fixed = !place->admin && client->held & CLIENT_HELD_NETWORKS;
	page_flag(vars, "networks_fixed", fixed);
	if (again && !fixed)
		page_text(vars, "networks_text", values[EDIT_NETWORKS].value);
	for (size_t i = 0; (!again || fixed) && i < client->networks.n; i++)
		page_text(page_row(vars, "networks"), "network", client->networks.v[i]);
	if (client->kind == CLIENT_APP && again)
		credential_app_show_form(call, &values[EDIT_APP]);
	else if (client->kind == CLIENT_APP)
		credential_app_show(call, client);
	TRY(credential_scopes_show(call, place, scopes));
	return web_show(call, again ? 400 : 200, "credential_edit");
}

/* An administrator gives back what was taken; what else is held stays so. */
static void put_release(const struct client *client, const struct form_value *values, struct json_out *out)
{
	json_open(out, "held", '[');
	if (client->held & CLIENT_HELD_NETWORKS && values[EDIT_NETWORKS].present)
		json_str(out, NULL, STR("networks"));
	json_close(out, ']');
}

/* E_SYNTAX, E_INVALID_SCOPE and what web_op_is_refusal says: the page has `error`, of which the text may be in op. */
static int change(struct call *call, const struct credential_place *place, const struct client *client,
		  const struct form_value *values, const struct credential_scopes *scopes, struct web_op *op)
{
	const struct form_value *app = &values[EDIT_APP];
	web_op_begin(op, "client.update");
	json_str(&op->args, "client_id", client->id);
	json_str(&op->args, "client_name", values[EDIT_NAME].value);
	if (place->admin || !(client->held & CLIENT_HELD_NETWORKS))
		credential_networks_put(&op->args, values[EDIT_NETWORKS].value);
	if (place->admin && values[EDIT_RELEASE].present)
		put_release(client, values, &op->args);
	TRY(credential_scopes_put(call, place, scopes, &op->args));
	if (app[CREDENTIAL_APP_TYPE].present) /* the operation refuses it for others */
		TRY(credential_app_put(call, app, &op->args));
	int rc = web_op_run(call, op);
	if (rc < 0)
		page_text(call->web->vars, "error", str_of(op->why));
	return rc;
}

int credential_step_edit(struct call *call)
{
	struct credential_place place;
	struct form_value values[EDIT_FIELDS];
	struct client client;
	struct credential_scopes scopes = {0};
	_cleanup_(web_op_done) struct web_op op = {0};
	TRY(credential_place(call, &place));
	TRY(web_form(call, &edit_table, values));
	TRY(credential_find(call, &place, values[EDIT_ID].value, &client));
	TRY(credential_scopes_given(call, &client, &scopes.given));
	scopes.default_api = client.default_api;
	scopes.held = !place.admin && client.held & CLIENT_HELD_SCOPES;
	scopes.ticked = call->web->is_post ? &values[EDIT_SCOPE] : scopes.given;
	if (!call->web->is_post)
		return show_edit(call, &place, &client, values, &scopes);
	int rc = change(call, &place, &client, values, &scopes, &op);
	if (rc == 0)
		return credential_go(call, &place, client.id);
	return web_op_is_refusal(rc) ? show_edit(call, &place, &client, values, &scopes) : rc;
}
