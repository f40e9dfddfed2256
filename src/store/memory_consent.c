/* Consent of the memory backend. */
#include "store/memory.h"

static struct consent *find(const struct memory_state *state, struct str account_id, struct str client_id)
{
	MEMORY_EACH(struct consent, row, state, MEMORY_CONSENT) {
		if (str_eq(row->account_id, account_id) && str_eq(row->client_id, client_id))
			return row;
	}
	return NULL;
}

int memory_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
		       struct consent *ret_consent)
{
	const struct consent *row = find(memory_lock(store), account_id, client_id);
	return memory_unlock(store, row ? memory_table_read(arena, MEMORY_CONSENT, row, ret_consent) : E_ABSENT);
}

static int allow(struct memory_state *next, const struct consent *consent)
{
	const struct consent *old = find(next, consent->account_id, consent->client_id);
	if (!memory_account(next, consent->account_id) || !memory_client(next, consent->client_id))
		return E_ABSENT;
	memory_client(next, consent->client_id)->app.unused_since_s = 0;
	if (old)
		memory_table_drop(next, MEMORY_CONSENT, old);
	return memory_table_add(next, MEMORY_CONSENT, consent);
}

int memory_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, allow(next, consent), note);
}

static bool is_consent_of(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	return str_eq(((const struct consent *)row)->account_id, *(const struct str *)arg);
}

int memory_consent_list(struct store *store, struct str account_id, struct arena *arena, struct consent **ret_consents,
			size_t *ret_n)
{
	const struct memory_some some = {MEMORY_CONSENT, is_consent_of, &account_id};
	const struct memory_listing order = {false, SIZE_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_consents, ret_n));
}

static bool is_unredeemed_code(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct memory_code *code = row;
	const struct str *pair = arg;
	return !code->used && str_eq(code->code.account_id, pair[0]) && str_eq(code->code.client_id, pair[1]);
}

static void end_unredeemed(struct memory_state *next, struct str account_id, struct str client_id)
{
	const struct str pair[] = {account_id, client_id};
	memory_table_drop_some(next, &(struct memory_some){MEMORY_CODE, is_unredeemed_code, pair}, SIZE_MAX);
	MEMORY_EACH(struct memory_device, row, next, MEMORY_DEVICE) {
		bool its = str_eq(row->device.client_id, client_id) && str_eq(row->device.account_id, account_id);
		if (its && row->device.state == DEVICE_APPROVED)
			row->device.state = DEVICE_DENIED;
	}
}

static int withdraw(struct memory_state *next, struct str account_id, struct str client_id, int64_t now_s)
{
	const struct consent *row = find(next, account_id, client_id);
	if (!row)
		return E_ABSENT;
	memory_table_drop(next, MEMORY_CONSENT, row);
	end_unredeemed(next, account_id, client_id);
	MEMORY_EACH(struct family, family, next, MEMORY_FAMILY) {
		if (!str_eq(family->account_id, account_id) || !str_eq(family->client_id, client_id))
			continue;
		int rc = memory_family_stop(next, family, now_s);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int memory_consent_delete(struct store *store, struct str account_id, struct str client_id,
			  const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, withdraw(next, account_id, client_id, note->now_s), note);
}
