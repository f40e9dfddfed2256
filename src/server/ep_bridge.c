/*
 * The bridge login of docs/rapidata.md: a program gets two keys, sends a browser to a page with one of them and asks
 * with the other until somebody decided. Tokens are made when they are read, so none lies anywhere. Exists only while
 * compat.rapidata is on. Server process, pool threads. Must never log a key.
 *
 * It has no client authentication and no proof that browser and program belong together, as the device grant (RFC 8628
 * 5.4); so the page says who asks, a read key is good from one address, once, for five minutes.
 */
#include "http/form.h"
#include "http/request.h"
#include "json/json.h"
#include "oauth/choice.h"
#include "oauth/device.h"
#include "oauth/person.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"


enum { QUERY_CLIENT, QUERY_KEY, QUERIES };

static const struct form_param params[QUERIES] = {
	[QUERY_CLIENT] = {"clientId", false},
	[QUERY_KEY] = {"readKey", false},
};
static const struct form_table table = {params, QUERIES};

static void wipe(struct device_made *made) { secret_wipe(made, sizeof(*made)); }

static int read_query(struct call *call, unsigned which, struct str *ret_value)
{
	struct form_value values[QUERIES];
	TRY(form_parse(call->request->query, &table, &call->arena, values));
	if (!values[which].present || values[which].value.len > MODEL_ID_MAX)
		FAIL(call, INVALID_REQUEST, "no %s", params[which].name);
	*ret_value = values[which].value;
	return 0;
}

/* The scopes that say who somebody is, and `api` of the APIs that have it. */
static int fill_grants(struct call *call, struct client *client)
{
	static const char *const identity[] = {"openid", "profile", "email", "roles", "offline_access"};
	struct api *apis;
	size_t n;
	TRY(store_api_list(call->env->store, &call->arena, &apis, &n));
	client->grants = arena_array(&call->arena, MODEL_SCOPES_MAX, sizeof(*client->grants));
	if (!client->grants)
		return E_NOMEM;
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++)
		client->grants[client->n_grants++] = (struct scope_grant){STR(""), str_of(identity[i])};
	for (size_t i = 0; i < n; i++)
		if (model_api_has_scope(&apis[i], STR("api")) && client->n_grants < MODEL_SCOPES_MAX)
			client->grants[client->n_grants++] = (struct scope_grant){apis[i].id, STR("api")};
	for (size_t i = 0; i < client->n_grants && client->default_api.len == 0; i++)
		client->default_api = client->grants[i].api_id;
	return 0;
}

/* One option is to be enough: the package's own client comes into being when it is first asked for. */
static int ensure_client(struct call *call)
{
	struct server *server = task_of(call)->worker->server;
	struct client client = {
		.id = STR(ADMIN_PACKAGE_CLIENT),
		.kind = CLIENT_APP,
		.auth = CLIENT_AUTH_NONE,
		.name = STR("Rapidata Python SDK"),
		.created_s = call_now_s(call),
		.app = {.grant_types = CLIENT_GRANT_DEVICE | CLIENT_GRANT_REFRESH, .native = true},
	};
	const struct audit_note note = {call_now_s(call), STR("system"), STR("client.create"), client.id, client.name};
	TRY(fill_grants(call, &client));
	int rc = store_client_put(call->env->store, &client, &note);
	if (rc < 0 && rc != E_EXISTS)
		return rc;
	pthread_mutex_lock(&server->keys_lock);
	server_changed(server, ADMIN_CHANGE_CLIENT, client.id);
	pthread_mutex_unlock(&server->keys_lock);
	return directory_client(call->env->directory, client.id, true, &call->client);
}

/* Public apps with the device grant: nobody proves here which client he is, so none that could may pose as it. */
static int load_client(struct call *call, struct str id)
{
	if (!call->client) {
		int rc = directory_client(call->env->directory, id, call->may_block, &call->client);
		if (rc == E_ABSENT && str_eq(id, STR(ADMIN_PACKAGE_CLIENT)))
			rc = ensure_client(call);
		if (rc == E_ABSENT)
			FAIL(call, UNAUTHORIZED_CLIENT, "no such client");
		TRY(rc);
	}
	const struct client *client = &call->client->client;
	if (client->disabled || client->auth != CLIENT_AUTH_NONE ||
	    (client->expires_s != 0 && call_now_s(call) >= client->expires_s))
		FAIL(call, UNAUTHORIZED_CLIENT, "the client is disabled, expired, or not public");
	return device_check_client(call);
}

