/* Whose account it is that a provider speaks of; see upstream.h. */
#include "account/enrol.h"
#include "account/factor_key.h"
#include "account/upstream.h"

/* Whether the operator lets this provider vouch for addresses of this domain. */
static bool speaks_for(const struct upstream_options *options, struct str email)
{
	struct str local, domain;
	if (!str_cut(email, '@', &local, &domain))
		return false;
	for (size_t i = 0; i < options->domains.n; i++)
		if (str_eq_ci(options->domains.v[i], domain))
			return true;
	return false;
}

int upstream_link(struct call *call, const struct upstream *upstream, const struct upstream_person *person,
		  struct str account_id)
{
	const struct upstream_link link = {upstream_options(upstream)->issuer, person->subject, account_id,
					   person->email, call_now_s(call)};
	struct audit_note note;
	TRY(factor_key_note(call, account_id, "upstream.link", &note));
	note.detail = link.issuer;
	return store_upstream_put(call->env->store, &link, &note);
}

static int create(struct call *call, const struct upstream *upstream, const struct upstream_person *person,
		  struct account *ret_account)
{
	const struct upstream_link link = {.issuer = upstream_options(upstream)->issuer, .subject = person->subject,
					   .email = person->email, .created_s = call_now_s(call)};
	struct str local = person->email;
	local.len = str_find(local, '@');
	const struct enrol_terms terms = {
		.email = person->email,
		.email_verified = true,
		.name = person->name.len > 0 ? person->name : local,
		.how = "upstream",
		.link = &link,
	};
	return enrol_account(call, &terms, ret_account);
}

/* Nobody is linked yet. */
static int join(struct call *call, const struct upstream *upstream, const struct upstream_person *person,
		struct account *ret_account)
{
	const struct upstream_options *options = upstream_options(upstream);
	struct account account;
	if (person->email.len == 0 || !person->email_verified)
		FAIL(call, ABSENT, "no verified address came with it");
	int rc = store_account_get(call->env->store, person->email, true, &call->arena, &account);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	/* Who made an account with somebody's address and never read mail there waits for him to be joined to it. */
	if (rc == 0 && (!speaks_for(options, person->email) || !account.email_verified))
		FAIL(call, ABSENT, "an account has this address, but the provider does not speak for it");
	if (rc == E_ABSENT && (!options->create || (options->domains.n > 0 && !speaks_for(options, person->email))))
		FAIL(call, ABSENT, "no account, and none is made");
	if (rc == E_ABSENT)
		return create(call, upstream, person, ret_account);
	TRY(upstream_link(call, upstream, person, account.id));
	*ret_account = account;
	return 0;
}

int upstream_account(struct call *call, const struct upstream *upstream, const struct upstream_person *person,
		     struct account *ret_account)
{
	struct upstream_link link;
	struct account account;
	int rc = store_upstream_get(call->env->store, upstream_options(upstream)->issuer, person->subject,
				    &call->arena, &link);
	if (rc == 0)
		rc = store_account_get(call->env->store, link.account_id, false, &call->arena, &account);
	else if (rc == E_ABSENT)
		rc = join(call, upstream, person, &account);
	TRY(rc);
	if (account.disabled)
		FAIL(call, ACCESS_DENIED, "the account is disabled");
	*ret_account = account;
	return 0;
}
