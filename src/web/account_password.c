/*
 * Changing one's password. Who has none yet (a passkey, another provider) needs a fresh sign-in instead of the current
 * one. Server process, pool threads.
 */
#include "account/credential.h"
#include "account/signin.h"
#include "web/account_pages.h"
#include "web/link_page.h"

enum { STATUS_REFUSED = 422, STATUS_WRONG = 403 };

enum field { CURRENT, PASSWORD, EVERYWHERE, DONE, FIELDS };
static const struct form_param params[FIELDS] = {
	[CURRENT] = {"current", false}, [PASSWORD] = {"password", false}, [EVERYWHERE] = {"everywhere", false},
	[DONE] = {"done", false},
};
static const struct form_table table = {params, FIELDS};

static int show(struct call *call, const struct login *login, int status, struct str problem)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "at_account", true);
	page_flag(vars, "has_password", login->phc.len > 0);
	page_text(vars, "email", call->web->account.email);
	page_number(vars, "least", call->policy->people.password_min);
	page_text(vars, "problem", problem);
	return web_show(call, status, "account_password");
}

static int change(struct call *call, const struct login *login, const struct form_value *values)
{
	const struct account *account = &call->web->account;
	const struct link_page_password given = {values[PASSWORD].value, account->email, account->name};
	struct credential_change change = {
		.account_id = account->id, .except = call->web->session.sha256,
		.everything = values[EVERYWHERE].present, .how = "password.change"};
	struct str problem;
	TRY(web_to_hash_lane(call));
	int rc = login->phc.len > 0 ? signin_again(call, account, secret_of(values[CURRENT].value)) : 0;
	if (rc == E_ACCESS_DENIED)
		return show(call, login, STATUS_WRONG, STR("The current password is not right."));
	TRY(rc);
	TRY(link_page_hash(call, &given, &change.phc, &problem));
	if (problem.len > 0)
		return show(call, login, STATUS_REFUSED, problem);
	TRY(credential_change(call, &change));
	link_page_tell(call, account->email);
	return web_redirect(call, STR("/account/password?done=1"));
}

int account_password_page(struct call *call)
{
	struct form_value values[FIELDS];
	struct login login;
	TRY(web_form(call, &table, values));
	TRY(store_login_get(call->env->store, call->web->account.id, &call->arena, &login));
	if (login.phc.len == 0)
		TRY(web_step_fresh(call));
	if (call->answer.status != 0) /* to the sign-in page */
		return 0;
	if (call->web->is_post)
		return change(call, &login, values);
	page_flag(call->web->vars, "done", values[DONE].present);
	return show(call, &login, 200, (struct str){0});
}
