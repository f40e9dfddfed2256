/* Passwords and TOTP of the memory backend. An account that never set anything up has no row. */
#include "store/memory.h"

int memory_login_get(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login)
{
	const struct memory_state *state = memory_lock(store);
	const struct memory_login *row = memory_table_by_id(state, MEMORY_LOGIN, account_id);
	if (!memory_account(state, account_id))
		return memory_unlock(store, E_ABSENT);
	if (row)
		return memory_unlock(store, memory_table_read(arena, MEMORY_LOGIN, row, ret_login));
	*ret_login = (struct login){0};
	return memory_unlock(store, 0);
}

/* The row of an account, made when there is none. E_ABSENT: no such account. */
static int need_row(struct memory_state *next, struct str account_id, struct memory_login **ret_row)
{
	if (!memory_account(next, account_id))
		return E_ABSENT;
	if (!memory_table_by_id(next, MEMORY_LOGIN, account_id))
		TRY(memory_table_add(next, MEMORY_LOGIN, &(struct memory_login){.account_id = account_id}));
	*ret_row = memory_table_by_id(next, MEMORY_LOGIN, account_id);
	return 0;
}

int memory_login_put(struct memory_state *next, struct str account_id, struct str phc, int64_t now_s)
{
	struct memory_login *row;
	TRY(need_row(next, account_id, &row));
	row->login.password_s = phc.len > 0 ? now_s : 0;
	return arena_str(&next->arena, phc, &row->login.phc);
}

static int set_password(struct memory_state *next, struct str account_id, const struct new_password *change,
			int64_t now_s)
{
	if (!memory_account(next, account_id))
		return E_ABSENT;
	TRY(memory_once_use(next, change->taken));
	TRY(memory_login_put(next, account_id, change->phc, now_s));
	memory_session_end_all(next, account_id, change->except);
	memory_once_end_all(next, account_id);
	if (change->until_s == 0)
		return 0;
	struct account *account = memory_account(next, account_id);
	TRY(memory_account_raise(next, account, now_s, change->until_s));
	MEMORY_EACH(struct session, session, next, MEMORY_SESSION) {
		if (str_eq(session->account_id, account->id) && session->account_epoch + 1 == account->epoch)
			session->account_epoch++; /* an older one stays over */
	}
	return 0;
}

int memory_login_set_password(struct store *store, struct str account_id, const struct new_password *password,
			      const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, set_password(next, account_id, password, note->now_s), note);
}

static int set_totp(struct memory_state *next, struct str account_id, const struct login_totp *totp)
{
	struct memory_login *row;
	TRY(need_row(next, account_id, &row));
	TRY(arena_str(&next->arena, totp->sealed, &row->login.totp));
	row->login.totp_on = totp->on;
	row->login.totp_step = totp->step;
	row->login.n_recovery = totp->n_recovery;
	if (totp->n_recovery > 0)
		memcpy(row->recovery, totp->recovery, totp->n_recovery * sizeof(row->recovery[0]));
	return 0;
}

int memory_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
			  const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, set_totp(next, account_id, totp), note);
}

static bool drop_passkey(struct memory_state *next, struct str account_id)
{
	MEMORY_EACH(struct passkey, row, next, MEMORY_PASSKEY) {
		if (!str_eq(row->account_id, account_id))
			continue;
		memory_table_drop(next, MEMORY_PASSKEY, row);
		return true; /* rows have moved */
	}
	return false;
}

static int reset_factors(struct memory_state *next, struct str account_id)
{
	TRY(set_totp(next, account_id, &(struct login_totp){.on = false}));
	while (drop_passkey(next, account_id))
		continue;
	memory_session_end_all(next, account_id, NULL);
	memory_once_end_all(next, account_id);
	return 0;
}

int memory_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, reset_factors(next, account_id), note);
}

static int use_totp(struct memory_login *row, int64_t step)
{
	if (!row || !row->login.totp_on)
		return E_ABSENT;
	if (step <= row->login.totp_step) /* RFC 6238 5.2 */
		return E_REUSED;
	row->login.totp_step = step;
	return 0;
}

int memory_login_use_totp(struct store *store, struct str account_id, int64_t step)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, use_totp(memory_table_by_id(next, MEMORY_LOGIN, account_id), step), NULL);
}

static int use_recovery(struct memory_login *row, const unsigned char sha256[32])
{
	size_t n = row ? row->login.n_recovery : 0;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(row->recovery[i], sha256, sizeof(row->recovery[i])) != 0)
			continue;
		memory_close_gap(row->recovery, &row->login.n_recovery, sizeof(row->recovery[0]), i);
		return 0;
	}
	return E_ABSENT;
}

int memory_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
			      const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, use_recovery(memory_table_by_id(next, MEMORY_LOGIN, account_id), sha256), note);
}
