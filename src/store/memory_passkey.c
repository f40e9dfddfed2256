/* Passkeys and accounts elsewhere of the memory backend. */
#include "store/memory.h"

static bool is_passkey_of(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	return str_eq(((const struct passkey *)row)->account_id, *(const struct str *)arg);
}

static bool is_link_of(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	return str_eq(((const struct upstream_link *)row)->account_id, *(const struct str *)arg);
}

static int put(struct memory_state *next, const struct passkey *passkey)
{
	size_t n = 0;
	if (!memory_account(next, passkey->account_id))
		return E_ABSENT;
	if (memory_table_by_id(next, MEMORY_PASSKEY, passkey->id))
		return E_EXISTS;
	MEMORY_EACH(struct passkey, row, next, MEMORY_PASSKEY)
		n += str_eq(row->account_id, passkey->account_id);
	return n < MODEL_PASSKEYS_MAX ? memory_table_add(next, MEMORY_PASSKEY, passkey) : E_LIMIT;
}

int memory_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put(next, passkey), note);
}

int memory_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey)
{
	const struct passkey *row = memory_table_by_id(memory_lock(store), MEMORY_PASSKEY, id);
	return memory_unlock(store, row ? memory_table_read(arena, MEMORY_PASSKEY, row, ret_passkey) : E_ABSENT);
}

int memory_passkey_list(struct store *store, struct str account_id, struct arena *arena, struct passkey **ret_passkeys,
			size_t *ret_n)
{
	const struct memory_some some = {MEMORY_PASSKEY, is_passkey_of, &account_id};
	const struct memory_listing order = {false, SIZE_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_passkeys, ret_n));
}

/* NULL. */
static struct passkey *find_own(const struct memory_state *state, struct str account_id, struct str id)
{
	struct passkey *row = memory_table_by_id(state, MEMORY_PASSKEY, id);
	return row && str_eq(row->account_id, account_id) ? row : NULL;
}

int memory_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
			  const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	struct passkey *row = find_own(next, account_id, id);
	return memory_end(store, next, row ? arena_str(&next->arena, name, &row->name) : E_ABSENT, note);
}

int memory_passkey_delete(struct store *store, struct str account_id, struct str id, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	const struct passkey *row = find_own(next, account_id, id);
	if (row)
		memory_table_drop(next, MEMORY_PASSKEY, row);
	return memory_end(store, next, row ? 0 : E_ABSENT, note);
}

static int use(struct passkey *row, int64_t counter, int64_t now_s)
{
	if (!row)
		return E_ABSENT;
	if ((counter != 0 || row->counter != 0) && counter <= row->counter) /* WebAuthn 6.1.1 */
		return E_CONFLICT;
	row->counter = counter;
	row->last_used_s = now_s > row->last_used_s ? now_s : row->last_used_s;
	return 0;
}

int memory_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, use(memory_table_by_id(next, MEMORY_PASSKEY, id), counter, now_s), NULL);
}

int memory_upstream_insert(struct memory_state *next, const struct upstream_link *link)
{
	if (!memory_account(next, link->account_id))
		return E_ABSENT;
	MEMORY_EACH(struct upstream_link, row, next, MEMORY_UPSTREAM) {
		if (str_eq(row->issuer, link->issuer) &&
		    (str_eq(row->subject, link->subject) || str_eq(row->account_id, link->account_id)))
			return E_EXISTS;
	}
	return memory_table_add(next, MEMORY_UPSTREAM, link);
}

int memory_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, memory_upstream_insert(next, link), note);
}

int memory_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
			struct upstream_link *ret_link)
{
	const struct memory_state *state = memory_lock(store);
	MEMORY_EACH(struct upstream_link, row, state, MEMORY_UPSTREAM) {
		if (str_eq(row->issuer, issuer) && str_eq(row->subject, subject))
			return memory_unlock(store, memory_table_read(arena, MEMORY_UPSTREAM, row, ret_link));
	}
	return memory_unlock(store, E_ABSENT);
}

int memory_upstream_list(struct store *store, struct str account_id, struct arena *arena,
			 struct upstream_link **ret_links, size_t *ret_n)
{
	const struct memory_some some = {MEMORY_UPSTREAM, is_link_of, &account_id};
	const struct memory_listing order = {false, SIZE_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_links, ret_n));
}

static int unlink_up(struct memory_state *next, struct str account_id, struct str issuer)
{
	MEMORY_EACH(struct upstream_link, row, next, MEMORY_UPSTREAM) {
		if (!str_eq(row->issuer, issuer) || !str_eq(row->account_id, account_id))
			continue;
		memory_table_drop(next, MEMORY_UPSTREAM, row);
		return 0;
	}
	return E_ABSENT;
}

int memory_upstream_delete(struct store *store, struct str account_id, struct str issuer, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, unlink_up(next, account_id, issuer), note);
}
