/* The page of one credential: its secrets with their use, its scopes, what happened to it; see credential.h. */
#include "web/credential.h"
#include "web/history.h"
#include "web/say.h"

enum { HISTORY_ROWS = 20 };

static size_t count_hosts(const struct secret_host *hosts, size_t n, struct str id)
{
	size_t found = 0;
	for (const struct secret_host *host = hosts; host < hosts + n; host++)
		found += str_cmp(host->secret_id, id) == 0;
	return found;
}

static const struct client_secret *find_newest(const struct client *client, int64_t now_s)
{
	const struct client_secret *newest = NULL;
	for (size_t i = 0; i < client->n_secrets; i++)
		if (model_secret_is_live(&client->secrets[i], now_s))
			newest = &client->secrets[i];
	return newest;
}

static struct str state_of(const struct client_secret *secret, int64_t now_s)
{
	if (secret->revoked_s != 0)
		return STR("revoked");
	return model_secret_is_live(secret, now_s) ? STR("live") : STR("expired");
}

static void show_secret(struct page_vars *vars, const struct client_secret *secret, size_t hosts, int64_t now_s)
{
	page_text(vars, "secret_id", secret->id);
	page_text(vars, "hint", secret->hint);
	page_text(vars, "label", secret->label);
	page_text(vars, "state", state_of(secret, now_s));
	page_flag(vars, "live", model_secret_is_live(secret, now_s));
	say_time(vars, "created", secret->created_s);
	say_time(vars, "expires", secret->expires_s);
	say_ago(vars, "expires_in", secret->expires_s, now_s);
	say_time(vars, "revoked", secret->revoked_s);
	say_ago(vars, "last_used", secret->last_used_s, now_s);
	page_text(vars, "last_used_addr", secret->last_used_addr);
	page_number(vars, "count", secret->use_count);
	if (hosts > 0)
		page_printf(vars, "hosts", "%zu%s%s", hosts, hosts >= MODEL_HOSTS_MAX ? " or more" : "",
			    hosts == 1 ? " host" : " hosts");
}

/* Two secrets live: a rotation is under way. What uses the old one still? */
static void show_rotation(struct page_vars *row, const struct client_secret *old, const struct client_secret *newest)
{
	page_flag(row, "old", true);
	page_flag(row, "unused", old->last_used_s < newest->created_s);
	page_flag(row, "taken_up", newest->last_used_s != 0);
}

static int show_secrets(struct call *call, const struct client *client)
{
	struct secret_host *hosts;
	size_t n;
	int64_t now_s = call_now_s(call);
	const struct client_secret *newest = find_newest(client, now_s);
	TRY(store_secret_hosts(call->env->store, client->id, &call->arena, &hosts, &n));
	for (size_t i = client->n_secrets; i-- > 0;) {
		const struct client_secret *secret = &client->secrets[i];
		struct page_vars *row = page_row(call->web->vars, "secrets");
		size_t n_hosts = count_hosts(hosts, n, secret->id);
		show_secret(row, secret, n_hosts, now_s);
		if (!model_secret_is_live(secret, now_s) || secret == newest)
			continue;
		show_rotation(row, secret, newest);
		row = page_row(call->web->vars, "rotations");
		show_secret(row, secret, n_hosts, now_s);
		show_rotation(row, secret, newest);
	}
	return 0;
}

static int show_grants(struct call *call, const struct client *client)
{
	struct api *apis;
	size_t n;
	TRY(store_api_list(call->env->store, &call->arena, &apis, &n));
	for (size_t i = 0; i < client->n_grants; i++) {
		struct page_vars *row = page_row(call->web->vars, "grants");
		page_text(row, "scope", client->grants[i].scope);
		for (size_t k = 0; k < n; k++)
			if (str_eq(apis[k].id, client->grants[i].api_id))
				page_text(row, "audience", apis[k].audience);
	}
	for (size_t i = 0; i < client->networks.n; i++)
		page_text(page_row(call->web->vars, "networks"), "network", client->networks.v[i]);
	return 0;
}

/* What the audit trail says of this client before entry `before` (0: from now on), newest first. */
static int show_history(struct call *call, const struct credential_place *place, const struct client *client,
			int64_t before)
{
	const struct history_reader reader = {call->web->account.id, place->admin, client, call_now_s(call)};
	struct audit_entry *entries;
	size_t n;
	const struct store_audit_about about = {client->id, before, HISTORY_ROWS + 1};
	TRY(store_audit_about(call->env->store, &about, &call->arena, &entries, &n));
	for (size_t i = 0; i < n && i < HISTORY_ROWS; i++)
		history_show(page_row(call->web->vars, "history"), &entries[i], &reader);
	page_flag(call->web->vars, "history_any", n > 0);
	if (n > HISTORY_ROWS)
		page_number(call->web->vars, "older", entries[HISTORY_ROWS - 1].seq);
	page_flag(call->web->vars, "newer", before > 0);
	return 0;
}

static void show_client(struct call *call, const struct credential_place *place, const struct client *client)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "title", client->name);
	page_text(vars, "client_name", client->name);
	page_text(vars, "id", client->id);
	page_text(vars, "account_id", client->account_id);
	page_flag(vars, "disabled", client->disabled);
	if (client->kind == CLIENT_ACCOUNT) {
		page_flag(vars, "by_admin", client->disabled && client->held & CLIENT_HELD_DISABLED);
		page_flag(vars, "by_owner", client->disabled && !(client->held & CLIENT_HELD_DISABLED));
		page_flag(vars, "scopes_held", client->held & CLIENT_HELD_SCOPES);
		page_flag(vars, "networks_held", client->held & CLIENT_HELD_NETWORKS);
	}
	page_flag(vars, "may_enable", client->disabled && (place->admin || !(client->held & CLIENT_HELD_DISABLED)));
	page_flag(vars, "app", client->kind == CLIENT_APP);
	page_flag(vars, "has_secrets", client->auth != CLIENT_AUTH_NONE);
	say_time(vars, "created", client->created_s);
	say_time(vars, "client_expires", client->expires_s);
	if (client->kind == CLIENT_APP)
		credential_app_show(call, client);
}

enum { SHOW_ID, SHOW_BEFORE, SHOW_FIELDS };

int credential_step_show(struct call *call)
{
	static const struct form_param params[] = {{"id", false}, {"before", false}};
	static const struct form_table table = {params, SHOW_FIELDS};
	struct credential_place place;
	struct form_value values[SHOW_FIELDS];
	struct client client;
	uint64_t before = 0;
	TRY(credential_place(call, &place));
	TRY(web_form(call, &table, values));
	if (values[SHOW_BEFORE].present && str_to_u64(values[SHOW_BEFORE].value, INT64_MAX, &before) < 0)
		FAIL(call, NOT_FOUND, "no such place in the history");
	TRY(credential_find(call, &place, values[SHOW_ID].value, &client));
	show_client(call, &place, &client);
	TRY(show_secrets(call, &client));
	TRY(show_grants(call, &client));
	TRY(show_history(call, &place, &client, (int64_t)before));
	return web_show(call, 200, "credential_show");
}
