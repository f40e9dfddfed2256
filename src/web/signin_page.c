/*
 * Signing in with a password, and out. The form is the same whether somebody exists or not; see account/signin.h for
 * what keeps it so. Server process, pool threads. Must never redirect anywhere that web_continue has not seen.
 */
#include "web/signin_page.h"

#include "account/signin.h"
#include "web/authorize_page.h"
#include "web/web_factor.h"
#include "web/web_upstream.h"

enum { STATUS_WRONG = 403 };

enum field { EMAIL, PASSWORD, CONTINUE, LOGIN_HINT, REAUTH, CHANGED, FIELDS };
static const struct form_param params[FIELDS] = {
	[EMAIL] = {"email", false},           [PASSWORD] = {"password", false}, [CONTINUE] = {"continue", false},
	[LOGIN_HINT] = {"login_hint", false}, [REAUTH] = {"reauth", false},
	[CHANGED] = {"changed", false},
};
static const struct form_table table = {params, FIELDS};

static int show(struct call *call, const struct form_value *values, int status, const char *problem)
{
	struct page_vars *vars = call->web->vars;
	struct str hint = values[values[EMAIL].present ? EMAIL : LOGIN_HINT].value;
	if (hint.len == 0 && call->web->signed_in)
		hint = call->web->account.email;
	page_text(vars, "email", hint.len <= MODEL_EMAIL_MAX ? hint : (struct str){0});
	page_text(vars, "continue", values[CONTINUE].value);
	page_flag(vars, "reauth", values[REAUTH].present);
	page_flag(vars, "open", call->policy->people.signup == SIGNUP_OPEN);
	page_flag(vars, "mails", call->env->mailer != NULL);
	page_flag(vars, "changed", values[CHANGED].present);
	page_text(vars, "problem", str_of(problem));
	TRY(web_upstream_offer(call, values[CONTINUE].value, values[REAUTH].present));
	call->answer.script = true; /* passkeys */
	TRY(authorize_page_allow(call, web_continue(call, values[CONTINUE].value)));
	return web_show(call, status, "signin");
}

static int check(struct call *call, const struct form_value *values)
{
	struct account account;
	struct login login;
	if (!values[EMAIL].present || !values[PASSWORD].present)
		return show(call, values, STATUS_WRONG, "Enter your e-mail address and your password.");
	TRY(web_to_hash_lane(call));
	int rc = signin_password(call, values[EMAIL].value, secret_of(values[PASSWORD].value), &account, &login);
	if (rc == E_ACCESS_DENIED)
		return show(call, values, STATUS_WRONG,
			    "This address and this password do not fit together. Check both, or reset the password.");
	TRY(rc);
	return web_factor_sign_in(call, &account, AUTH_PASSWORD, values[CONTINUE].value);
}

int signin_page(struct call *call)
{
	struct form_value values[FIELDS];
	TRY(web_form(call, &table, values));
	if (call->web->is_post)
		return check(call, values);
	if (call->web->signed_in && !values[REAUTH].present)
		return web_redirect(call, web_continue(call, values[CONTINUE].value));
	return show(call, values, 200, NULL);
}

int signin_page_out(struct call *call)
{
	static const struct form_table none = {params, 0};
	struct form_value values[1];
	TRY(web_form(call, &none, values));
	TRY(web_sign_out(call));
	return web_redirect(call, STR("/signin"));
}
