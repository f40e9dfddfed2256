/*
 * Asking for an account: nothing but an address, to which a link goes. Everything else (name, password) is asked behind
 * the link, so no account exists whose address nobody has verified. Server process, pool threads.
 */
#include "web/signup_page.h"

#include "account/address.h"
#include "account/mailer.h"
#include "web/link_page.h"

enum { STATUS_REFUSED = 422 };

enum field { EMAIL, SENT, FIELDS };
static const struct form_param params[FIELDS] = {[EMAIL] = {"email", false}, [SENT] = {"sent", false}};
static const struct form_table table = {params, FIELDS};

static int show(struct call *call, int status, bool sent, const char *problem)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "open", call->policy->people.signup == SIGNUP_OPEN && call->env->mailer);
	page_flag(vars, "sent", sent);
	page_text(vars, "problem", str_of(problem));
	return web_show(call, status, "signup");
}

int signup_page(struct call *call)
{
	struct form_value values[FIELDS];
	struct str email;
	if (call->policy->people.signup == SIGNUP_OFF)
		FAIL(call, NOT_FOUND, "sign-up is off");
	TRY(web_form(call, &table, values));
	if (!call->web->is_post || call->policy->people.signup != SIGNUP_OPEN || !call->env->mailer)
		return show(call, 200, values[SENT].present, NULL);
	int rc = address_parse(values[EMAIL].value, &call->arena, &email);
	if (rc == E_SYNTAX)
		return show(call, STATUS_REFUSED, false, "Enter an e-mail address such as name@example.com.");
	TRY(rc);
	TRY(link_page_may_mail(call));
	TRY(mailer_ask(call->env->mailer, MAILER_ASK_SIGNUP, email, call->policy->people.link_s));
	return web_redirect(call, STR("/signup?sent=1"));
}
