/* Revocation verbs of the memory backend. The list is in the order of seq. */
#include "store/memory.h"

const struct revocation *memory_revocation_find(const struct memory_state *state, enum revocation_kind kind,
						struct str id)
{
	for (size_t i = 0; i < state->n_revocations; i++) {
		const struct revocation *row = &state->revocations[i];
		if (row->kind == kind && str_eq(row->id, id))
			return row;
	}
	return NULL;
}

int memory_revocation_put(struct memory_state *next, const struct revocation *revocation)
{
	struct revocation row = *revocation;
	const struct revocation *before = memory_revocation_find(next, row.kind, row.id);
	TRY(memory_copy_revocation(&next->arena, &row, &row));
	row.seq = ++next->revocation_seq;
	if (before) {
		if (before->until_s > row.until_s)
			row.until_s = before->until_s;
		memory_close_gap(next->revocations, &next->n_revocations, sizeof(row),
				 (size_t)(before - next->revocations));
	}
	next->revocations[next->n_revocations++] = row;
	return 0;
}

static bool is_unredeemed_code(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct memory_code *code = row;
	const struct str *id = arg;
	return !code->used && (str_eq(code->code.client_id, *id) || str_eq(code->code.account_id, *id));
}

/* Ids of clients and accounts differ. */
void memory_revocation_end_unredeemed(struct memory_state *next, struct str id)
{
	memory_table_drop_some(next, &(struct memory_some){MEMORY_CODE, is_unredeemed_code, &id}, SIZE_MAX);
	MEMORY_EACH(struct memory_device, row, next, MEMORY_DEVICE) {
		bool its = str_eq(row->device.client_id, id) || str_eq(row->device.account_id, id);
		if (its && row->device.state == DEVICE_APPROVED)
			row->device.state = DEVICE_DENIED;
	}
}

static int put_jti(struct memory_state *next, const struct revocation *token)
{
	size_t n = 0;
	if (memory_revocation_find(next, REVOCATION_JTI, token->id))
		return MEMORY_UNCHANGED;
	for (size_t i = 0; i < next->n_revocations; i++)
		n += str_eq(next->revocations[i].owner, token->owner);
	return n < MODEL_REVOKED_MAX ? memory_revocation_put(next, token) : E_LIMIT;
}

int memory_revocation_put_jti(struct store *store, const struct revocation *token, const struct audit_note *note)
{
	struct memory_state *next;
	struct revocation row = *token;
	row.kind = REVOCATION_JTI;
	row.epoch = 0;
	row.not_before_s = note->now_s;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put_jti(next, &row), note);
}

static int list(const struct memory_state *state, int64_t after_seq, unsigned limit, struct arena *arena,
		struct revocation_page *ret_page)
{
	struct revocation_page page = {.feed = {STR("00000000000000000000000000000000"), state->revocation_seq}};
	page.revocations = arena_array(arena, limit, sizeof(*page.revocations));
	if (!page.revocations)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_revocations && page.n < limit; i++) {
		if (state->revocations[i].seq > after_seq)
			TRY(memory_copy_revocation(arena, &state->revocations[i], &page.revocations[page.n++]));
	}
	*ret_page = page;
	return 0;
}

int memory_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			   struct revocation_page *ret_page)
{
	return memory_unlock(store, list(memory_lock(store), after_seq, limit, arena, ret_page));
}

int memory_revocation_sweep(struct store *store, int64_t now_s)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	size_t n = 0;
	for (size_t i = 0; i < next->n_revocations; i++) {
		if (next->revocations[i].until_s > now_s)
			next->revocations[n++] = next->revocations[i];
	}
	next->n_revocations = n;
	return memory_end(store, next, 0, NULL);
}
