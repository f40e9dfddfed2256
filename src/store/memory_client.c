/* Client verbs of the memory backend. */
#include "store/memory.h"

#include <stdlib.h>

struct client *memory_client(const struct memory_state *state, struct str id)
{
	size_t at;
	return memory_find(state->clients, state->n_clients, sizeof(*state->clients), id, &at) ? &state->clients[at]
											       : NULL;
}

static bool has_scope(const struct memory_state *state, const struct scope_grant *grant)
{
	if (grant->api_id.len == 0)
		return true;
	const struct api *api = memory_api(state, grant->api_id);
	return api && model_api_has_scope(api, grant->scope);
}

static int check_refs(const struct memory_state *state, const struct client *client)
{
	if (client->account_id.len > 0 && !memory_account(state, client->account_id))
		return E_ABSENT;
	if (client->default_api.len > 0 && !memory_api(state, client->default_api))
		return E_ABSENT;
	for (size_t i = 0; i < client->n_grants; i++) {
		if (!has_scope(state, &client->grants[i]))
			return E_ABSENT;
	}
	return 0;
}

static int compare_grants(const void *a, const void *b)
{
	const struct scope_grant *x = a, *y = b;
	int order = str_cmp(x->api_id, y->api_id);
	return order ? order : str_cmp(x->scope, y->scope);
}

/* Sorted, each once. */
static int set_grants(struct arena *arena, const struct client *from, struct client *to)
{
	TRY(memory_copy_grants(arena, from, to));
	size_t n = 0;
	if (to->n_grants > 1)
		qsort(to->grants, to->n_grants, sizeof(*to->grants), compare_grants);
	for (size_t i = 0; i < to->n_grants; i++) {
		if (n == 0 || compare_grants(&to->grants[n - 1], &to->grants[i]) != 0)
			to->grants[n++] = to->grants[i];
	}
	to->n_grants = n;
	return 0;
}

static int put_one(struct memory_state *next, const struct client *client)
{
	size_t at;
	struct client row = *client;
	if (memory_find(next->clients, next->n_clients, sizeof(row), client->id, &at))
		return E_EXISTS;
	TRY(check_refs(next, client));
	const struct revocation *before = memory_revocation_find(next, REVOCATION_CLIENT, client->id);
	if (before && before->epoch > row.epoch)
		row.epoch = before->epoch;
	row.n_secrets = 0;
	row.serves = (struct str_list){0};
	if (row.kind != CLIENT_APP)
		row.app = (struct client_app){0};
	TRY(memory_copy_client(&next->arena, &row, &row));
	TRY(set_grants(&next->arena, client, &row));
	memory_open_gap(next->clients, &next->n_clients, sizeof(row), at);
	next->clients[at] = row;
	for (size_t i = 0; i < client->n_secrets; i++)
		TRY(memory_secret_insert(next, &next->clients[at], &client->secrets[i]));
	return 0;
}

static int put(struct memory_state *next, const struct client *clients, size_t n, const struct store_once_key *taken)
{
	TRY(memory_once_use(next, taken));
	for (size_t i = 0; i < n; i++)
		TRY(put_one(next, &clients[i]));
	return 0;
}

int memory_client_put(struct store *store, const struct client *clients, size_t n, const struct store_once_key *taken,
		      const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, n, &next));
	return memory_end(store, next, put(next, clients, n, taken), note);
}

static int get(const struct memory_state *state, struct str id, struct arena *arena, struct client *ret_client)
{
	const struct client *found = memory_client(state, id);
	if (!found)
		return E_ABSENT;
	struct client client = *found;
	client.serves = (struct str_list){arena_array(arena, state->n_apis, sizeof(struct str)), 0};
	if (!client.serves.v)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_apis; i++) {
		if (str_list_has(state->apis[i].servers, id))
			client.serves.v[client.serves.n++] = state->apis[i].audience;
	}
	if (client.serves.n > 1)
		qsort(client.serves.v, client.serves.n, sizeof(*client.serves.v), str_order);
	return memory_copy_client(arena, &client, ret_client);
}

int memory_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client)
{
	return memory_unlock(store, get(memory_lock(store), id, arena, ret_client));
}

