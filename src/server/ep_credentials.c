/*
 * A person's own credentials, for programs: make one, list them, look at one, delete one. Paths and names of
 * docs/rapidata.md; exists only while compat.rapidata is on. What is done is done by the operations of admin/admin.h;
 * here is who may, and how it is told. Server process, pool threads.
 *
 * Who may: an access token of a program that a person signed in to, with the scope openid. It hands out no scope of an
 * API that it doesn't carry itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/manage_api.h"
#include "base/enc.h"
#include "http/form.h"
#include "http/request.h"
#include "json/json.h"
#include "oauth/scope.h"
#include "server/bearer.h"
#include "server/own.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

enum { PAGE_USUAL = 10, PAGE_MAX = 500, ALL_MAX = 1000, REQUEST_MAX = 16384 };

struct credentials {
	struct own_token token;
	struct str actor;
};

int ep_credentials_authorize(struct call *call)
{
	struct credentials *own = arena_alloc(&call->arena, sizeof(*own));
	struct str text;
	const char *why = "";
	if (!own)
		return E_NOMEM;
	TRY(call_to_store_lane(call));
	TRY(bearer_read(call, &text));
	int rc = own_check(call, text, &own->token, &why);
	if (rc == E_INVALID_TOKEN)
		return bearer_refuse(call, why);
	TRY(rc);
	call->client = own->token.client;
	if (call->client->client.kind != CLIENT_APP || own->token.account.id.len == 0 ||
	    !str_list_has(own->token.scopes, STR("openid")))
		FAIL(call, FORBIDDEN, "not the token of a program that somebody signed in to, with openid");
	TRY(arena_printf(&call->arena, &own->actor, "account:%.*s", STR_ARG(own->token.account.id)));
	task_of(call)->own = own;
	return 0;
}

static int run(struct call *call, const struct buf *request, struct buf *out)
{
	struct task *task = task_of(call);
	struct server *server = task->worker->server;
	const struct credentials *own = task->own;
	struct admin_failure failure;
	struct admin admin = {
		.store = call->env->store,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.actor = own->actor,
		.peer = call->peer_addr,
		.scopes = &own->token.scopes,
		.own = true,
		.policy = admin_policy_of(task->snapshot->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.flush_use = server_flush_use,
		.arg = server,
	};
	TRY(buf_status(request));
	int rc = admin_run(&admin, buf_str(request), out, &failure);
	if (rc < 0) {
		(void)!task_explain(task, rc, "%s", failure.why);
		return call_fail(call, rc, "%s", failure.why);
	}
	return 0;
}

/* --- POST /client --- */

/* displayName of the body; a body is not needed. */
static int read_name(struct call *call, struct str *ret_name)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str type, name = {0};
	if (call->request->body.len == 0)
		return 0;
	if (http_header_one(call->request, STR("Content-Type"), &type) < 0 || !reply_is_json(type))
		return E_UNSUPPORTED_MEDIA_TYPE;
	TRY(json_parse_object(call->request->body, &doc));
	if (!json_has_value(doc, "displayName"))
		return 0;
	if (json_get_str(doc, "displayName", &name) < 0 || name.len == 0)
		return task_explain(task_of(call), E_INVALID_REQUEST, "displayName is no text, or empty.");
	return arena_str(&call->arena, name, ret_name);
}

/* The caller's scopes of an API, behind those that say who the person is. */
static int put_scopes(struct call *call, const struct credentials *own, bool for_api, struct json_out *out)
{
	_cleanup_(buf_done) struct buf scope;
	buf_init(&scope, REQUEST_MAX);
	buf_put(&scope, STR("openid profile email roles offline_access"));
	for (size_t i = 0; for_api && i < own->token.scopes.n; i++) {
		struct str name = own->token.scopes.v[i];
		if (!scope_is_identity(name) && !str_has_prefix(name, STR(MANAGE_API_PREFIX)))
			buf_printf(&scope, " %.*s", STR_ARG(name));
	}
	TRY(buf_status(&scope));
	struct str text;
	TRY(arena_str(&call->arena, buf_str(&scope), &text));
	json_str(out, "scope", text);
	return 0;
}

/* What the new one may ask for. */
static int put_grants(struct call *call, const struct credentials *own, struct json_out *out)
{
	struct api api;
	int rc = store_api_get(call->env->store, own->token.audience, true, &call->arena, &api);
	if (rc < 0 && rc != E_ABSENT) /* absent: the token is for ourselves */
		return rc;
	TRY(put_scopes(call, own, rc == 0, out));
	if (rc == E_ABSENT)
		return 0;
	json_open(out, "audiences", '[');
	json_str(out, NULL, api.audience);
	json_close(out, ']');
	json_str(out, "default_audience", api.audience);
	return 0;
}

