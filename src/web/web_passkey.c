/* See web_passkey.h. */
#include "web/web_passkey.h"

#include "account/passkey.h"
#include "base/enc.h"

enum { P_ACTION, P_ID, P_NAME, P_CREDENTIAL, P_CONTINUE, PARAMS };

static const struct form_param params[PARAMS] = {
	[P_ACTION] = {"action", false}, [P_ID] = {"id", false}, [P_NAME] = {"name", false},
	[P_CREDENTIAL] = {"credential", false}, [P_CONTINUE] = {"continue", false},
};
static const struct form_table table = {params, PARAMS};

/* What binds a challenge to this browser. One that has no cookie yet gets it with this very answer. */
static int get_browser(struct call *call, struct str *ret_browser)
{
	if (web_cookie(call, WEB_COOKIE_FORM, ret_browser) == 0)
		return 0;
	FAIL(call, FORBIDDEN, "no form cookie");
}

static int answer_json(struct call *call)
{
	call->answer.media_type = STR("application/json");
	call->answer.status = 200;
	return 0;
}

int web_passkey_account_options(struct call *call)
{
	struct form_value values[PARAMS];
	struct str browser;
	TRY(web_form(call, &table, values));
	TRY(get_browser(call, &browser));
	TRY(passkey_create_options(call, &call->web->account, browser, call->answer.body));
	return answer_json(call);
}

int web_passkey_signin_options(struct call *call)
{
	struct form_value values[PARAMS];
	struct str browser;
	TRY(web_form(call, &table, values));
	TRY(get_browser(call, &browser));
	TRY(passkey_get_options(call, browser, call->answer.body));
	return answer_json(call);
}

int web_passkey_signin(struct call *call)
{
	struct form_value values[PARAMS];
	struct account account;
	struct str browser;
	TRY(web_form(call, &table, values));
	TRY(get_browser(call, &browser));
	int rc = passkey_get(call, browser, values[P_CREDENTIAL].value, &account);
	if (rc == E_ACCESS_DENIED)
		return web_fail_page(call, E_FORBIDDEN,
				     "This passkey does not open an account here. Go back to the sign-in page and try "
				     "another one, or your password.");
	TRY(rc);
	return web_sign_in(call, &account, AUTH_PASSKEY, web_continue(call, values[P_CONTINUE].value));
}

/* Day alone: when it was made, and last used. */
static int put_day(struct call *call, struct page_vars *row, const char *name, int64_t time_s)
{
	char mem[32];
	struct buf text;
	struct str kept;
	if (time_s == 0)
		return 0;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_time(&text, time_s);
	TRY(arena_str(&call->arena, str_mem(mem, sizeof("2026-11-21") - 1), &kept));
	page_text(row, name, kept);
	return 0;
}

static int put_row(struct call *call, struct page_vars *row, const struct passkey *passkey)
{
	char mem[ENC_B64URL_LEN(MODEL_PASSKEY_ID_MAX) + 1];
	struct buf text;
	struct str kept;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_b64url(&text, passkey->id);
	TRY(arena_str(&call->arena, buf_str(&text), &kept));
	page_text(row, "id", kept);
	page_text(row, "label", passkey->name);
	TRY(put_day(call, row, "created", passkey->created_s));
	return put_day(call, row, "used", passkey->last_used_s);
}

static int show(struct call *call, int status, const char *problem)
{
	struct passkey *passkeys;
	size_t n;
	TRY(store_passkey_list(call->env->store, call->web->account.id, &call->arena, &passkeys, &n));
	for (size_t i = 0; i < n; i++)
		TRY(put_row(call, page_row(call->web->vars, "passkeys"), &passkeys[i]));
	page_flag(call->web->vars, "full", n >= MODEL_PASSKEYS_MAX);
	if (problem)
		page_text(call->web->vars, "problem", str_of(problem));
	call->answer.script = true;
	return web_show(call, status, "account_passkeys");
}

static int add(struct call *call, const struct form_value *values)
{
	static const struct {
		int code, status;
		const char *text;
	} problems[] = {
		{E_SYNTAX, 400, "Give the passkey a name, of at most 100 characters."},
		{E_ACCESS_DENIED, 400, "That did not work. Try once more; it has to be done within five minutes."},
		{E_EXISTS, 409, "This passkey is known already."},
		{E_LIMIT, 409, "There are as many passkeys as an account may have. Delete one first."},
	};
	struct str browser;
	TRY(get_browser(call, &browser));
	int rc = passkey_create(call, &call->web->account, browser, values[P_CREDENTIAL].value,
				values[P_NAME].value);
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (problems[i].code == rc)
			return show(call, problems[i].status, problems[i].text);
	TRY(rc);
	return web_redirect(call, STR("/account/passkeys"));
}

