/* What is good for one use, and the sweep, of the memory backend. A row that was used is gone. */
#include "store/memory.h"

enum { GRACE_S = 3600, ONCE_GRACE_S = 60 };

struct once *memory_once_find(const struct memory_state *state, const struct store_once_key *key)
{
	struct once *row = memory_table_by_hash(state, MEMORY_ONCE, key->sha256);
	return row && row->kind == key->kind && row->expires_s > key->now_s ? row : NULL;
}

static int put(struct memory_state *next, const struct once *once)
{
	if (once->account_id.len > 0 && !memory_account(next, once->account_id))
		return E_ABSENT;
	return memory_table_by_hash(next, MEMORY_ONCE, once->sha256) ? E_EXISTS
								     : memory_table_add(next, MEMORY_ONCE, once);
}

int memory_once_put(struct store *store, const struct once *once, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put(next, once), note);
}

int memory_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once)
{
	const struct once *row = memory_once_find(memory_lock(store), key);
	return memory_unlock(store, row ? memory_table_read(arena, MEMORY_ONCE, row, ret_once) : E_ABSENT);
}

static int take(struct memory_state *next, const struct once *row, struct arena *arena, struct once *ret_once)
{
	if (!row)
		return E_ABSENT;
	TRY(memory_table_read(arena, MEMORY_ONCE, row, ret_once));
	memory_table_drop(next, MEMORY_ONCE, row);
	return 0;
}

int memory_once_take(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once,
		     const struct audit_note *note)
{
	struct memory_state *next;
	struct once once;
	TRY(memory_begin(store, 0, &next));
	TRY(memory_end(store, next, take(next, memory_once_find(next, key), arena, &once), note));
	*ret_once = once;
	return 0;
}

int memory_once_use(struct memory_state *next, const struct store_once_key *key)
{
	const struct once *row = key ? memory_once_find(next, key) : NULL;
	if (key && !row)
		return E_REUSED;
	if (row)
		memory_table_drop(next, MEMORY_ONCE, row);
	return 0;
}

static bool is_of(const struct memory_state *state, const void *row, const void *account_id)
{
	(void)state;
	return str_eq(((const struct once *)row)->account_id, *(const struct str *)account_id);
}

void memory_once_end_all(struct memory_state *next, struct str account_id)
{
	memory_table_drop_some(next, &(struct memory_some){MEMORY_ONCE, is_of, &account_id}, SIZE_MAX);
}

static bool is_good(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct once *once = row;
	const struct store_once_range *range = arg;
	return once->kind == range->kind && once->expires_s > range->now_s;
}

int memory_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
		     struct once **ret_onces, size_t *ret_n)
{
	const struct memory_some some = {MEMORY_ONCE, is_good, range};
	const struct memory_listing order = {true, range->limit};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_onces, ret_n));
}

#define IS_OVER(type, grace_s)                                                                               \
	static bool is_over_##type(const struct memory_state *state, const void *row, const void *now_s)     \
	{                                                                                                    \
		(void)state;                                                                                 \
		return ((const struct type *)row)->expires_s + (grace_s) <= *(const int64_t *)now_s;            \
	}
IS_OVER(session, GRACE_S)
IS_OVER(once, ONCE_GRACE_S)
IS_OVER(code, GRACE_S)
IS_OVER(device, GRACE_S)
IS_OVER(refresh, GRACE_S)
IS_OVER(family, GRACE_S)

int memory_once_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more)
{
	const struct memory_some sweeps[] = {
		{MEMORY_SESSION, is_over_session, &now_s}, {MEMORY_ONCE, is_over_once, &now_s},
		{MEMORY_CODE, is_over_code, &now_s},       {MEMORY_DEVICE, is_over_device, &now_s},
		{MEMORY_REFRESH, is_over_refresh, &now_s}, {MEMORY_FAMILY, is_over_family, &now_s},
	};
	struct memory_state *next;
	bool more = false;
	TRY(memory_begin(store, 0, &next));
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
		more |= memory_table_drop_some(next, &sweeps[i], limit) > limit;
	memory_table_drop_orphans(next);
	TRY(memory_end(store, next, 0, NULL));
	*ret_more = more;
	return 0;
}