static int copy_bare(struct arena *arena, const struct client *from, struct client *ret_to)
{
	struct client row = *from;
	row.n_grants = row.n_secrets = 0;
	TRY(memory_copy_client(arena, &row, &row));
	row.grants = NULL;
	row.secrets = NULL;
	*ret_to = row;
	return 0;
}

static int list(const struct memory_state *state, const struct store_client_range *range, struct arena *arena,
		struct client **ret_clients, size_t *ret_n)
{
	size_t n = 0;
	struct memory_row *rows = arena_array(arena, state->n_clients + 1, sizeof(*rows));
	struct client *clients = arena_array(arena, range->range.limit, sizeof(*clients));
	if (!rows || !clients)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_clients; i++) {
		const struct client *client = &state->clients[i];
		if (range->account_id.len == 0 || str_eq(client->account_id, range->account_id))
			rows[n++] = (struct memory_row){client->id, client->created_s, client};
	}
	TRY(memory_cut(rows, n, &range->range, &rows, &n));
	for (size_t i = 0; i < n; i++)
		TRY(copy_bare(arena, rows[i].object, &clients[i]));
	*ret_clients = clients;
	*ret_n = n;
	return 0;
}

int memory_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
		       struct client **ret_clients, size_t *ret_n)
{
	return memory_unlock(store, list(memory_lock(store), range, arena, ret_clients, ret_n));
}

static bool same_list(struct str_list a, struct str_list b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (!str_eq(a.v[i], b.v[i]))
			return false;
	return a.n == b.n;
}

static bool is_consent_for(const struct memory_state *state, const void *row, const void *client_id)
{
	(void)state;
	return str_eq(((const struct consent *)row)->client_id, *(const struct str *)client_id);
}

/* What people were shown of it when they allowed it something is something else now. */
static void forget_consents(struct memory_state *next, const struct client *before, const struct client *change)
{
	if (before->kind != CLIENT_APP || (str_eq(before->name, change->name) &&
					   same_list(before->app.redirect_uris, change->app.redirect_uris)))
		return;
	memory_table_drop_some(next, &(struct memory_some){MEMORY_CONSENT, is_consent_for, &before->id}, SIZE_MAX);
}

static int update(struct memory_state *next, const struct client *change, bool with_grants)
{
	struct client *client = memory_client(next, change->id);
	if (!client)
		return E_ABSENT;
	TRY(check_refs(next, change));
	forget_consents(next, client, change);
	client->auth = change->auth;
	client->held = (client->held & CLIENT_HELD_DISABLED) | (change->held & ~(unsigned)CLIENT_HELD_DISABLED);
	client->expires_s = change->expires_s;
	client->lifetime_s = change->lifetime_s;
	TRY(arena_str(&next->arena, change->name, &client->name));
	TRY(arena_str(&next->arena, change->default_api, &client->default_api));
	TRY(memory_copy_strs(&next->arena, change->networks, &client->networks));
	const struct client_app before = client->app;
	if (client->kind == CLIENT_APP)
		TRY(memory_copy_app(&next->arena, &change->app, &client->app));
	client->app.vouched = before.vouched;
	client->app.unused_since_s = before.unused_since_s;
	return with_grants ? set_grants(&next->arena, change, client) : 0;
}

int memory_client_update(struct store *store, const struct client *client, bool set_grants,
			 const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, update(next, client, set_grants), note);
}

int memory_client_raise(struct memory_state *next, struct client *client, int64_t now_s, int64_t until_s)
{
	if (until_s == 0)
		return 0;
	memory_revocation_end_unredeemed(next, client->id);
	const struct revocation end = {.kind = REVOCATION_CLIENT,
				       .id = client->id,
				       .epoch = ++client->epoch,
				       .not_before_s = now_s,
				       .until_s = until_s};
	return memory_revocation_put(next, &end);
}

