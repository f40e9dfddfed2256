/* The memory backend: state, transactions, the audit chain. For tests; any thread. See memory.h. */
#include "store/memory.h"

#include <stdlib.h>

#include "base/fault.h"
#include "store/audit.h"

enum { STATE_MAX = 1 << 30, ENTRY_MAX = 64 * 1024 };

struct link {
	struct arena arena;
	struct audit_entry entry;
};

struct memory {
	struct store store;
	pthread_mutex_t lock;
	struct memory_state *state;
	struct link **links; /* number seq is at seq - 1 */
	size_t n_links, room;
};

static struct memory *memory_of(struct store *store) { return (struct memory *)store; }

static void drop_state(struct memory_state *state)
{
	if (!state)
		return;
	arena_done(&state->arena);
	free(state);
}

/* A copied array with room behind it. */
static void *copy_array(struct arena *arena, const void *from, size_t n, size_t room, size_t size)
{
	void *to = arena_array(arena, n + room, size);
	if (to && n > 0)
		memcpy(to, from, n * size);
	return to;
}

static int copy_arrays(const struct memory_state *from, size_t room, struct memory_state *to)
{
	struct arena *arena = &to->arena;
	to->accounts = copy_array(arena, from->accounts, from->n_accounts, room, sizeof(*to->accounts));
	to->clients = copy_array(arena, from->clients, from->n_clients, room, sizeof(*to->clients));
	to->apis = copy_array(arena, from->apis, from->n_apis, room, sizeof(*to->apis));
	to->keys = copy_array(arena, from->keys, from->n_keys, room, sizeof(*to->keys));
	to->revocations = copy_array(arena, from->revocations, from->n_revocations, 1 + from->rows[MEMORY_TOKEN].n,
				     sizeof(*to->revocations));
	to->revocation_seq = from->revocation_seq;
	return to->accounts && to->clients && to->apis && to->keys && to->revocations ? 0 : E_NOMEM;
}

static int copy_state(const struct memory_state *from, size_t room, struct memory_state *to)
{
	TRY(copy_arrays(from, room, to));
	for (; to->n_accounts < from->n_accounts; to->n_accounts++)
		TRY(memory_copy_account(&to->arena, &from->accounts[to->n_accounts], &to->accounts[to->n_accounts]));
	for (; to->n_clients < from->n_clients; to->n_clients++)
		TRY(memory_copy_client(&to->arena, &from->clients[to->n_clients], &to->clients[to->n_clients]));
	for (; to->n_apis < from->n_apis; to->n_apis++)
		TRY(memory_copy_api(&to->arena, &from->apis[to->n_apis], &to->apis[to->n_apis]));
	for (; to->n_keys < from->n_keys; to->n_keys++)
		TRY(memory_copy_key(&to->arena, &from->keys[to->n_keys], &to->keys[to->n_keys]));
	for (size_t *n = &to->n_revocations; *n < from->n_revocations; ++*n)
		TRY(memory_copy_revocation(&to->arena, &from->revocations[*n], &to->revocations[*n]));
	return memory_table_copy(from, to);
}

static struct memory_state *new_state(void)
{
	struct memory_state *state = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*state));
	if (state)
		arena_init(&state->arena, STATE_MAX);
	return state;
}

const struct memory_state *memory_lock(struct store *store)
{
	pthread_mutex_lock(&memory_of(store)->lock);
	return memory_of(store)->state;
}

int memory_unlock(struct store *store, int rc)
{
	pthread_mutex_unlock(&memory_of(store)->lock);
	return rc;
}

int memory_begin(struct store *store, size_t room, struct memory_state **ret_next)
{
	const struct memory_state *now = memory_lock(store);
	struct memory_state *next = new_state();
	int rc = next ? copy_state(now, room, next) : E_NOMEM;
	if (rc < 0) {
		drop_state(next);
		return memory_unlock(store, rc);
	}
	*ret_next = next;
	return 0;
}

static int reserve_link(struct memory *memory)
{
	if (memory->n_links < memory->room)
		return 0;
	size_t room = memory->room ? 2 * memory->room : 16;
	struct link **links = fault_hit(FAULT_ALLOC) ? NULL : realloc(memory->links, room * sizeof(struct link *));
	if (!links)
		return E_NOMEM;
	memory->links = links;
	memory->room = room;
	return 0;
}

static void drop_link(struct link *link)
{
	arena_done(&link->arena);
	free(link);
}

static int append_link(struct memory *memory, const struct audit_note *note)
{
	static const unsigned char first[AUDIT_HASH_LEN];
	size_t n = memory->n_links;
	TRY(reserve_link(memory));
	struct link *link = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*link));
	if (!link)
		return E_NOMEM;
	arena_init(&link->arena, ENTRY_MAX);
	int rc = audit_link(note, (int64_t)n + 1, n > 0 ? memory->links[n - 1]->entry.hash : first, &link->entry);
	if (rc == 0)
		rc = memory_copy_entry(&link->arena, &link->entry, &link->entry);
	if (rc < 0) {
		drop_link(link);
		return rc;
	}
	memory->links[memory->n_links++] = link;
	return 0;
}

