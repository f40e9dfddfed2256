/*
 * See device_page.h. RFC 8628 3.3, 3.3.1, 5.1, 5.4. Guesses of user codes are counted by account and address. Nothing
 * is decided by GET; every POST has passed sign-in and CSRF check. Server process, pool threads.
 */
#include "web/device_page.h"

#include "base/enc.h"
#include "oauth/authorize.h"
#include "oauth/choice.h"
#include "oauth/device.h"
#include "oauth/scope.h"
#include "oauth/throttle.h"
#include "store/store.h"
#include "web/scope_words.h"
#include "web/web.h"

enum field { FIELD_USER_CODE, FIELD_DECISION, FIELDS };
enum bridge_field { BRIDGE_CLIENT, BRIDGE_SCOPE, BRIDGE_KEY, BRIDGE_DECISION, BRIDGE_FIELDS };

/* A request somebody looks at. */
struct waiting {
	struct device device;
	struct str scope;        /* what would be allowed */
	const struct api *api;   /* whose scopes those are; NULL: ourselves */
	struct str user_code;    /* as it is shown; empty: a bridge */
	const char *action;      /* the form's path */
	const struct form_param *fields; /* what the form sends again */
	const struct form_value *values;
	size_t n_fields;
};

static int show_form(struct call *call, bool wrong)
{
	page_flag(call->web->vars, "wrong", wrong);
	return web_show(call, wrong ? 400 : 200, "device");
}

static int put_scopes(struct call *call, const struct waiting *waiting)
{
	struct str_list scopes;
	TRY(scope_parse(waiting->scope, &call->arena, &scopes));
	for (size_t i = 0; i < scopes.n; i++) {
		struct page_vars *row = page_row(call->web->vars, "scopes");
		page_text(row, "scope", scopes.v[i]);
		page_text(row, "description", scope_words(waiting->api, scopes.v[i]));
	}
	return 0;
}

static void put_fields(struct page_vars *vars, const struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->n_fields; i++) {
		struct page_vars *row = page_row(vars, "fields");
		page_text(row, "field", str_of(waiting->fields[i].name));
		page_text(row, "value", waiting->values[i].value);
	}
}

static int put_time(struct call *call, int64_t time_s)
{
	char mem[32];
	struct buf buf;
	struct str text;
	buf_init_fixed(&buf, mem, sizeof(mem));
	enc_time(&buf, time_s);
	TRY(arena_str(&call->arena, buf_str(&buf), &text));
	page_text(call->web->vars, "asked", text);
	return 0;
}

/* RFC 8628 3.3.1, 5.4: the code itself, who asks, from where, since when; and what to do when it wasn't oneself. */
static int show_request(struct call *call, const struct waiting *waiting)
{
	struct page_vars *vars = call->web->vars;
	bool is_here = str_eq(waiting->device.addr, call->peer_addr);
	page_text(vars, "program", call->client->client.name);
	page_text(vars, "client_id", call->client->client.id);
	page_text(vars, "email", call->web->account.email);
	page_text(vars, "user_code", waiting->user_code);
	page_text(vars, "addr", waiting->device.addr);
	page_text(vars, "agent", waiting->device.agent);
	page_flag(vars, "bridge", waiting->device.kind == DEVICE_BRIDGE);
	page_flag(vars, "is_here", is_here);
	page_flag(vars, "elsewhere", !is_here);
	page_text(vars, "action", str_of(waiting->action));
	put_fields(vars, waiting);
	TRY(put_time(call, waiting->device.created_s));
	TRY(put_scopes(call, waiting));
	return web_show(call, 200, "device_confirm");
}

static int gone(struct call *call)
{
	return web_fail_page(call, E_CONFLICT,
			     "This request was decided before, or it is expired. Begin anew in the program.");
}

/* As on the consent page: what is allowed now is allowed beside what was allowed before. */
static int remember(struct call *call, const struct waiting *waiting)
{
	struct authorize request = {.max_age_s = -1};
	call->api = waiting->api;
	call->scope = waiting->scope;
	TRY(scope_parse(waiting->scope, &call->arena, &request.scopes));
	return authorize_remember(call, &request, call->web->account.id);
}

static int decide(struct call *call, const struct waiting *waiting, bool approve)
{
	const struct web *web = call->web;
	const struct session *session = &web->session;
	struct str actor;
	const struct device decision = {
		.state = approve ? DEVICE_APPROVED : DEVICE_DENIED,
		.account_id = web->account.id,
		.session_id = session->id,
		.scope = waiting->scope,
		.methods = session->methods,
		.auth_s = session->auth_s,
	};
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(web->account.id)));
	const struct audit_note note = {call_now_s(call), actor, approve ? STR("device.approve") : STR("device.deny"),
					call->client->client.id, waiting->device.addr};
	if (approve)
		TRY(remember(call, waiting));
	int rc = store_device_decide(call->env->store, waiting->device.user_code, &decision, call_now_s(call), &note);
	if (rc == E_CONFLICT || rc == E_ABSENT)
		return gone(call);
	TRY(rc);
	page_text(web->vars, "program", call->client->client.name);
	page_flag(web->vars, approve ? "approved" : "denied", true);
	return web_show(call, 200, "device_done");
}

/* By POST only: a link decides nothing. */
static int go_on(struct call *call, const struct waiting *waiting, const struct form_value *decision)
{
	if (call->web->is_post && decision->present && str_eq(decision->value, STR("approve")))
		return decide(call, waiting, true);
	if (call->web->is_post && decision->present && str_eq(decision->value, STR("deny")))
		return decide(call, waiting, false);
	return show_request(call, waiting);
}

