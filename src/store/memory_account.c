/* Account verbs of the memory backend. */
#include "store/memory.h"

struct account *memory_account(const struct memory_state *state, struct str id)
{
	size_t at;
	return memory_find(state->accounts, state->n_accounts, sizeof(*state->accounts), id, &at) ? &state->accounts[at]
												  : NULL;
}

static struct account *by_email_address(const struct memory_state *state, struct str email)
{
	for (size_t i = 0; i < state->n_accounts; i++) {
		if (str_eq(state->accounts[i].email, email))
			return &state->accounts[i];
	}
	return NULL;
}

static int put(struct memory_state *next, const struct account *account)
{
	size_t at;
	if (memory_find(next->accounts, next->n_accounts, sizeof(*account), account->id, &at) ||
	    by_email_address(next, account->email))
		return E_EXISTS;
	memory_open_gap(next->accounts, &next->n_accounts, sizeof(*account), at);
	return memory_copy_account(&next->arena, account, &next->accounts[at]);
}

static int enrol(struct memory_state *next, const struct enrolment *enrolment)
{
	const struct account *account = enrolment->account;
	TRY(memory_once_use(next, enrolment->taken));
	TRY(put(next, account));
	if (enrolment->phc.len > 0)
		TRY(memory_login_put(next, account->id, enrolment->phc, account->created_s));
	if (!enrolment->link)
		return 0;
	struct upstream_link link = *enrolment->link;
	link.account_id = account->id;
	return memory_upstream_insert(next, &link);
}

int memory_account_put(struct store *store, const struct enrolment *enrolment, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 1, &next));
	return memory_end(store, next, enrol(next, enrolment), note);
}

int memory_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
		       struct account *ret_account)
{
	const struct memory_state *state = memory_lock(store);
	const struct account *account = by_email ? by_email_address(state, key) : memory_account(state, key);
	return memory_unlock(store, account ? memory_copy_account(arena, account, ret_account) : E_ABSENT);
}

static int list(const struct memory_state *state, const struct store_range *range, struct arena *arena,
		struct account **ret_accounts, size_t *ret_n)
{
	size_t n;
	struct memory_row *rows = arena_array(arena, state->n_accounts + 1, sizeof(*rows));
	struct account *accounts = arena_array(arena, range->limit, sizeof(*accounts));
	if (!rows || !accounts)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_accounts; i++)
		rows[i] = (struct memory_row){state->accounts[i].id, state->accounts[i].created_s, &state->accounts[i]};
	TRY(memory_cut(rows, state->n_accounts, range, &rows, &n));
	for (size_t i = 0; i < n; i++)
		TRY(memory_copy_account(arena, rows[i].object, &accounts[i]));
	*ret_accounts = accounts;
	*ret_n = n;
	return 0;
}

int memory_account_list(struct store *store, const struct store_range *range, struct arena *arena,
			struct account **ret_accounts, size_t *ret_n)
{
	return memory_unlock(store, list(memory_lock(store), range, arena, ret_accounts, ret_n));
}

static int update(struct memory_state *next, const struct account *change, const struct store_once_key *taken)
{
	TRY(memory_once_use(next, taken));
	struct account *account = memory_account(next, change->id), *other = by_email_address(next, change->email);
	if (!account)
		return E_ABSENT;
	if (other && other != account)
		return E_EXISTS;
	if (!str_eq(account->email, change->email))
		memory_once_end_all(next, account->id);
	account->email_verified = change->email_verified;
	TRY(arena_str(&next->arena, change->email, &account->email));
	return arena_str(&next->arena, change->name, &account->name);
}

int memory_account_update(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, update(next, account, taken), note);
}

static int set_roles(struct memory_state *next, struct str id, struct str_list roles)
{
	struct account *account = memory_account(next, id);
	return account ? memory_copy_strs(&next->arena, roles, &account->roles) : E_ABSENT;
}

int memory_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, set_roles(next, id, roles), note);
}

int memory_account_raise(struct memory_state *next, struct account *account, int64_t now_s, int64_t until_s)
{
	memory_revocation_end_unredeemed(next, account->id);
	const struct revocation end = {.kind = REVOCATION_ACCOUNT,
				       .id = account->id,
				       .epoch = ++account->epoch,
				       .not_before_s = now_s,
				       .until_s = until_s};
	return memory_revocation_put(next, &end);
}

static int set_disabled(struct memory_state *next, struct account *account, bool disabled, int64_t now_s,
			int64_t until_s)
{
	if (!account)
		return E_ABSENT;
	if (account->disabled == disabled)
		return MEMORY_UNCHANGED;
	account->disabled = disabled;
	memory_once_end_all(next, account->id);
	if (!disabled)
		return 0;
	return memory_account_raise(next, account, now_s, until_s);
}

int memory_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
				const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = set_disabled(next, memory_account(next, id), disabled, note->now_s, until_s);
	return memory_end(store, next, rc, note);
}

static int delete (struct memory_state *next, struct str id, bool with_clients, struct revocation end)
{
	size_t at, i = 0;
	if (!memory_find(next->accounts, next->n_accounts, sizeof(*next->accounts), id, &at))
		return E_ABSENT;
	while (i < next->n_clients) {
		if (!str_eq(next->clients[i].account_id, id)) {
			i++;
			continue;
		}
		if (!with_clients)
			return E_CONFLICT;
		memory_client_remove(next, i);
	}
	TRY(memory_account_raise(next, &next->accounts[at], end.not_before_s, end.until_s));
	memory_table_forget(next, MEMORY_OF_ACCOUNT, id);
	memory_close_gap(next->accounts, &next->n_accounts, sizeof(*next->accounts), at);
	return 0;
}

int memory_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
			  const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	const struct revocation end = {.not_before_s = note->now_s, .until_s = until_s};
	return memory_end(store, next, delete (next, id, with_clients, end), note);
}