static int answer_made(struct call *call, struct str text)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct task *task = task_of(call);
	struct str id, secret;
	struct json_out out;
	TRY(json_parse_object(text, &doc));
	TRY(json_get_str(doc, "client_id", &id));
	TRY(json_get_str(doc, "client_secret", &secret));
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "clientId", id);
	json_str(&out, "clientSecret", secret);
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}

int ep_credentials_create(struct call *call)
{
	_cleanup_(buf_done) struct buf request, result;
	const struct credentials *own = task_of(call)->own;
	struct str name = STR("API client");
	struct json_out out;
	buf_init(&request, REQUEST_MAX);
	buf_init(&result, REQUEST_MAX);
	TRY(read_name(call, &name));
	json_out_init(&out, &request);
	json_open(&out, NULL, '{');
	json_str(&out, "op", STR("client.create"));
	json_open(&out, "args", '{');
	json_str(&out, "client_name", name);
	json_str(&out, "account", own->token.account.id);
	TRY(put_grants(call, own, &out));
	json_close(&out, '}');
	json_close(&out, '}');
	TRY(run(call, &request, &result));
	return answer_made(call, buf_str(&result));
}

/* --- one of them --- */

/* E_NOT_FOUND: there is none of this id that is the person's own. */
static int find(struct call *call, struct client *ret_client)
{
	const struct credentials *own = task_of(call)->own;
	struct str path = call->request->path;
	size_t start = path.len;
	while (start > 0 && path.p[start - 1] != '/')
		start--;
	struct str id = {path.p + start, path.len - start};
	int rc = store_client_get(call->env->store, id, &call->arena, ret_client);
	if (rc == E_STORE || rc == E_NOMEM)
		return rc;
	if (rc < 0 || ret_client->kind != CLIENT_ACCOUNT || !str_eq(ret_client->account_id, own->token.account.id))
		FAIL(call, NOT_FOUND, "no such credential of this account");
	return 0;
}

enum { FIELD_ID, FIELD_NAME, FIELD_CREATED, FIELDS };

/* A credential as it is shown: all of it text, so that all of it can be compared. */
struct item {
	struct str field[FIELDS];
};

static const char *const field_names[FIELDS] = {"clientId", "displayName", "createdAt"};

static int item_of(struct call *call, const struct client *client, struct item *ret_item)
{
	char mem[32];
	struct buf time;
	buf_init_fixed(&time, mem, sizeof(mem));
	enc_time(&time, client->created_s);
	ret_item->field[FIELD_ID] = client->id;
	ret_item->field[FIELD_NAME] = client->name;
	return arena_str(&call->arena, buf_str(&time), &ret_item->field[FIELD_CREATED]);
}

static void put_item(struct json_out *out, const struct item *item)
{
	json_open(out, NULL, '{');
	for (size_t i = 0; i < FIELDS; i++)
		json_str(out, field_names[i], item->field[i]);
	json_close(out, '}');
}

static int get(struct call *call, const struct client *client)
{
	struct task *task = task_of(call);
	struct item item;
	struct json_out out;
	TRY(item_of(call, client, &item));
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	put_item(&out, &item);
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}

static int drop(struct call *call, const struct client *client)
{
	_cleanup_(buf_done) struct buf request, result;
	struct json_out out;
	buf_init(&request, REQUEST_MAX);
	buf_init(&result, REQUEST_MAX);
	json_out_init(&out, &request);
	json_open(&out, NULL, '{');
	json_str(&out, "op", STR("client.delete"));
	json_open(&out, "args", '{');
	json_str(&out, "client_id", client->id);
	json_close(&out, '}');
	json_close(&out, '}');
	TRY(run(call, &request, &result));
	reply_result(task_of(call), 204, (struct str){0});
	return 0;
}

int ep_credentials_one(struct call *call)
{
	struct client client;
	struct str method = call->request->method;
	bool drops = str_eq(method, STR("DELETE"));
	if (!drops && !str_eq(method, STR("GET")) && !str_eq(method, STR("HEAD"))) {
		buf_put(&task_of(call)->allow, STR("GET, HEAD, DELETE"));
		return E_METHOD_NOT_ALLOWED;
	}
	TRY(find(call, &client));
	return drops ? drop(call, &client) : get(call, &client);
}

/* --- GET /clients --- */

enum operator { EQ, NE, GT, GTE, LT, LTE, CONTAINS, PREFIX, OPERATORS };
enum { QUERY_PAGE, QUERY_SIZE, QUERY_SORT, QUERY_FILTERS, QUERIES = QUERY_FILTERS + FIELDS * OPERATORS };

