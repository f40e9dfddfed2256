/* Setting the second factor up, and ending it; see factor.h. */
#include "account/factor.h"

#include "account/factor_key.h"

int factor_enrol(struct call *call, struct str account_id)
{
	struct login_totp totp = {.on = false};
	struct audit_note note;
	struct login login;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	if (login.totp_on)
		FAIL(call, CONFLICT, "the second factor is on already");
	TRY(factor_key_new(call, account_id, &totp.sealed));
	TRY(factor_key_note(call, account_id, "totp.begin", &note));
	return store_login_set_totp(call->env->store, account_id, &totp, &note);
}

static int get_pending(struct call *call, struct str account_id, struct login *ret_login)
{
	struct login login;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	if (login.totp_on || login.totp.len == 0)
		return E_ABSENT;
	*ret_login = login;
	return 0;
}

int factor_pending(struct call *call, struct str account_id, unsigned char ret_key[TOTP_KEY_LEN])
{
	struct login login;
	TRY(get_pending(call, account_id, &login));
	return factor_key_open(call, account_id, login.totp, ret_key);
}

static int check_first(struct call *call, struct str account_id, struct str sealed, struct str code, int64_t *ret_step)
{
	unsigned char key[TOTP_KEY_LEN];
	TRY(factor_key_guess(call, account_id));
	TRY(factor_key_open(call, account_id, sealed, key));
	int rc = totp_check((struct secret){key, sizeof(key)}, code, call_now_s(call), ret_step);
	secret_wipe(key, sizeof(key));
	return factor_key_guessed(call, account_id, rc);
}

/* With new recovery codes; what was used up to `step` stays used. */
static int switch_on(struct call *call, struct str account_id, struct str sealed, int64_t step, const char *action,
		     struct recovery *ret_recovery)
{
	struct audit_note note;
	TRY(recovery_new(ret_recovery));
	const struct login_totp totp = {sealed, true, step, (const unsigned char (*)[32])ret_recovery->sha256,
					RECOVERY_CODES};
	int rc = factor_key_note(call, account_id, action, &note);
	if (rc == 0)
		rc = store_login_set_totp(call->env->store, account_id, &totp, &note);
	if (rc < 0)
		secret_wipe(ret_recovery, sizeof(*ret_recovery));
	return rc;
}

int factor_confirm(struct call *call, struct str account_id, struct str code, struct recovery *ret_recovery)
{
	struct login login;
	int64_t step = 0;
	TRY(get_pending(call, account_id, &login));
	TRY(check_first(call, account_id, login.totp, code, &step));
	return switch_on(call, account_id, login.totp, step, "totp.on", ret_recovery);
}

int factor_renew(struct call *call, struct str account_id, struct recovery *ret_recovery)
{
	struct login login;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	if (!login.totp_on)
		return E_ABSENT;
	/* A code that is used while this happens could be forgotten: so all up to now count as used. */
	int64_t now = totp_step(call_now_s(call));
	int64_t step = login.totp_step > now ? login.totp_step : now;
	return switch_on(call, account_id, login.totp, step, "recovery.renew", ret_recovery);
}

int factor_off(struct call *call, struct str account_id)
{
	const struct login_totp none = {.on = false};
	struct audit_note note;
	struct login login;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	if (login.totp.len == 0)
		return 0;
	TRY(factor_key_note(call, account_id, "totp.off", &note));
	return store_login_set_totp(call->env->store, account_id, &none, &note);
}
