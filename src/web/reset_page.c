/*
 * Getting a new password by mail. What is asked for is looked up by the mailer's thread, so neither answer nor time
 * tells who has an account (account/mailer.h). Server process, pool threads.
 */
#include "web/reset_page.h"

#include "account/address.h"
#include "account/credential.h"
#include "account/mailer.h"
#include "web/link_page.h"

enum { STATUS_REFUSED = 422 };

static int show_ask(struct call *call, int status, bool sent, const char *problem)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "sent", sent);
	page_flag(vars, "mails", call->env->mailer != NULL);
	page_number(vars, "minutes", call->policy->people.link_s / 60);
	page_text(vars, "problem", str_of(problem));
	return web_show(call, status, "reset");
}

int reset_page_ask(struct call *call)
{
	enum field { EMAIL, SENT, FIELDS };
	static const struct form_param params[FIELDS] = {[EMAIL] = {"email", false}, [SENT] = {"sent", false}};
	static const struct form_table table = {params, FIELDS};
	struct form_value values[FIELDS];
	struct str email;
	TRY(web_form(call, &table, values));
	if (!call->web->is_post || !call->env->mailer)
		return show_ask(call, 200, values[SENT].present, NULL);
	int rc = address_parse(values[EMAIL].value, &call->arena, &email);
	if (rc == E_SYNTAX)
		return show_ask(call, STATUS_REFUSED, false, "Enter an e-mail address such as name@example.com.");
	TRY(rc);
	TRY(link_page_may_mail(call));
	TRY(mailer_ask(call->env->mailer, MAILER_ASK_RESET, email, call->policy->people.link_s));
	return web_redirect(call, STR("/reset?sent=1"));
}

enum field { TOKEN, PASSWORD, FIELDS };
static const struct form_param params[FIELDS] = {[TOKEN] = {"token", false}, [PASSWORD] = {"password", false}};
static const struct form_table table = {params, FIELDS};

static int show_new(struct call *call, struct str token, const struct account *account, struct str problem)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "token", token);
	page_text(vars, "email", account->email);
	page_number(vars, "least", call->policy->people.password_min);
	page_text(vars, "problem", problem);
	return web_show(call, problem.len > 0 ? STATUS_REFUSED : 200, "reset_new");
}

static int change(struct call *call, const struct link_key *key, const struct account *account, struct str phc)
{
	unsigned char sha256[32];
	struct store_once_key taken;
	const struct credential_change change = {
		.account_id = account->id, .phc = phc, .everything = true, .how = "password.reset", .taken = &taken};
	TRY(link_once(key, sha256, &taken));
	int rc = credential_change(call, &change);
	if (rc == E_REUSED)
		return E_ABSENT;
	TRY(rc);
	link_page_tell(call, account->email);
	return web_redirect(call, STR("/signin?changed=1&continue=%2Faccount%2Freview"));
}

static int take(struct call *call, const struct form_value *values)
{
	struct once once;
	struct account account;
	struct str phc, problem;
	const struct link_key key = {LINK_RESET, values[TOKEN].value, call_now_s(call)};
	TRY(link_peek(call->env->store, &key, &call->arena, &once));
	TRY(store_account_get(call->env->store, once.account_id, false, &call->arena, &account));
	if (account.disabled)
		return E_ABSENT;
	if (!call->web->is_post)
		return show_new(call, key.text, &account, (struct str){0});
	const struct link_page_password given = {values[PASSWORD].value, account.email, account.name};
	TRY(link_page_hash(call, &given, &phc, &problem));
	return problem.len > 0 ? show_new(call, key.text, &account, problem) : change(call, &key, &account, phc);
}

int reset_page_new(struct call *call)
{
	struct form_value values[FIELDS];
	TRY(web_form(call, &table, values));
	int rc = take(call, values);
	return rc == E_ABSENT ? link_page_gone(call, "Links for a new password are good once and not for long. Ask for "
						     "a new one on the sign-in page.")
			      : rc;
}
