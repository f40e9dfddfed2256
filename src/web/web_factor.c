/* See web_factor.h. Must never log a code. */
#include "web/web_factor.h"

#include "account/factor.h"
#include "web/authorize_page.h"

int web_factor_sign_in(struct call *call, const struct account *account, unsigned methods, struct str continue_to)
{
	/* The code to come is of just now. */
	const struct factor_wait wait = {account->id, methods & ~(unsigned)AUTH_UNDATED,
					 web_continue(call, continue_to)};
	char text[ID_SECRET_LEN + 1];
	bool needed = false;
	if (!(methods & AUTH_PASSKEY)) /* which is two factors by itself */
		TRY(factor_needed(call, account->id, &needed));
	if (!needed)
		return web_sign_in(call, account, methods, continue_to);
	TRY(factor_begin(call, &wait, text));
	int rc = web_set_cookie(call, WEB_COOKIE_FACTOR, str_mem(text, ID_SECRET_LEN), FACTOR_WAIT_S);
	secret_wipe(text, sizeof(text));
	TRY(rc);
	return web_redirect(call, STR("/signin/factor"));
}

/* It took longer than FACTOR_WAIT_S, or the page was opened by itself. */
static int start_again(struct call *call)
{
	TRY(web_set_cookie(call, WEB_COOKIE_FACTOR, (struct str){0}, -1));
	return web_redirect(call, STR("/signin"));
}

static int finish(struct call *call, const struct factor_wait *wait)
{
	struct account account;
	TRY(store_account_get(call->env->store, wait->account_id, false, &call->arena, &account));
	TRY(web_set_cookie(call, WEB_COOKIE_FACTOR, (struct str){0}, -1));
	return web_sign_in(call, &account, wait->methods, wait->continue_to);
}

static int take_code(struct call *call, struct str text)
{
	static const struct form_param params[] = {{"code", false}};
	static const struct form_table table = {params, 1};
	struct factor_wait wait;
	struct form_value code;
	TRY(web_form(call, &table, &code));
	int rc = factor_finish(call, text, code.value, &wait);
	if (rc == 0)
		return finish(call, &wait);
	if (rc == E_ABSENT)
		return start_again(call);
	if (rc != E_ACCESS_DENIED)
		return rc;
	page_flag(call->web->vars, "wrong", true);
	rc = factor_peek(call, text, &wait);
	if (rc == 0)
		rc = authorize_page_allow(call, wait.continue_to);
	if (rc == E_ABSENT)
		return start_again(call);
	TRY(rc);
	return web_show(call, 403, "signin_factor");
}

int web_factor_step(struct call *call)
{
	struct factor_wait wait;
	struct str text;
	if (web_cookie(call, WEB_COOKIE_FACTOR, &text) < 0)
		return start_again(call);
	if (call->web->is_post)
		return take_code(call, text);
	int rc = factor_peek(call, text, &wait);
	if (rc == E_ABSENT)
		return start_again(call);
	TRY(rc);
	TRY(authorize_page_allow(call, wait.continue_to));
	return web_show(call, 200, "signin_factor");
}
