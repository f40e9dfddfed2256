/*
 * The address of an account: a new one counts once somebody who reads its mail has confirmed it, and the old one is
 * told. Whether another account has it already learns only who reads that mail. Server process, pool threads.
 */
#include "account/address.h"
#include "account/mailer.h"
#include "web/account_pages.h"
#include "web/link_page.h"

enum { STATUS_REFUSED = 422, STATUS_TAKEN = 409 };

static int show_email(struct call *call, int status, struct str sent_to, const char *problem)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "at_account", true);
	page_text(vars, "email", call->web->account.email);
	page_flag(vars, "verified", call->web->account.email_verified);
	page_flag(vars, "mails", call->env->mailer != NULL);
	page_text(vars, "sent_to", sent_to);
	page_text(vars, "problem", str_of(problem));
	return web_show(call, status, "account_email");
}

static int send_link(struct call *call, struct str email)
{
	char text[ID_SECRET_LEN + 1], url_mem[MAILER_URL_MAX];
	struct buf url;
	struct audit_note note;
	const int64_t good_s = call->policy->people.link_s;
	const struct link_terms terms = {LINK_VERIFY, call->web->account.id, email, call_now_s(call), good_s};
	TRY(web_note(call, "email.verify", call->web->account.id, &note));
	TRY(link_new(call->env->store, &terms, &note, text));
	buf_init_fixed(&url, url_mem, sizeof(url_mem));
	link_url(call->policy->issuer, LINK_VERIFY, str_of(text), &url);
	secret_wipe(text, sizeof(text));
	const struct mailer_order order = {MAIL_VERIFY, email, buf_str(&url), good_s};
	int rc = buf_status(&url) < 0 ? E_LIMIT : mailer_send(call->env->mailer, &order);
	secret_wipe(url_mem, sizeof(url_mem));
	return rc;
}

int account_email_page(struct call *call)
{
	static const struct form_param params[] = {{"email", false}};
	static const struct form_table table = {params, 1};
	struct form_value values[1];
	struct str email;
	TRY(web_form(call, &table, values));
	if (!call->web->is_post || !call->env->mailer)
		return show_email(call, 200, (struct str){0}, NULL);
	int rc = address_parse(values[0].value, &call->arena, &email);
	if (rc == E_SYNTAX)
		return show_email(call, STATUS_REFUSED, (struct str){0},
				  "Enter an e-mail address such as name@example.com.");
	TRY(rc);
	TRY(link_page_may_mail(call));
	TRY(send_link(call, email));
	return show_email(call, 200, email, NULL);
}

static int show_verify(struct call *call, struct str token, struct str email)
{
	page_text(call->web->vars, "token", token);
	page_text(call->web->vars, "email", email);
	return web_show(call, 200, "verify");
}

static int confirm(struct call *call, const struct link_key *key, struct account *account, struct str email)
{
	unsigned char sha256[32];
	struct store_once_key taken;
	struct str before = account->email, actor;
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(account->id)));
	const struct audit_note note = {call_now_s(call), actor, STR("email.change"), account->id, email};
	TRY(link_once(key, sha256, &taken));
	account->email = email;
	account->email_verified = true;
	int rc = store_account_confirm(call->env->store, account, &taken, &note);
	if (rc == E_REUSED)
		return E_ABSENT;
	if (rc == E_EXISTS) {
		page_text(call->web->vars, "taken", email);
		return web_show(call, STATUS_TAKEN, "verify_done");
	}
	TRY(rc);
	directory_drop(call->env->directory, (struct str){0}); /* tokens carry the address */
	if (!str_eq(before, email))
		link_page_tell(call, before);
	return web_redirect(call, STR("/verify?done=1"));
}

/*
 * Only who is signed in to the very account: else somebody could have a stranger confirm the stranger's own address for
 * an account that is not the stranger's, and pass for him wherever apps go by verified addresses.
 */
static int verify(struct call *call, const struct link_key *key)
{
	struct once once;
	struct account account;
	TRY(link_peek(call->env->store, key, &call->arena, &once));
	TRY(store_account_get(call->env->store, once.account_id, false, &call->arena, &account));
	if (account.disabled)
		return E_ABSENT;
	if (!call->web->signed_in)
		return web_to_sign_in(call, false);
	if (!str_eq(account.id, call->web->account.id))
		return web_fail_page(call, E_FORBIDDEN,
				     "This link is for another account than the one you are signed in to. If you did "
				     "not ask for it, do nothing. Else sign out and open the link once more.");
	return call->web->is_post ? confirm(call, key, &account, once.data)
				  : show_verify(call, key->text, once.data);
}

int account_email_verify(struct call *call)
{
	enum field { TOKEN, DONE, FIELDS };
	static const struct form_param params[FIELDS] = {[TOKEN] = {"token", false}, [DONE] = {"done", false}};
	static const struct form_table table = {params, FIELDS};
	struct form_value values[FIELDS];
	TRY(web_form(call, &table, values));
	if (values[DONE].present && !values[TOKEN].present)
		return web_show(call, 200, "verify_done");
	const struct link_key key = {LINK_VERIFY, values[TOKEN].value, call_now_s(call)};
	int rc = verify(call, &key);
	return rc == E_ABSENT ? link_page_gone(call, "Links to confirm an address are good once and not for long. Ask "
						     "for a new one on your account's page.")
			      : rc;
}
