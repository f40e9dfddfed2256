/* The step of a sign-in; see factor.h. Setting it up: factor_enrol.c. RFC 6238 5.2, RFC 4226 7.3. */
#include "account/factor.h"

#include "account/factor_key.h"
#include "base/log.h"

int factor_needed(struct call *call, struct str account_id, bool *ret_needed)
{
	struct login login;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	*ret_needed = login.totp_on;
	return 0;
}

int factor_begin(struct call *call, const struct factor_wait *wait, char ret_text[ID_SECRET_LEN + 1])
{
	struct once once = {
		.kind = ONCE_FACTOR,
		.account_id = wait->account_id,
		.created_s = call_now_s(call),
		.expires_s = call_now_s(call) + FACTOR_WAIT_S,
	};
	char text[ID_SECRET_LEN + 1];
	TRY(id_bearer_new(BEARER_LINK, text, once.sha256));
	TRY(arena_printf(&call->arena, &once.data, "%u %.*s", wait->methods, STR_ARG(wait->continue_to)));
	TRY(store_once_put(call->env->store, &once, NULL));
	memcpy(ret_text, text, sizeof(text));
	secret_wipe(text, sizeof(text));
	return 0;
}

static int read_wait(const struct once *once, struct factor_wait *ret_wait)
{
	struct factor_wait wait = {.account_id = once->account_id};
	struct str number;
	uint64_t methods;
	if (!str_cut(once->data, ' ', &number, &wait.continue_to))
		return E_INTERNAL;
	TRY(str_to_u64(number, UINT32_MAX, &methods));
	wait.methods = (unsigned)methods;
	*ret_wait = wait;
	return 0;
}

static int hash_text(struct str text, unsigned char ret_sha256[SHA256_LEN])
{
	int rc = id_bearer_parse(BEARER_LINK, text, ret_sha256);
	return rc == E_SYNTAX ? E_ABSENT : rc;
}

int factor_peek(struct call *call, struct str text, struct factor_wait *ret_wait)
{
	unsigned char sha256[SHA256_LEN];
	struct once once;
	TRY(hash_text(text, sha256));
	const struct store_once_key key = {sha256, ONCE_FACTOR, call_now_s(call)};
	TRY(store_once_peek(call->env->store, &key, &call->arena, &once));
	return read_wait(&once, ret_wait);
}

static int check_recovery(struct call *call, struct str account_id, const unsigned char sha256[SHA256_LEN])
{
	struct audit_note note;
	TRY(factor_key_note(call, account_id, "recovery.use", &note));
	int rc = store_login_use_recovery(call->env->store, account_id, sha256, &note);
	return rc == E_ABSENT ? E_ACCESS_DENIED : rc;
}

static int check_totp(struct call *call, struct str account_id, struct str code)
{
	unsigned char key[TOTP_KEY_LEN];
	struct login login;
	int64_t step = 0;
	TRY(store_login_get(call->env->store, account_id, &call->arena, &login));
	if (!login.totp_on)
		return E_ACCESS_DENIED;
	TRY(factor_key_guess_code(call, account_id));
	TRY(factor_key_open(call, account_id, login.totp, key));
	int rc = totp_check((struct secret){key, sizeof(key)}, code, call_now_s(call), &step);
	secret_wipe(key, sizeof(key));
	if (rc == E_ACCESS_DENIED)
		factor_key_wrong_code(call, account_id);
	TRY(rc);
	/* RFC 6238 5.2: a code that was accepted once is not accepted again */
	rc = store_login_use_totp(call->env->store, account_id, step);
	return rc == E_REUSED || rc == E_ABSENT ? E_ACCESS_DENIED : rc;
}

static int check_code(struct call *call, struct str account_id, struct str code, unsigned *ret_method)
{
	unsigned char sha256[SHA256_LEN];
	int rc = recovery_parse(code, sha256);
	if (rc == E_CRYPTO)
		return rc;
	TRY(rc == 0 ? check_recovery(call, account_id, sha256) : check_totp(call, account_id, code));
	*ret_method = rc == 0 ? AUTH_RECOVERY : AUTH_TOTP;
	return 0;
}

int factor_finish(struct call *call, struct str text, struct str code, struct factor_wait *ret_wait)
{
	unsigned char sha256[SHA256_LEN];
	struct factor_wait wait;
	struct once once;
	unsigned method = 0;
	TRY(factor_peek(call, text, &wait));
	TRY(factor_key_guess(call, wait.account_id));
	int rc = check_code(call, wait.account_id, code, &method);
	TRY(factor_key_guessed(call, wait.account_id, rc));
	/* Last, so that a wrong code leaves another try; whoever takes it first goes on, whatever the others typed. */
	TRY(hash_text(text, sha256));
	const struct store_once_key key = {sha256, ONCE_FACTOR, call_now_s(call)};
	TRY(store_once_take(call->env->store, &key, &call->arena, &once, NULL));
	wait.methods |= method;
	*ret_wait = wait;
	return 0;
}