static int set_disabled(struct memory_state *next, struct client *client, const struct client_switch *to,
			int64_t now_s)
{
	if (!client)
		return E_ABSENT;
	unsigned held = store_ops_held(client->held, to);
	bool was_disabled = client->disabled;
	if (to->by_owner && !to->disabled && (client->held & CLIENT_HELD_DISABLED))
		return E_CONFLICT;
	if (was_disabled == to->disabled && held == client->held)
		return MEMORY_UNCHANGED;
	client->disabled = to->disabled;
	client->held = held;
	return to->disabled && !was_disabled ? memory_client_raise(next, client, now_s, to->until_s) : 0;
}

int memory_client_set_disabled(struct store *store, struct str id, const struct client_switch *to,
			       const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = set_disabled(next, memory_client(next, id), to, note->now_s);
	return memory_end(store, next, rc, note);
}

static void cut_servers(struct memory_state *next, struct str id)
{
	for (size_t i = 0; i < next->n_apis; i++) {
		struct str_list *servers = &next->apis[i].servers;
		size_t n = 0;
		for (size_t j = 0; j < servers->n; j++) {
			if (!str_eq(servers->v[j], id))
				servers->v[n++] = servers->v[j];
		}
		servers->n = n;
	}
}

void memory_client_remove(struct memory_state *next, size_t at)
{
	cut_servers(next, next->clients[at].id);
	memory_table_forget(next, MEMORY_OF_CLIENT, next->clients[at].id);
	memory_close_gap(next->clients, &next->n_clients, sizeof(*next->clients), at);
}

static int delete (struct memory_state *next, struct str id, int64_t now_s, int64_t until_s)
{
	size_t at;
	if (!memory_find(next->clients, next->n_clients, sizeof(*next->clients), id, &at))
		return E_ABSENT;
	TRY(memory_client_raise(next, &next->clients[at], now_s, until_s));
	memory_client_remove(next, at);
	return 0;
}

int memory_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, delete (next, id, note->now_s, until_s), note);
}

static int find_registered(const struct memory_state *state, const unsigned char sha256[32], struct arena *arena,
			   struct str *ret_id)
{
	for (size_t i = 0; i < state->n_clients; i++) {
		const struct client_app *app = &state->clients[i].app;
		if (app->registered && memcmp(app->registration_sha256, sha256, sizeof(app->registration_sha256)) == 0)
			return arena_str(arena, state->clients[i].id, ret_id);
	}
	return E_ABSENT;
}

int memory_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
				  struct str *ret_id)
{
	return memory_unlock(store, find_registered(memory_lock(store), sha256, arena, ret_id));
}

/* NULL: none from before then. */
static struct client *oldest_unused(struct memory_state *next, bool vouched, int64_t before_s)
{
	struct client *oldest = NULL;
	for (size_t i = 0; i < next->n_clients; i++) {
		struct client *client = &next->clients[i];
		int64_t since_s = client->app.unused_since_s;
		if (since_s > 0 && since_s < before_s && client->app.vouched == vouched &&
		    (!oldest || since_s < oldest->app.unused_since_s))
			oldest = client;
	}
	return oldest;
}

static int forget_unused(struct memory_state *next, const struct store_unused *unused, int64_t now_s,
			 struct arena *arena, struct str *ret_id)
{
	const struct client *client = oldest_unused(next, false, unused->open_before_s);
	if (!client)
		client = oldest_unused(next, true, unused->vouched_before_s);
	if (!client)
		return E_ABSENT;
	TRY(arena_str(arena, client->id, ret_id));
	return delete (next, *ret_id, now_s, unused->until_s);
}

int memory_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
				struct str *ret_id, const struct audit_note *note)
{
	struct memory_state *next;
	struct audit_note entry = *note;
	TRY(memory_begin(store, 0, &next));
	int rc = forget_unused(next, unused, note->now_s, arena, &entry.target);
	TRY(memory_end(store, next, rc, &entry));
	*ret_id = entry.target;
	return 0;
}

int memory_client_count_imported(struct store *store, int64_t *ret_n)
{
	const struct memory_state *state = memory_lock(store);
	int64_t n = 0;
	for (size_t i = 0; i < state->n_clients; i++)
		n += !str_has_prefix(state->clients[i].id, STR("mmc_"));
	*ret_n = n;
	return memory_unlock(store, 0);
}
