/*
 * The list of credentials: a page of them, newest first, each with what it was used for in the last 30 days; see
 * credential.h. Each row is read into memory of its own, so that a page of clients with many secrets stays cheap.
 */
#include "web/credential.h"
#include "web/say.h"

enum { PAGE = 20, DAYS = 30, DAY_S = 86400, ROW_MAX = 1 << 20 };

/* What a list shows of all secrets of a client together. */
struct sum {
	const struct client_secret *newest; /* that lives; NULL: none */
	int64_t expires_s, last_used_s, use_count;
	struct str last_used_addr;
	unsigned n_live;
	bool forever;
};

static struct sum add_up(const struct client *client, int64_t now_s)
{
	struct sum sum = {0};
	for (size_t i = 0; i < client->n_secrets; i++) {
		const struct client_secret *secret = &client->secrets[i];
		sum.use_count += secret->use_count;
		if (secret->last_used_s > sum.last_used_s) {
			sum.last_used_s = secret->last_used_s;
			sum.last_used_addr = secret->last_used_addr;
		}
		if (!model_secret_is_live(secret, now_s)) {
			if (sum.n_live == 0 && secret->revoked_s == 0 && secret->expires_s > sum.expires_s)
				sum.expires_s = secret->expires_s; /* when it was over, if nothing lives */
			continue;
		}
		if (sum.n_live++ == 0)
			sum.expires_s = 0;
		sum.newest = secret; /* oldest first */
		sum.forever |= secret->expires_s == 0;
		sum.expires_s = secret->expires_s > sum.expires_s ? secret->expires_s : sum.expires_s;
	}
	if (sum.forever)
		sum.expires_s = 0;
	return sum;
}

/* Borrowed text into the page's memory. */
static void keep(struct page_vars *row, const char *name, struct str text)
{
	if (text.len > 0)
		page_printf(row, name, "%.*s", STR_ARG(text));
}

static int show_use(struct call *call, const struct client *client, struct page_vars *row, struct arena *arena)
{
	int64_t today = call_now_s(call) / DAY_S, values[DAYS] = {0}, sum = 0;
	struct use_day *days;
	struct str path;
	size_t n;
	TRY(store_use_history(call->env->store, client->id, today - DAYS + 1, arena, &days, &n));
	for (size_t i = 0; i < n; i++) {
		if (days[i].day > today || days[i].day <= today - DAYS)
			continue;
		values[days[i].day - (today - DAYS + 1)] = days[i].count;
		sum += days[i].count;
	}
	TRY(say_bars(&call->arena, &(struct say_bars){values, DAYS, 120, 24, 0, 0, 0}, &path));
	page_text(row, "spark", path);
	page_number(row, "uses", sum);
	return 0;
}

static void show_scopes(const struct client *client, struct page_vars *row)
{
	enum { SHOWN = 4 };
	for (size_t i = 0; i < client->n_grants && i < SHOWN; i++)
		keep(page_row(row, "scopes"), "scope", client->grants[i].scope);
	if (client->n_grants > SHOWN)
		page_number(row, "more_scopes", (int64_t)(client->n_grants - SHOWN));
}

static int read_row(struct call *call, struct str id, struct arena *arena)
{
	struct client client;
	int64_t now_s = call_now_s(call);
	int rc = store_client_get(call->env->store, id, arena, &client);
	if (rc == E_ABSENT)
		return 0;
	TRY(rc);
	struct page_vars *row = page_row(call->web->vars, "clients");
	struct sum sum = add_up(&client, now_s);
	page_text(row, "id", id);
	keep(row, "client_name", client.name);
	keep(row, "account_id", client.account_id);
	page_flag(row, "disabled", client.disabled);
	page_flag(row, "app", client.kind == CLIENT_APP);
	page_flag(row, "rotating", sum.n_live > 1);
	page_flag(row, "dead", !sum.newest && client.kind != CLIENT_APP);
	if (sum.newest)
		keep(row, "hint", sum.newest->hint);
	page_flag(row, "never_expires", sum.newest && sum.forever);
	say_day(row, "created", client.created_s);
	say_day(row, "expires", sum.expires_s);
	say_ago(row, "expires_in", sum.expires_s, now_s);
	say_ago(row, "last_used", sum.last_used_s, now_s);
	keep(row, "last_used_addr", sum.last_used_addr);
	page_number(row, "count", sum.use_count);
	show_scopes(&client, row);
	return show_use(call, &client, row, arena);
}

static int show_row(struct call *call, struct str id)
{
	struct arena arena;
	arena_init(&arena, ROW_MAX);
	int rc = read_row(call, id, &arena);
	arena_done(&arena);
	return rc;
}

enum { LIST_AFTER, LIST_FIND, LIST_FIELDS };

/* Those whose name has this part, the newest page of them. */
static int search(struct call *call, struct str part)
{
	_cleanup_(web_op_done) struct web_op op = {0};
	const struct json *items, *item;
	struct str id;
	web_op_begin(&op, "client.list");
	json_int(&op.args, "page_size", PAGE);
	json_str(&op.args, "sort", STR("-client_id_issued_at"));
	web_op_filter(&op, "client_name", "contains", part);
	TRY(web_op_run(call, &op));
	TRY(json_get_array(op.result, "items", &items));
	for (size_t i = 0; i < json_array_len(items); i++) {
		TRY(json_at_object(items, i, &item));
		TRY(json_get_str(item, "client_id", &id));
		TRY(arena_str(&call->arena, id, &id));
		TRY(show_row(call, id));
	}
	page_flag(call->web->vars, "unknown", json_array_len(items) == 0);
	if (json_array_len(items) > 0)
		page_printf(call->web->vars, "found", "%zu%s", json_array_len(items),
			    json_array_len(items) == PAGE ? " or more" : "");
	return web_show(call, 200, "credentials");
}

/* By id, or by a part of the name. For admins. */
static int find(struct call *call, const struct credential_place *place, struct str text)
{
	struct client client;
	page_text(call->web->vars, "find", text);
	int rc = credential_find(call, place, text, &client);
	if (rc == 0)
		return credential_go(call, place, client.id);
	return rc == E_NOT_FOUND ? search(call, text) : rc;
}

int credential_step_list(struct call *call)
{
	static const struct form_param params[] = {{"after", false}, {"find", false}};
	static const struct form_table table = {params, LIST_FIELDS};
	struct form_value values[LIST_FIELDS];
	struct credential_place place;
	struct client *clients;
	size_t n;
	TRY(credential_place(call, &place));
	TRY(web_form(call, &table, values));
	page_text(call->web->vars, "title", place.admin ? STR("Clients") : STR("Tokens"));
	if (values[LIST_FIND].present && place.admin)
		return find(call, &place, values[LIST_FIND].value);
	struct store_client_range range = {
		.account_id = place.admin ? STR("") : call->web->account.id,
		.range = {.after = values[LIST_AFTER].value, .limit = PAGE + 1, .order = STORE_BY_TIME,
			  .descending = true},
	};
	TRY(credential_flush_use(call));
	int rc = store_client_list(call->env->store, &range, &call->arena, &clients, &n);
	if (rc == E_ABSENT || rc == E_SYNTAX || rc == E_LIMIT)
		FAIL(call, NOT_FOUND, "no such place in the list");
	TRY(rc);
	for (size_t i = 0; i < n && i < PAGE; i++)
		TRY(show_row(call, clients[i].id));
	if (n > PAGE)
		page_text(call->web->vars, "next", clients[PAGE - 1].id);
	return web_show(call, 200, "credentials");
}
