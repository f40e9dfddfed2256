/* See web_totp.h. Must never log a key or a code; a page with them is answered to a POST and kept by nobody. */
#include "web/web_totp.h"

#include "account/factor.h"
#include "web/qr.h"

enum { KEY_TEXT_MAX = 64, URI_MAX = QR_TEXT_MAX };

/* In groups of four, as people read it. */
static void show_key(struct call *call, const unsigned char key[TOTP_KEY_LEN])
{
	char text[TOTP_BASE32_LEN + 1] = {0}, grouped[KEY_TEXT_MAX] = {0};
	struct buf out, groups;
	struct str kept;
	buf_init_fixed(&out, text, sizeof(text));
	buf_init_fixed(&groups, grouped, sizeof(grouped));
	totp_base32((struct secret){key, TOTP_KEY_LEN}, &out);
	for (size_t i = 0; i < out.len; i++) {
		if (i > 0 && i % 4 == 0)
			buf_put_char(&groups, ' ');
		buf_put_char(&groups, out.p[i]);
	}
	if (arena_str(&call->arena, buf_str(&groups), &kept) == 0)
		page_text(call->web->vars, "key", kept);
	secret_wipe(text, sizeof(text));
	secret_wipe(grouped, sizeof(grouped));
}

static int show(struct call *call, int status)
{
	unsigned char key[TOTP_KEY_LEN];
	struct login login;
	TRY(store_login_get(call->env->store, call->web->account.id, &call->arena, &login));
	page_flag(call->web->vars, "on", login.totp_on);
	page_number(call->web->vars, "recovery_left", (int64_t)login.n_recovery);
	page_flag(call->web->vars, "recovery_few", login.n_recovery < 3);
	if (!login.totp_on && login.totp.len > 0) {
		TRY(factor_pending(call, call->web->account.id, key));
		page_flag(call->web->vars, "pending", true);
		show_key(call, key);
		secret_wipe(key, sizeof(key));
	}
	return web_show(call, status, "account_totp");
}

static int show_codes(struct call *call, struct recovery *recovery)
{
	struct str code;
	call->answer.script = true; /* the copy button */
	for (unsigned i = 0; i < RECOVERY_CODES; i++)
		if (arena_str(&call->arena, str_of(recovery->codes[i]), &code) == 0)
			page_text(page_row(call->web->vars, "codes"), "code", code);
	secret_wipe(recovery, sizeof(*recovery));
	return web_show(call, 200, "account_recovery");
}

static int begin(struct call *call, struct str code)
{
	(void)code;
	TRY(factor_enrol(call, call->web->account.id));
	return web_redirect(call, STR("/account/totp"));
}

static int confirm(struct call *call, struct str code)
{
	struct recovery recovery;
	int rc = factor_confirm(call, call->web->account.id, code, &recovery);
	if (rc == 0)
		return show_codes(call, &recovery);
	if (rc == E_ABSENT) /* confirmed in another window, or given up */
		return web_redirect(call, STR("/account/totp"));
	if (rc != E_ACCESS_DENIED)
		return rc;
	page_flag(call->web->vars, "wrong", true);
	return show(call, 400);
}

static int renew(struct call *call, struct str code)
{
	struct recovery recovery;
	(void)code;
	int rc = factor_renew(call, call->web->account.id, &recovery);
	if (rc == E_ABSENT)
		return web_redirect(call, STR("/account/totp"));
	TRY(rc);
	return show_codes(call, &recovery);
}

static int off(struct call *call, struct str code)
{
	(void)code;
	TRY(factor_off(call, call->web->account.id));
	return web_redirect(call, STR("/account/totp"));
}

static int ask_off(struct call *call, struct str code)
{
	(void)code;
	return web_show(call, 200, "account_totp_off");
}

static const struct {
	const char *action;
	int (*run)(struct call *call, struct str code);
} actions[] = {{"begin", begin}, {"confirm", confirm}, {"renew", renew}, {"off", ask_off}, {"off-now", off}};

int web_totp_step(struct call *call)
{
	static const struct form_param params[] = {{"action", false}, {"code", false}};
	static const struct form_table table = {params, 2};
	struct form_value values[2];
	page_flag(call->web->vars, "at_account", true);
	if (!call->web->is_post)
		return show(call, 200);
	TRY(web_form(call, &table, values));
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_eq(values[0].value, str_of(actions[i].action)))
			return actions[i].run(call, values[1].value);
	FAIL(call, INVALID_REQUEST, "no such action");
}

/* What the app lists: the issuer's host. */
static struct str issuer_host(const struct call *call)
{
	struct str scheme, rest, host, path;
	if (!str_cut(call->policy->issuer, ':', &scheme, &rest) || rest.len < 2)
		return call->policy->issuer;
	rest = str_mem(rest.p + 2, rest.len - 2);
	return str_cut(rest, '/', &host, &path) ? host : rest;
}

int web_totp_picture(struct call *call)
{
	unsigned char key[TOTP_KEY_LEN];
	char mem[URI_MAX];
	struct buf uri;
	int rc = factor_pending(call, call->web->account.id, key);
	if (rc == E_ABSENT)
		FAIL(call, NOT_FOUND, "no enrolment is under way");
	TRY(rc);
	buf_init_fixed(&uri, mem, sizeof(mem));
	rc = totp_uri(issuer_host(call), call->web->account.email, (struct secret){key, sizeof(key)}, &uri);
	secret_wipe(key, sizeof(key));
	if (rc == 0)
		rc = qr_svg(buf_str(&uri), "Key for an authenticator app", call->answer.body);
	secret_wipe(mem, sizeof(mem));
	TRY(rc);
	call->answer.media_type = STR("image/svg+xml");
	call->answer.status = 200;
	return 0;
}