static int read_id(struct call *call, const struct form_value *values, struct str *ret_id)
{
	size_t len = 0, size = values[P_ID].value.len + 1;
	char *id = arena_alloc(&call->arena, size);
	if (!id)
		return E_NOMEM;
	if (!values[P_ID].present || enc_b64url_decode(values[P_ID].value, id, size, &len) < 0 || len == 0 ||
	    len > MODEL_PASSKEY_ID_MAX)
		FAIL(call, INVALID_REQUEST, "no id of a passkey");
	*ret_id = str_mem(id, len);
	return 0;
}

static int rename_one(struct call *call, const struct form_value *values)
{
	struct audit_note note;
	struct str id = {0};
	TRY(read_id(call, values, &id));
	if (!values[P_NAME].present || values[P_NAME].value.len > MODEL_LABEL_MAX)
		return show(call, 400, "Give the passkey a name, of at most 100 characters.");
	TRY(web_note(call, "passkey.rename", call->web->account.id, &note));
	note.detail = values[P_NAME].value;
	int rc = store_passkey_rename(call->env->store, call->web->account.id, id, values[P_NAME].value, &note);
	if (rc == E_SYNTAX)
		return show(call, 400, "That name can't be used: it has characters that can't be shown.");
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	return web_redirect(call, STR("/account/passkeys"));
}

static int find(struct call *call, struct str id, struct passkey *ret_passkey, size_t *ret_n)
{
	struct passkey *passkeys;
	TRY(store_passkey_list(call->env->store, call->web->account.id, &call->arena, &passkeys, ret_n));
	for (size_t i = 0; i < *ret_n; i++) {
		if (!str_eq(passkeys[i].id, id))
			continue;
		*ret_passkey = passkeys[i];
		return 0;
	}
	return E_ABSENT;
}

/* The last way into the account is not taken away. */
static int check_other_way(struct call *call, size_t n_passkeys)
{
	struct upstream_link *links;
	struct login login;
	size_t n_links;
	TRY(store_login_get(call->env->store, call->web->account.id, &call->arena, &login));
	TRY(store_upstream_list(call->env->store, call->web->account.id, &call->arena, &links, &n_links));
	if (n_passkeys > 1 || login.phc.len > 0 || n_links > 0)
		return 0;
	FAIL(call, CONFLICT, "the last way to sign in");
}

/* Asks once more, then does it. */
static int delete(struct call *call, const struct form_value *values)
{
	struct passkey passkey;
	struct audit_note note;
	struct str id = {0};
	size_t n;
	TRY(read_id(call, values, &id));
	int rc = find(call, id, &passkey, &n);
	if (rc == E_ABSENT)
		return web_redirect(call, STR("/account/passkeys"));
	TRY(rc);
	if (!str_eq(values[P_ACTION].value, STR("delete-now"))) {
		TRY(put_row(call, call->web->vars, &passkey));
		return web_show(call, 200, "account_passkey_delete");
	}
	rc = check_other_way(call, n);
	if (rc == E_CONFLICT)
		return show(call, 409, "It is the only way into your account. Set a password or add another passkey "
				       "first.");
	TRY(rc);
	TRY(web_note(call, "passkey.delete", call->web->account.id, &note));
	note.detail = passkey.name;
	rc = store_passkey_delete(call->env->store, call->web->account.id, id, &note);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	return web_redirect(call, STR("/account/passkeys"));
}

static const struct {
	const char *action;
	int (*run)(struct call *call, const struct form_value *values);
} actions[] = {{"add", add}, {"rename", rename_one}, {"delete", delete}, {"delete-now", delete}};

int web_passkey_account(struct call *call)
{
	struct form_value values[PARAMS];
	page_flag(call->web->vars, "at_account", true);
	if (!call->web->is_post)
		return show(call, 200, NULL);
	TRY(web_form(call, &table, values));
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_eq(values[P_ACTION].value, str_of(actions[i].action)))
			return actions[i].run(call, values);
	FAIL(call, INVALID_REQUEST, "no such action");
}
