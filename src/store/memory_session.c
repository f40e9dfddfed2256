/* Session verbs of the memory backend. A session that ended is gone. */
#include "store/memory.h"

struct asked {
	struct str account_id;
	const unsigned char *except;
	int64_t now_s;
};

/* E_ABSENT: see store_session_get. */
static const struct account *owner_of(const struct memory_state *state, const struct session *session, int64_t now_s)
{
	const struct account *account = memory_account(state, session->account_id);
	if (!account || account->disabled || session->account_epoch != account->epoch || session->expires_s <= now_s)
		return NULL;
	return account;
}

static int put(struct memory_state *next, const struct session *session, const unsigned char *replaces)
{
	const struct account *account = memory_account(next, session->account_id);
	const struct session *old = replaces ? memory_table_by_hash(next, MEMORY_SESSION, replaces) : NULL;
	if (!account || account->disabled)
		return E_ABSENT;
	if (old)
		memory_table_drop(next, MEMORY_SESSION, old);
	if (memory_table_by_hash(next, MEMORY_SESSION, session->sha256) ||
	    memory_table_by_id(next, MEMORY_SESSION, session->id))
		return E_EXISTS;
	return memory_table_add(next, MEMORY_SESSION, session);
}

int memory_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
		       const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put(next, session, replaces), note);
}

static int get(const struct memory_state *state, const struct session *session, int64_t now_s, struct arena *arena,
	       struct session *ret_session, struct account *ret_account)
{
	struct session copy;
	const struct account *account = session ? owner_of(state, session, now_s) : NULL;
	if (!account)
		return E_ABSENT;
	TRY(memory_table_read(arena, MEMORY_SESSION, session, &copy));
	TRY(memory_copy_account(arena, account, ret_account));
	*ret_session = copy;
	return 0;
}

int memory_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
		       struct session *ret_session, struct account *ret_account)
{
	const struct memory_state *state = memory_lock(store);
	const struct session *session = memory_table_by_hash(state, MEMORY_SESSION, sha256);
	return memory_unlock(store, get(state, session, now_s, arena, ret_session, ret_account));
}

static int touch(struct memory_state *next, struct session *session, int64_t now_s, int64_t expires_s, struct str addr)
{
	if (!session || !owner_of(next, session, now_s))
		return E_ABSENT;
	session->seen_s = now_s;
	session->expires_s = expires_s;
	return arena_str(&next->arena, addr, &session->addr);
}

int memory_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			 struct str addr)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	struct session *session = memory_table_by_hash(next, MEMORY_SESSION, sha256);
	return memory_end(store, next, touch(next, session, now_s, expires_s, addr), NULL);
}

static bool lives(const struct memory_state *state, const void *row, const void *arg)
{
	const struct session *session = row;
	const struct asked *asked = arg;
	return str_eq(session->account_id, asked->account_id) && owner_of(state, session, asked->now_s);
}

int memory_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			struct session **ret_sessions, size_t *ret_n)
{
	const struct asked asked = {account_id, NULL, now_s};
	const struct memory_some some = {MEMORY_SESSION, lives, &asked};
	const struct memory_listing order = {true, MEMORY_LIST_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_sessions, ret_n));
}

static bool is_other(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct session *session = row;
	const struct asked *asked = arg;
	return str_eq(session->account_id, asked->account_id) &&
	       !(asked->except && memcmp(session->sha256, asked->except, sizeof(session->sha256)) == 0);
}

size_t memory_session_end_all(struct memory_state *next, struct str account_id, const unsigned char *except)
{
	const struct asked asked = {account_id, except, 0};
	return memory_table_drop_some(next, &(struct memory_some){MEMORY_SESSION, is_other, &asked}, SIZE_MAX);
}

static int end(struct memory_state *next, struct str account_id, struct str id, const unsigned char *except)
{
	if (!memory_account(next, account_id))
		return E_ABSENT;
	if (id.len == 0)
		return memory_session_end_all(next, account_id, except) > 0 ? 0 : MEMORY_UNCHANGED;
	const struct session *session = memory_table_by_id(next, MEMORY_SESSION, id);
	if (!session || !str_eq(session->account_id, account_id))
		return E_ABSENT;
	memory_table_drop(next, MEMORY_SESSION, session);
	return 0;
}

int memory_session_end(struct store *store, struct str account_id, struct str id, const unsigned char *except,
		       const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, end(next, account_id, id, except), note);
}
