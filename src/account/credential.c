/* See credential.h. Must never put a password or its hash into a note or a log. */
#include "account/credential.h"

#include "crypto/password.h"
#include "oauth/revoked.h"
#include "store/store.h"

enum strength credential_judge(const struct call *call, struct secret password, struct str email, struct str name)
{
	const struct people_policy *policy = &call->policy->people;
	const struct strength_rules rules = {policy->password_min, policy->password_score};
	const struct str words[] = {email, name};
	return strength_check(&rules, password, words, 2);
}

int credential_hash(struct call *call, struct secret password, struct str *ret_phc)
{
	char mem[PASSWORD_PHC_MAX + 1];
	struct buf phc;
	buf_init_fixed(&phc, mem, sizeof(mem));
	int rc = password_hash(password, &phc);
	if (rc == 0)
		rc = arena_str(&call->arena, buf_str(&phc), ret_phc);
	secret_wipe(mem, sizeof(mem));
	return rc;
}

int credential_change(struct call *call, const struct credential_change *change)
{
	struct str actor;
	int64_t now_s = call_now_s(call);
	int64_t until_s = change->everything ? now_s + REVOKED_KEEP_S : 0;
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(change->account_id)));
	const struct audit_note note = {now_s, actor, str_of(change->how), change->account_id, call->peer_addr};
	struct store *store = call->env->store;
	if (change->taken)
		TRY(store_login_reset_password(store, change->account_id, change->phc, change->taken, until_s, &note));
	else
		TRY(store_login_set_password(store, change->account_id, change->phc, change->except, until_s, &note));
	if (!change->everything)
		return 0;
	directory_drop(call->env->directory, (struct str){0}); /* views hold the epoch of before */
	return call->env->tokens_ended ? call->env->tokens_ended(call->env->tokens_ended_arg) : 0;
}