int memory_end(struct store *store, struct memory_state *next, int rc, const struct audit_note *note)
{
	struct memory *memory = memory_of(store);
	if (rc == 0 && fault_hit(FAULT_STORE))
		rc = E_STORE;
	if (rc == 0 && note)
		rc = append_link(memory, note);
	if (rc == 0) {
		struct memory_state *old = memory->state;
		memory->state = next;
		next = old;
		atomic_fetch_add(&store->commits, 1);
	}
	drop_state(next);
	return memory_unlock(store, rc < 0 ? rc : 0);
}

bool memory_find(const void *array, size_t n, size_t size, struct str id, size_t *ret_at)
{
	const char *p = array;
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(*(const struct str *)(const void *)(p + middle * size), id);
		if (order == 0) {
			*ret_at = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return false;
}

void memory_open_gap(void *array, size_t *n, size_t size, size_t at)
{
	char *p = (char *)array + at * size;
	memmove(p + size, p, (*n - at) * size);
	++*n;
}

static int compare_by_id(const void *a, const void *b)
{
	const struct memory_row *x = a, *y = b;
	return str_cmp(x->id, y->id);
}

static int compare_by_time(const void *a, const void *b)
{
	const struct memory_row *x = a, *y = b;
	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return compare_by_id(a, b);
}

/* The place of the first row behind range->after. */
static int find_after(const struct memory_row *rows, size_t n, const struct store_range *range, size_t *ret_at)
{
	size_t at = 0;
	if (range->order == STORE_BY_TIME) {
		while (at < n && !str_eq(rows[at].id, range->after))
			at++;
		*ret_at = at + 1;
		return at < n ? 0 : E_ABSENT;
	}
	while (at < n && (str_cmp(rows[at].id, range->after) == 0 ||
			  (str_cmp(rows[at].id, range->after) > 0) == range->descending))
		at++;
	*ret_at = at;
	return 0;
}

static void reverse(struct memory_row *rows, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct memory_row row = rows[i];
		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = row;
	}
}

int memory_cut(struct memory_row *rows, size_t n, const struct store_range *range, struct memory_row **ret_rows,
	       size_t *ret_n)
{
	size_t at = 0;
	if (n > 1)
		qsort(rows, n, sizeof(*rows), range->order == STORE_BY_TIME ? compare_by_time : compare_by_id);
	if (range->descending)
		reverse(rows, n);
	if (range->after.len > 0)
		TRY(find_after(rows, n, range, &at));
	at = range->skip < n - at ? at + range->skip : n;
	*ret_rows = rows + at;
	*ret_n = n - at < range->limit ? n - at : range->limit;
	return 0;
}

void memory_close_gap(void *array, size_t *n, size_t size, size_t at)
{
	char *p = (char *)array + at * size;
	--*n;
	memmove(p, p + size, (*n - at) * size);
}

static int audit_append(struct store *store, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, 0, note);
}

static int audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
		      struct audit_entry **ret_entries, size_t *ret_n)
{
	struct memory *memory = memory_of(store);
	memory_lock(store);
	size_t at = after_seq < 0 ? 0 : (size_t)after_seq, n = 0;
	struct audit_entry *entries = arena_array(arena, limit, sizeof(*entries));
	int rc = entries ? 0 : E_NOMEM;
	for (; rc == 0 && at < memory->n_links && n < limit; at++, n++)
		rc = memory_copy_entry(arena, &memory->links[at]->entry, &entries[n]);
	if (rc == 0) {
		*ret_entries = entries;
		*ret_n = n;
	}
	return memory_unlock(store, rc);
}

static int audit_about(struct store *store, const struct store_audit_about *about, struct arena *arena,
		       struct audit_entry **ret_entries, size_t *ret_n)
{
	struct memory *memory = memory_of(store);
	memory_lock(store);
	size_t at = memory->n_links, n = 0;
	if (about->before_seq > 0 && (size_t)about->before_seq <= at)
		at = (size_t)about->before_seq - 1;
	struct audit_entry *entries = arena_array(arena, about->limit, sizeof(*entries));
	int rc = entries ? 0 : E_NOMEM;
	while (rc == 0 && at-- > 0 && n < about->limit)
		if (str_eq(memory->links[at]->entry.target, about->target))
			rc = memory_copy_entry(arena, &memory->links[at]->entry, &entries[n++]);
	if (rc == 0) {
		*ret_entries = entries;
		*ret_n = n;
	}
	return memory_unlock(store, rc);
}