#define FILTERS(field) \
	{field "[eq]", false}, {field "[ne]", false}, {field "[gt]", false}, {field "[gte]", false}, \
	{field "[lt]", false}, {field "[lte]", false}, {field "[contains]", false}, {field "[prefix]", false}

static const struct form_param params[QUERIES] = {
	{"page", false}, {"page_size", false}, {"sort", false},
	FILTERS("clientId"), FILTERS("displayName"), FILTERS("createdAt"),
};

static bool holds(enum operator op, struct str is, struct str wanted)
{
	int order = str_cmp(is, wanted);
	const bool outcomes[] = {
		[EQ] = order == 0, [NE] = order != 0, [GT] = order > 0, [GTE] = order >= 0, [LT] = order < 0,
		[LTE] = order <= 0,
		[CONTAINS] = memmem(is.p, is.len, wanted.p, wanted.len) != NULL,
		[PREFIX] = str_has_prefix(is, wanted),
	};
	return outcomes[op];
}

static bool fits(const struct item *item, const struct form_value *values)
{
	for (size_t i = 0; i < FIELDS * OPERATORS; i++)
		if (values[QUERY_FILTERS + i].present &&
		    !holds((enum operator)(i % OPERATORS), item->field[i / OPERATORS], values[QUERY_FILTERS + i].value))
			return false;
	return true;
}

struct order {
	size_t field;
	bool descending;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	int way = str_cmp(((const struct item *)a)->field[order->field], ((const struct item *)b)->field[order->field]);
	return order->descending ? -way : way;
}

static int read_order(struct call *call, const struct form_value *value, struct order *ret_order)
{
	struct str name = value->value;
	*ret_order = (struct order){FIELD_CREATED, true}; /* the newest first */
	if (!value->present)
		return 0;
	ret_order->descending = name.p[0] == '-';
	if (name.p[0] == '-')
		name = (struct str){name.p + 1, name.len - 1};
	for (ret_order->field = 0; ret_order->field < FIELDS; ret_order->field++)
		if (str_eq(name, str_of(field_names[ret_order->field])))
			return 0;
	return task_explain(task_of(call), E_INVALID_REQUEST, "sort names no field.");
}

static int read_number(struct call *call, const struct form_value *value, uint64_t max, uint64_t *number)
{
	if (!value->present)
		return 0;
	if (str_to_u64(value->value, max, number) < 0 || *number == 0)
		return task_explain(task_of(call), E_INVALID_REQUEST, "page or page_size is no number, or too large.");
	return 0;
}

struct sheet {
	struct item *items;
	size_t n;
	uint64_t page, size;
	struct order order;
};

/* All of the account that fit; nobody has more than some. */
static int collect(struct call *call, const struct form_value *values, struct sheet *sheet)
{
	const struct credentials *own = task_of(call)->own;
	const struct store_client_range range = {own->token.account.id, {.limit = ALL_MAX}};
	struct client *clients;
	size_t n;
	TRY(store_client_list(call->env->store, &range, &call->arena, &clients, &n));
	sheet->items = arena_array(&call->arena, n + 1, sizeof(*sheet->items));
	if (!sheet->items)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		TRY(item_of(call, &clients[i], &sheet->items[sheet->n]));
		sheet->n += fits(&sheet->items[sheet->n], values);
	}
	if (sheet->n > 1)
		qsort_r(sheet->items, sheet->n, sizeof(*sheet->items), compare, &sheet->order);
	return 0;
}

int ep_credentials_list(struct call *call)
{
	static const struct form_table table = {params, QUERIES};
	struct form_value values[QUERIES];
	struct sheet sheet = {.page = 1, .size = PAGE_USUAL};
	struct task *task = task_of(call);
	struct json_out out;
	TRY(form_parse(call->request->query, &table, &call->arena, values));
	TRY(read_number(call, &values[QUERY_PAGE], 1000000, &sheet.page));
	TRY(read_number(call, &values[QUERY_SIZE], PAGE_MAX, &sheet.size));
	TRY(read_order(call, &values[QUERY_SORT], &sheet.order));
	TRY(collect(call, values, &sheet));
	buf_reset(&task->body);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_int(&out, "total", (int64_t)sheet.n);
	json_int(&out, "page", (int64_t)sheet.page);
	json_int(&out, "pageSize", (int64_t)sheet.size);
	json_open(&out, "items", '[');
	for (size_t i = (sheet.page - 1) * sheet.size; i < sheet.n && i < sheet.page * sheet.size; i++)
		put_item(&out, &sheet.items[i]);
	json_close(&out, ']');
	json_int(&out, "totalPages", (int64_t)((sheet.n + sheet.size - 1) / sheet.size));
	json_close(&out, '}');
	TRY(buf_status(&task->body));
	reply_result(task, 200, (struct str){0});
	return 0;
}