static bool is_waiting(const struct call *call, const struct device *device, enum device_kind kind)
{
	return device->kind == kind && device->state == DEVICE_PENDING && call_now_s(call) < device->expires_s;
}

/* The client as it is now. E_ABSENT: gone, disabled, or without the grant. */
static int load_client(struct call *call, struct str id)
{
	if (!call->client)
		TRY(directory_client(call->env->directory, id, true, &call->client));
	const struct client *client = &call->client->client;
	bool may = client->kind == CLIENT_APP && (client->app.grant_types & CLIENT_GRANT_DEVICE);
	return client->disabled || !may ? E_ABSENT : 0;
}

/* --- a user code --- */

/* RFC 8628 5.1: a code is short because guessing is slow. */
static int find(struct call *call, struct str typed, struct waiting *waiting)
{
	char code[USER_CODE_LEN + 1], shown[USER_CODE_SHOWN_LEN + 1];
	const struct str account_id = call->web->account.id;
	int64_t now_s = call_now_s(call);
	TRY(throttle_check(call->env->guesses, account_id, call->peer_addr, now_s, &call->retry_after_s));
	int rc = user_code_parse(typed, code);
	if (rc == 0)
		rc = store_device_peek(call->env->store, NULL, str_of(code), &call->arena, &waiting->device);
	if (rc == 0 && !is_waiting(call, &waiting->device, DEVICE_CODE))
		rc = E_ABSENT;
	if (rc == 0)
		rc = load_client(call, waiting->device.client_id);
	if (rc == E_ABSENT || rc == E_SYNTAX) {
		(void)throttle_fail(call->env->guesses, account_id, call->peer_addr, now_s);
		return E_ABSENT;
	}
	TRY(rc);
	user_code_show(code, shown);
	return arena_str(&call->arena, str_of(shown), &waiting->user_code);
}

static const struct form_param params[FIELDS] = {
	[FIELD_USER_CODE] = {"user_code", false},
	[FIELD_DECISION] = {"decision", false},
};

int device_page_step(struct call *call)
{
	static const struct form_table table = {params, FIELDS};
	struct form_value values[FIELDS];
	struct waiting waiting = {.action = "/device", .fields = params, .values = values, .n_fields = 1};
	TRY(web_form(call, &table, values));
	if (!values[FIELD_USER_CODE].present)
		return show_form(call, false);
	int rc = find(call, values[FIELD_USER_CODE].value, &waiting);
	if (rc == E_ABSENT)
		return show_form(call, true);
	TRY(rc);
	waiting.scope = waiting.device.scope;
	if (waiting.device.api_id.len > 0)
		waiting.api = choice_api(call->client, waiting.device.api_id);
	return go_on(call, &waiting, &values[FIELD_DECISION]);
}

/* --- a bridge --- */

static const struct form_param bridge_params[BRIDGE_FIELDS] = {
	[BRIDGE_CLIENT] = {"clientId", false},
	[BRIDGE_SCOPE] = {"scope", false},
	[BRIDGE_KEY] = {"writeKey", false},
	[BRIDGE_DECISION] = {"decision", false},
};

/* The request is the one that its write key names, and is of this very client. */
static int find_bridge(struct call *call, const struct form_value *values, struct waiting *waiting)
{
	char hex[DEVICE_KEY_LEN + 1];
	TRY(device_write_key(values[BRIDGE_KEY].value, hex));
	TRY(store_device_peek(call->env->store, NULL, str_of(hex), &call->arena, &waiting->device));
	if (!is_waiting(call, &waiting->device, DEVICE_BRIDGE) ||
	    !str_eq(waiting->device.client_id, values[BRIDGE_CLIENT].value))
		return E_ABSENT;
	return load_client(call, waiting->device.client_id);
}

static int choose(struct call *call, const struct form_value *scope, struct waiting *waiting)
{
	struct str_list scopes;
	call->params[PARAM_SCOPE].present = scope->present;
	call->params[PARAM_SCOPE].value = scope->value;
	TRY(choice_scopes(call, &scopes));
	if (scopes.n == 0)
		return E_INVALID_SCOPE;
	TRY(scope_join(scopes, &call->arena, &waiting->scope));
	waiting->api = call->api;
	return waiting->scope.len > MODEL_SCOPE_TEXT_MAX ? E_INVALID_SCOPE : 0;
}

int device_page_bridge_step(struct call *call)
{
	static const struct form_table table = {bridge_params, BRIDGE_FIELDS};
	struct form_value values[BRIDGE_FIELDS];
	struct waiting waiting = {.action = "/connect/authorize/external", .fields = bridge_params, .values = values,
				  .n_fields = BRIDGE_DECISION};
	TRY(web_form(call, &table, values));
	int rc = find_bridge(call, values, &waiting);
	if (rc == E_ABSENT || rc == E_SYNTAX)
		return gone(call);
	TRY(rc);
	rc = choose(call, &values[BRIDGE_SCOPE], &waiting);
	if (rc == E_INVALID_SCOPE || rc == E_INVALID_TARGET)
		return web_fail_page(call, rc, "The program asks for what it may not have. Tell who made it.");
	TRY(rc);
	return go_on(call, &waiting, &values[BRIDGE_DECISION]);
}