static int audit_verify(struct store *store, int64_t *ret_seq)
{
	struct memory *memory = memory_of(store);
	unsigned char prev[AUDIT_HASH_LEN] = {0};
	memory_lock(store);
	int rc = 0;
	size_t i = 0;
	for (; rc == 0 && i < memory->n_links; i++) {
		rc = audit_check(&memory->links[i]->entry, (int64_t)i + 1, prev);
		memcpy(prev, memory->links[i]->entry.hash, sizeof(prev));
	}
	if (rc == 0 || rc == E_SIGNATURE)
		*ret_seq = (int64_t)i;
	return memory_unlock(store, rc);
}

static int count(struct store *store, struct store_counts *ret_counts)
{
	const struct memory_state *state = memory_lock(store);
	*ret_counts = (struct store_counts){(int64_t)state->n_accounts, (int64_t)state->n_clients,
					    (int64_t)memory_of(store)->n_links};
	return memory_unlock(store, 0);
}

static int probe(struct store *store)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, 0, NULL);
}

static void close_memory(struct store *store)
{
	struct memory *memory = memory_of(store);
	drop_state(memory->state);
	for (size_t i = 0; i < memory->n_links; i++)
		drop_link(memory->links[i]);
	free(memory->links);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

static const struct store_ops memory_ops = {
	.close = close_memory,
	.account_put = memory_account_put,
	.account_get = memory_account_get,
	.account_list = memory_account_list,
	.account_update = memory_account_update,
	.account_delete = memory_account_delete,
	.account_set_roles = memory_account_set_roles,
	.account_set_disabled = memory_account_set_disabled,
	.client_put = memory_client_put,
	.client_get = memory_client_get,
	.client_list = memory_client_list,
	.client_update = memory_client_update,
	.client_set_disabled = memory_client_set_disabled,
	.client_delete = memory_client_delete,
	.client_find_registered = memory_client_find_registered,
	.client_forget_unused = memory_client_forget_unused,
	.client_count_imported = memory_client_count_imported,
	.secret_rotate = memory_secret_rotate,
	.secret_revoke = memory_secret_revoke,
	.secret_find = memory_secret_find,
	.secret_regenerate = memory_secret_regenerate,
	.usage_flush = memory_secret_usage_flush,
	.use_history = memory_use_history,
	.secret_hosts = memory_use_hosts,
	.api_put = memory_api_put,
	.api_get = memory_api_get,
	.api_list = memory_api_list,
	.api_update = memory_api_update,
	.api_delete = memory_api_delete,
	.revocation_put_jti = memory_revocation_put_jti,
	.revocation_list = memory_revocation_list,
	.revocation_sweep = memory_revocation_sweep,
	.session_put = memory_session_put,
	.session_get = memory_session_get,
	.session_touch = memory_session_touch,
	.session_list = memory_session_list,
	.session_end = memory_session_end,
	.login_get = memory_login_get,
	.login_set_password = memory_login_set_password,
	.login_reset_factors = memory_login_reset_factors,
	.login_set_totp = memory_login_set_totp,
	.login_use_totp = memory_login_use_totp,
	.login_use_recovery = memory_login_use_recovery,
	.passkey_put = memory_passkey_put,
	.passkey_get = memory_passkey_get,
	.passkey_list = memory_passkey_list,
	.passkey_rename = memory_passkey_rename,
	.passkey_delete = memory_passkey_delete,
	.passkey_use = memory_passkey_use,
	.upstream_put = memory_upstream_put,
	.upstream_get = memory_upstream_get,
	.upstream_list = memory_upstream_list,
	.upstream_delete = memory_upstream_delete,
	.once_put = memory_once_put,
	.once_peek = memory_once_peek,
	.once_take = memory_once_take,
	.once_list = memory_once_list,
	.code_put = memory_code_put,
	.code_peek = memory_code_peek,
	.code_redeem = memory_code_redeem,
	.refresh_peek = memory_refresh_peek,
	.refresh_rotate = memory_refresh_rotate,
	.family_end = memory_family_end,
	.family_get = memory_family_get,
	.family_list = memory_family_list,
	.device_put = memory_device_put,
	.device_peek = memory_device_peek,
	.device_poll = memory_device_poll,
	.device_decide = memory_device_decide,
	.device_redeem = memory_device_redeem,
	.consent_get = memory_consent_get,
	.consent_put = memory_consent_put,
	.consent_list = memory_consent_list,
	.consent_delete = memory_consent_delete,
	.sweep = memory_once_sweep,
	.key_put = memory_key_put,
	.key_list = memory_key_list,
	.key_advance = memory_key_advance,
	.audit_append = audit_append,
	.audit_list = audit_list,
	.audit_about = audit_about,
	.audit_verify = audit_verify,
	.count = count,
	.probe = probe,
};

int memory_open(const struct store_options *options, struct store **ret_store)
{
	(void)options;
	struct memory *memory = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*memory));
	if (!memory)
		return E_NOMEM;
	memory->state = new_state();
	if (!memory->state) {
		free(memory);
		return E_NOMEM;
	}
	memory->store.ops = &memory_ops;
	pthread_mutex_init(&memory->lock, NULL);
	*ret_store = &memory->store;
	return 0;
}
