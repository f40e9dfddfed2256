/* API verbs of the memory backend. */
#include "store/memory.h"

#include <stdlib.h>

struct api *memory_api(const struct memory_state *state, struct str id)
{
	size_t at;
	return memory_find(state->apis, state->n_apis, sizeof(*state->apis), id, &at) ? &state->apis[at] : NULL;
}

static struct api *of_audience(const struct memory_state *state, struct str audience)
{
	for (size_t i = 0; i < state->n_apis; i++) {
		if (str_eq(state->apis[i].audience, audience))
			return &state->apis[i];
	}
	return NULL;
}

static bool has_scope(const struct api *api, struct str name, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		if (str_eq(api->scopes[i].name, name))
			return true;
	}
	return false;
}

static int check_scopes(const struct api *api)
{
	for (size_t i = 0; i < api->n_scopes; i++) {
		if (has_scope(api, api->scopes[i].name, i))
			return E_EXISTS;
	}
	return 0;
}

/* Clients that exist, sorted, each once. */
static int set_servers(const struct memory_state *next, struct api *api)
{
	struct str_list *servers = &api->servers;
	size_t n = 0;
	if (servers->n > 1)
		qsort(servers->v, servers->n, sizeof(*servers->v), str_order);
	for (size_t i = 0; i < servers->n; i++) {
		if (!memory_client(next, servers->v[i]))
			return E_ABSENT;
		if (n == 0 || !str_eq(servers->v[n - 1], servers->v[i]))
			servers->v[n++] = servers->v[i];
	}
	servers->n = n;
	return 0;
}

static int put(struct memory_state *next, const struct api *api)
{
	size_t at;
	if (memory_find(next->apis, next->n_apis, sizeof(*api), api->id, &at) || of_audience(next, api->audience))
		return E_EXISTS;
	TRY(check_scopes(api));
	memory_open_gap(next->apis, &next->n_apis, sizeof(*api), at);
	TRY(memory_copy_api(&next->arena, api, &next->apis[at]));
	return set_servers(next, &next->apis[at]);
}

int memory_api_put(struct store *store, const struct api *api, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 1, &next));
	return memory_end(store, next, put(next, api), note);
}

int memory_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api)
{
	const struct memory_state *state = memory_lock(store);
	const struct api *api = by_audience ? of_audience(state, key) : memory_api(state, key);
	return memory_unlock(store, api ? memory_copy_api(arena, api, ret_api) : E_ABSENT);
}

static int compare_age(const void *a, const void *b)
{
	const struct api *x = a, *y = b;
	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return str_cmp(x->id, y->id);
}

static int list(const struct memory_state *state, struct arena *arena, struct api **ret_apis, size_t *ret_n)
{
	struct api *apis = arena_array(arena, state->n_apis, sizeof(*apis));
	if (!apis)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_apis; i++)
		TRY(memory_copy_api(arena, &state->apis[i], &apis[i]));
	if (state->n_apis > 1)
		qsort(apis, state->n_apis, sizeof(*apis), compare_age);
	*ret_apis = apis;
	*ret_n = state->n_apis;
	return 0;
}

int memory_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n)
{
	return memory_unlock(store, list(memory_lock(store), arena, ret_apis, ret_n));
}

/* Takes away the grants of this API whose scope is not in `left` (NULL: all of them). */
static void cut_grants(struct memory_state *next, struct str api_id, const struct api *left)
{
	for (size_t i = 0; i < next->n_clients; i++) {
		struct client *client = &next->clients[i];
		size_t n = 0;
		for (size_t j = 0; j < client->n_grants; j++) {
			const struct scope_grant *grant = &client->grants[j];
			if (!str_eq(grant->api_id, api_id) || (left && has_scope(left, grant->scope, left->n_scopes)))
				client->grants[n++] = *grant;
		}
		client->n_grants = n;
	}
}

static int update(struct memory_state *next, const struct api *change, bool with_servers)
{
	struct api *api = memory_api(next, change->id), row = *change;
	if (!api)
		return E_ABSENT;
	TRY(check_scopes(change));
	row.audience = api->audience;
	row.created_s = api->created_s;
	if (!with_servers)
		row.servers = api->servers;
	TRY(memory_copy_api(&next->arena, &row, api));
	TRY(set_servers(next, api));
	cut_grants(next, api->id, api);
	return 0;
}

int memory_api_update(struct store *store, const struct api *api, bool with_servers, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, update(next, api, with_servers), note);
}

static int delete (struct memory_state *next, struct str id)
{
	size_t at;
	if (!memory_find(next->apis, next->n_apis, sizeof(*next->apis), id, &at))
		return E_ABSENT;
	memory_close_gap(next->apis, &next->n_apis, sizeof(*next->apis), at);
	cut_grants(next, id, NULL);
	for (size_t i = 0; i < next->n_clients; i++) {
		if (str_eq(next->clients[i].default_api, id))
			next->clients[i].default_api = STR("");
	}
	return 0;
}

int memory_api_delete(struct store *store, struct str id, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, delete (next, id), note);
}