static int answer_keys(struct call *call, const struct device_made *made)
{
	struct task *task = task_of(call);
	struct json_out out;
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "readKey", str_of(made->code));
	json_str(&out, "writeKey", str_of(made->write_key));
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}

/* POST /identity/bridge-token?clientId= */
static int make(struct call *call)
{
	_cleanup_(wipe) struct device_made made = {0};
	struct str id = {0}, agent = {0};
	TRY(read_query(call, QUERY_CLIENT, &id));
	TRY(load_client(call, id));
	TRY(call_count_stranger(call, STR("bridge")));
	if (http_header_one(call->request, STR("User-Agent"), &agent) < 0)
		agent = (struct str){0};
	TRY(device_make(call, DEVICE_BRIDGE, STR(""), agent, &made));
	TRY(answer_keys(call, &made));
	call->answer.status = 200; /* the rest of the row is the reader's */
	return 0;
}

/* --- GET /identity/bridge-token?readKey= --- */

static int find(struct call *call, struct device *ret_device)
{
	struct str key;
	TRY(read_query(call, QUERY_KEY, &key));
	int rc = id_bearer_parse(BEARER_DEVICE, key, call->person->sha256);
	if (rc == E_SYNTAX)
		FAIL(call, INVALID_GRANT, "this is no read key of ours");
	TRY(rc);
	rc = store_device_peek(call->env->store, call->person->sha256, STR(""), &call->arena, ret_device);
	if (rc == E_ABSENT || (rc == 0 && ret_device->kind != DEVICE_BRIDGE))
		FAIL(call, INVALID_GRANT, "unknown read key");
	TRY(rc);
	if (task_of(call)->snapshot->config->compat.bind_address && !str_eq(ret_device->addr, call->peer_addr))
		FAIL(call, INVALID_GRANT, "a read key from another address");
	return load_client(call, ret_device->client_id);
}

/* Somebody said yes: what was allowed says which API is meant. */
static int begin(struct call *call, const struct device *device)
{
	struct str_list scopes;
	call->params[PARAM_SCOPE].present = true;
	call->params[PARAM_SCOPE].value = device->scope;
	TRY(choice_scopes(call, &scopes));
	const struct person_source source = {
		.account_id = device->account_id,
		.session_id = device->session_id,
		.scope = device->scope,
		.api_id = call->api ? call->api->id : STR(""),
		.methods = device->methods,
		.auth_s = device->auth_s,
	};
	return person_begin(call, &source);
}

static int read(struct call *call)
{
	struct device device;
	TRY(person_new(call));
	TRY(find(call, &device));
	int rc = device_poll(call, &device);
	if (rc == E_AUTHORIZATION_PENDING) {
		buf_reset(&task_of(call)->body);
		buf_put(&task_of(call)->body, STR("{}"));
		reply_result(task_of(call), 202, (struct str){0});
		call->answer.status = 202;
		return 0;
	}
	TRY(rc);
	return begin(call, &device);
}

int ep_bridge_begin(struct call *call)
{
	TRY(call_to_store_lane(call));
	return str_eq(call->request->method, STR("POST")) ? make(call) : read(call);
}

int ep_bridge_commit(struct call *call)
{
	struct issue issue;
	const struct family *family = &call->person->family;
	TRY(person_issue(call, &issue));
	const struct audit_note why = {call_now_s(call), person_actor(call), STR("bridge.redeem"), family->account_id,
				       person_detail(family->scope)};
	return person_settle(call, store_device_redeem(call->env->store, call->person->sha256, &issue, &why));
}

int ep_bridge_reply(struct call *call)
{
	struct task *task = task_of(call);
	const struct person *person = call->person;
	struct json_out out;
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "accessToken", buf_str(&call->token));
	json_int(&out, "expiresIn", call->lifetime_s);
	if (person->refresh_text[0])
		json_str(&out, "refreshToken", str_of(person->refresh_text));
	if (person->id_token.len > 0)
		json_str(&out, "idToken", buf_str(&person->id_token));
	json_str(&out, "tokenType", STR("Bearer"));
	json_str(&out, "scope", call->scope);
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}
