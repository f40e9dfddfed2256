/* Families of the memory backend. */
#include "store/memory.h"

struct asked {
	struct str account_id;
	int64_t now_s;
};

int memory_family_give(struct memory_state *next, struct family *family, const struct issue *issue)
{
	const struct memory_token token = {*issue->access, family->id};
	family->used_s = issue->now_s;
	TRY(memory_table_add(next, MEMORY_TOKEN, &token));
	if (!issue->refresh)
		return 0;
	if (memory_table_by_hash(next, MEMORY_REFRESH, issue->refresh->sha256))
		return E_EXISTS;
	struct memory_refresh row = {.refresh = *issue->refresh};
	row.refresh.family_id = family->id;
	row.refresh.used_s = 0;
	return memory_table_add(next, MEMORY_REFRESH, &row);
}

int memory_family_begin(struct memory_state *next, const struct issue *issue)
{
	struct family family = *issue->family;
	family.ended_s = 0;
	if (!memory_account(next, family.account_id) || !memory_client(next, family.client_id))
		return E_ABSENT;
	if (memory_table_by_id(next, MEMORY_FAMILY, family.id))
		return E_EXISTS;
	memory_client(next, family.client_id)->app.unused_since_s = 0;
	TRY(memory_table_add(next, MEMORY_FAMILY, &family));
	return memory_family_give(next, memory_table_by_id(next, MEMORY_FAMILY, family.id), issue);
}

int memory_family_stop(struct memory_state *next, struct family *family, int64_t now_s)
{
	if (family->ended_s != 0)
		return MEMORY_UNCHANGED;
	family->ended_s = now_s;
	MEMORY_EACH(struct memory_token, row, next, MEMORY_TOKEN) {
		const struct revocation end = {.kind = REVOCATION_JTI,
					       .id = row->token.jti,
					       .not_before_s = now_s,
					       .until_s = row->token.until_s,
					       .owner = family->client_id};
		if (str_eq(row->family_id, family->id) && end.until_s > now_s &&
		    !memory_revocation_find(next, REVOCATION_JTI, end.id))
			TRY(memory_revocation_put(next, &end));
	}
	return 0;
}

int memory_family_reuse(struct memory_state *next, struct str family_id, int64_t now_s)
{
	struct family *family = memory_table_by_id(next, MEMORY_FAMILY, family_id);
	int rc = family ? memory_family_stop(next, family, now_s) : MEMORY_UNCHANGED;
	if (rc < 0)
		return rc;
	next->reused = family_id;
	return rc == MEMORY_UNCHANGED ? E_REUSED : MEMORY_REUSED;
}

int memory_family_commit(struct store *store, struct memory_state *next, int rc, const struct audit_note *done_note,
			 const struct audit_note *note)
{
	if (rc != MEMORY_REUSED)
		return memory_end(store, next, rc, done_note);
	struct audit_note reused = *note;
	reused.action = STR(STORE_REUSED);
	reused.target = next->reused;
	TRY(memory_end(store, next, 0, &reused));
	return E_REUSED;
}

static int stop(struct memory_state *next, struct family *family, int64_t now_s)
{
	return family ? memory_family_stop(next, family, now_s) : E_ABSENT;
}

int memory_family_end(struct store *store, struct str id, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = stop(next, memory_table_by_id(next, MEMORY_FAMILY, id), note->now_s);
	return memory_end(store, next, rc, note);
}

int memory_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family)
{
	const struct family *row = memory_table_by_id(memory_lock(store), MEMORY_FAMILY, id);
	return memory_unlock(store, row ? memory_table_read(arena, MEMORY_FAMILY, row, ret_family) : E_ABSENT);
}

static bool lives(const struct memory_state *state, const void *row, const void *arg)
{
	const struct family *family = row;
	const struct asked *asked = arg;
	if (!str_eq(family->account_id, asked->account_id) || family->ended_s != 0 || family->expires_s <= asked->now_s)
		return false;
	return family->account_epoch == memory_account(state, family->account_id)->epoch &&
	       family->epoch == memory_client(state, family->client_id)->epoch;
}

int memory_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		       struct family **ret_families, size_t *ret_n)
{
	const struct asked asked = {account_id, now_s};
	const struct memory_some some = {MEMORY_FAMILY, lives, &asked};
	const struct memory_listing order = {true, MEMORY_LIST_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_families, ret_n));
}
