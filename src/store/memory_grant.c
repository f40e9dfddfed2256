/* Codes and refresh tokens of the memory backend. */
#include "store/memory.h"

static int put_code(struct memory_state *next, const struct code *code, const unsigned char *pushed)
{
	const struct memory_code row = {.code = *code};
	if (pushed) {
		const struct store_once_key key = {pushed, ONCE_PAR, code->created_s};
		const struct once *once = memory_once_find(next, &key);
		if (!once)
			return E_REUSED;
		memory_table_drop(next, MEMORY_ONCE, once);
	}
	if (!memory_client(next, code->client_id) || !memory_account(next, code->account_id) ||
	    (code->api_id.len > 0 && !memory_api(next, code->api_id)))
		return E_ABSENT;
	return memory_table_by_hash(next, MEMORY_CODE, code->sha256) ? E_EXISTS
								     : memory_table_add(next, MEMORY_CODE, &row);
}

int memory_code_put(struct store *store, const struct code *code, const unsigned char *pushed)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put_code(next, code, pushed), NULL);
}

int memory_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena, struct code *ret_code,
		     bool *ret_used)
{
	const struct memory_code *row = memory_table_by_hash(memory_lock(store), MEMORY_CODE, sha256);
	int rc = row ? memory_table_read(arena, MEMORY_CODE, row, ret_code) : E_ABSENT;
	if (rc == 0)
		*ret_used = row->used;
	return memory_unlock(store, rc);
}

/* RFC 6749 4.1.2: a second use ends what began with the first, however late it comes. */
static int redeem(struct memory_state *next, const unsigned char sha256[32], const struct issue *issue)
{
	struct memory_code *row = memory_table_by_hash(next, MEMORY_CODE, sha256);
	if (!row)
		return E_ABSENT;
	if (row->used)
		return memory_family_reuse(next, row->family_id, issue->now_s);
	if (row->code.expires_s <= issue->now_s)
		return E_ABSENT;
	row->used = true;
	TRY(arena_str(&next->arena, issue->family->id, &row->family_id));
	return memory_family_begin(next, issue);
}

int memory_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
		       const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_family_commit(store, next, redeem(next, sha256, issue), note, note);
}

int memory_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
			struct refresh *ret_refresh, struct family *ret_family)
{
	const struct memory_state *state = memory_lock(store);
	const struct memory_refresh *row = memory_table_by_hash(state, MEMORY_REFRESH, sha256);
	struct refresh refresh;
	if (!row)
		return memory_unlock(store, E_ABSENT);
	int rc = memory_table_read(arena, MEMORY_REFRESH, row, &refresh);
	if (rc == 0)
		rc = memory_table_read(arena, MEMORY_FAMILY,
				       memory_table_by_id(state, MEMORY_FAMILY, row->refresh.family_id), ret_family);
	if (rc == 0)
		*ret_refresh = refresh;
	return memory_unlock(store, rc);
}

/* The answer to its rotation was lost: the successor that nobody has used dies and is replaced, once. */
static bool regrant(const struct memory_state *next, struct memory_refresh *row, int64_t grace_s, int64_t now_s)
{
	if (grace_s == 0 || row->regranted || now_s - row->refresh.used_s > grace_s)
		return false;
	struct memory_refresh *successor = memory_table_by_hash(next, MEMORY_REFRESH, row->successor);
	if (!successor || successor->refresh.used_s != 0)
		return false;
	successor->refresh.used_s = now_s; /* whoever brings it now is a second party */
	row->regranted = successor->regranted = true;
	return true;
}

static int take(const struct memory_state *next, struct memory_refresh *row, int64_t grace_s, int64_t now_s)
{
	if (row->refresh.used_s != 0)
		return regrant(next, row, grace_s, now_s) ? 0 : E_REUSED;
	if (row->refresh.expires_s <= now_s)
		return E_ABSENT;
	row->refresh.used_s = now_s;
	return 0;
}

static int rotate(struct memory_state *next, const unsigned char sha256[32], int64_t grace_s, const struct issue *issue)
{
	struct memory_refresh *row = memory_table_by_hash(next, MEMORY_REFRESH, sha256);
	struct family *family = row ? memory_table_by_id(next, MEMORY_FAMILY, row->refresh.family_id) : NULL;
	if (!family || family->ended_s != 0 || family->expires_s <= issue->now_s)
		return E_ABSENT;
	int rc = take(next, row, grace_s, issue->now_s);
	if (rc == E_REUSED) /* RFC 9700 4.14.2 */
		return memory_family_reuse(next, family->id, issue->now_s);
	TRY(rc);
	if (issue->refresh)
		memcpy(row->successor, issue->refresh->sha256, sizeof(row->successor));
	return memory_family_give(next, family, issue);
}

int memory_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			  const struct issue *issue, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_family_commit(store, next, rotate(next, sha256, grace_s, issue), NULL, note);
}
