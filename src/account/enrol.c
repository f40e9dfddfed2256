/* See enrol.h. */
#include "account/enrol.h"

#include "oauth/id.h"
#include "store/store.h"

int enrol_name(struct str text, struct str *ret_name)
{
	struct str name = str_trim_ows(text);
	if (name.len == 0 || name.len > MODEL_LABEL_MAX)
		return E_SYNTAX;
	for (struct str rest = name; rest.len > 0;) {
		size_t n = str_printable(rest);
		if (n == 0)
			return E_SYNTAX;
		rest = (struct str){rest.p + n, rest.len - n};
	}
	*ret_name = name;
	return 0;
}

int enrol_account(struct call *call, const struct enrol_terms *terms, struct account *ret_account)
{
	char id[ID_LEN + 1];
	struct str actor;
	struct account account = {
		.email = terms->email,
		.email_verified = terms->email_verified,
		.name = terms->name,
		.roles = terms->roles,
		.created_s = call_now_s(call),
	};
	TRY(id_new(ID_ACCOUNT, id));
	TRY(arena_str(&call->arena, str_of(id), &account.id));
	TRY(arena_printf(&call->arena, &actor, "account:%s", id));
	const struct audit_note note = {call_now_s(call), actor, STR("account.create"), account.id, str_of(terms->how)};
	const struct enrolment enrolment = {&account, terms->phc, terms->link, terms->taken};
	TRY(store_account_enrol(call->env->store, &enrolment, &note));
	/* As it is now, with the epoch that a session begins with. */
	return store_account_get(call->env->store, account.id, false, &call->arena, ret_account);
}
