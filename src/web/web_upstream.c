/* See web_upstream.h. Must never show a word of the provider's answer. */
#include "web/web_upstream.h"

#include "account/upstream.h"
#include "base/enc.h"
#include "http/request.h"
#include "web/web_factor.h"

enum { P_PROVIDER, P_CONTINUE, P_AGAIN, P_ACTION, P_STATE, P_CODE, P_ISS, P_ERROR, PARAMS };

static const struct form_param params[PARAMS] = {
	[P_PROVIDER] = {"provider", false}, [P_CONTINUE] = {"continue", false}, [P_AGAIN] = {"reauth", false},
	[P_ACTION] = {"action", false},     [P_STATE] = {"state", false},       [P_CODE] = {"code", false},
	[P_ISS] = {"iss", false},           [P_ERROR] = {"error", false},
};
static const struct form_table table = {params, PARAMS};

static struct upstream *provider(const struct call *call, unsigned slot)
{
	return call->env->upstreams && slot >= 1 && slot <= UPSTREAM_MAX ? call->env->upstreams[slot - 1] : NULL;
}

static struct upstream *named_provider(const struct call *call, struct str slot)
{
	uint64_t number = 0;
	return str_to_u64(slot, UPSTREAM_MAX, &number) < 0 ? NULL : provider(call, (unsigned)number);
}

int web_upstream_offer(struct call *call, struct str continue_to, bool again)
{
	_cleanup_(buf_done) struct buf encoded;
	struct str kept;
	buf_init(&encoded, UPSTREAM_URL_MAX * 3);
	enc_url(&encoded, continue_to.len <= UPSTREAM_URL_MAX ? continue_to : (struct str){0});
	TRY(buf_status(&encoded));
	TRY(arena_str(&call->arena, buf_str(&encoded), &kept));
	page_text(call->web->vars, "continue_encoded", kept);
	for (unsigned slot = 1; slot <= UPSTREAM_MAX; slot++) {
		if (!provider(call, slot))
			continue;
		struct page_vars *row = page_row(call->web->vars, "providers");
		page_number(row, "slot", slot);
		page_text(row, "label", upstream_options(provider(call, slot))->label);
		page_flag(row, "again", again);
	}
	return 0;
}

/* What went wrong, and what to do about it. */
static int explain(struct call *call, int code)
{
	static const struct {
		int code, show;
		const char *advice;
	} rows[] = {
		{E_ABSENT, E_FORBIDDEN,
		 "This sign-in took too long, was finished already, or began in another browser. Begin again at the "
		 "sign-in page."},
		{E_ACCESS_DENIED, E_FORBIDDEN,
		 "It was cancelled or refused on the other side. Begin again at the sign-in page, or sign in another "
		 "way."},
		{E_INVALID_GRANT, E_FORBIDDEN,
		 "What the other side answered can't be trusted, so nobody was signed in. Begin again at the sign-in "
		 "page; if it happens again, tell whoever runs this server."},
		{E_UNAVAILABLE, E_UNAVAILABLE,
		 "The other side does not answer. Try again in a minute, or sign in another way."},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return web_fail_page(call, rows[i].show, rows[i].advice);
	return code;
}

int web_upstream_begin(struct call *call)
{
	struct form_value values[PARAMS];
	struct upstream_errand errand = {.account_id.len = 0};
	struct str url;
	TRY(web_form(call, &table, values));
	struct upstream *upstream = named_provider(call, values[P_PROVIDER].value);
	if (!upstream)
		FAIL(call, NOT_FOUND, "no such provider");
	if (web_cookie(call, WEB_COOKIE_FORM, &errand.browser) < 0) /* it gets one there */
		return web_redirect(call, STR("/signin"));
	errand.continue_to = web_continue(call, values[P_CONTINUE].value);
	errand.again = values[P_AGAIN].present;
	int rc = upstream_begin(call, upstream, &errand, &url);
	return rc < 0 ? explain(call, rc) : web_redirect_away(call, url);
}

static int come_to_sign_in(struct call *call, const struct upstream *upstream, const struct upstream_errand *errand,
			   const struct upstream_person *person)
{
	struct account account;
	unsigned undated = 0;
	if (upstream_dated(call, upstream, errand, person, &undated) < 0)
		return web_fail_page(call, E_FORBIDDEN,
				     "This step needs a sign-in of just now, and the other side did not say that it "
				     "asked you for one. Sign in with your password or a passkey instead; if you have "
				     "neither, let a link for a new password be sent to you from the sign-in page.");
	int rc = upstream_account(call, upstream, person, &account);
	if (rc == E_ABSENT || rc == E_EXISTS)
		return web_fail_page(call, E_FORBIDDEN,
				     "No account here is connected with that one. Sign in another way, then connect it "
				     "on your account's page.");
	if (rc == E_ACCESS_DENIED)
		return web_fail_page(call, E_FORBIDDEN, "This account can't be used. Ask whoever runs this server.");
	TRY(rc);
	call->web->proved_s = person->auth_s;
	return web_factor_sign_in(call, &account, AUTH_UPSTREAM | undated, errand->continue_to);
}

static int come_to_link(struct call *call, const struct upstream *upstream, const struct upstream_errand *errand,
			const struct upstream_person *person)
{
	if (!call->web->signed_in || !str_eq(call->web->account.id, errand->account_id))
		return explain(call, E_ABSENT);
	int rc = upstream_link(call, upstream, person, errand->account_id);
	if (rc == E_EXISTS)
		return web_fail_page(call, E_CONFLICT, "That account is connected with one here already, or yours is "
						       "connected there. Disconnect it first.");
	TRY(rc);
	return web_redirect(call, STR("/account/upstream"));
}

/* The last character of the path: each provider has a redirect URI of its own. */
static struct upstream *provider_of_path(const struct call *call)
{
	struct str path = call->request->path;
	return path.len > 0 ? named_provider(call, (struct str){path.p + path.len - 1, 1}) : NULL;
}

int web_upstream_back(struct call *call)
{
	struct form_value values[PARAMS];
	struct upstream_errand errand = {.account_id.len = 0};
	struct upstream_person person;
	TRY(web_form(call, &table, values));
	struct upstream *upstream = provider_of_path(call);
	if (!upstream)
		FAIL(call, NOT_FOUND, "no such provider");
	const struct upstream_reply reply = {values[P_STATE].value, values[P_CODE].value, values[P_ISS].value,
					     values[P_ERROR].value};
	if (web_cookie(call, WEB_COOKIE_FORM, &errand.browser) < 0)
		return explain(call, E_ABSENT);
	int rc = upstream_finish(call, upstream, &reply, &errand, &person);
	if (rc < 0)
		return explain(call, rc);
	return errand.account_id.len > 0 ? come_to_link(call, upstream, &errand, &person)
					 : come_to_sign_in(call, upstream, &errand, &person);
}

static const struct upstream_link *find_link(const struct upstream_link *links, size_t n, struct str issuer)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(links[i].issuer, issuer))
			return &links[i];
	return NULL;
}

static int show(struct call *call, int status, const char *problem)
{
	struct upstream_link *links;
	size_t n;
	TRY(store_upstream_list(call->env->store, call->web->account.id, &call->arena, &links, &n));
	for (unsigned slot = 1; slot <= UPSTREAM_MAX; slot++) {
		if (!provider(call, slot))
			continue;
		const struct upstream_options *options = upstream_options(provider(call, slot));
		const struct upstream_link *link = find_link(links, n, options->issuer);
		struct page_vars *row = page_row(call->web->vars, "providers");
		page_number(row, "slot", slot);
		page_text(row, "label", options->label);
		page_flag(row, "linked", link != NULL);
		page_text(row, "email", link ? link->email : (struct str){0});
	}
	if (problem)
		page_text(call->web->vars, "problem", str_of(problem));
	return web_show(call, status, "account_upstream");
}

/* A page with a link, not a redirect: a form's policy ends at our own origin. */
static int begin_link(struct call *call, struct upstream *upstream)
{
	struct upstream_errand errand = {.account_id = call->web->account.id, .continue_to = STR("/account/upstream")};
	struct str url;
	if (web_cookie(call, WEB_COOKIE_FORM, &errand.browser) < 0)
		return explain(call, E_ABSENT);
	int rc = upstream_begin(call, upstream, &errand, &url);
	if (rc < 0)
		return explain(call, rc);
	page_text(call->web->vars, "url", url);
	page_text(call->web->vars, "label", upstream_options(upstream)->label);
	return web_show(call, 200, "account_upstream_go");
}

static int unlink_one(struct call *call, struct upstream *upstream)
{
	struct str issuer = upstream_options(upstream)->issuer;
	struct upstream_link *links;
	struct passkey *passkeys;
	struct audit_note note;
	struct login login;
	size_t n_links, n_passkeys;
	TRY(store_login_get(call->env->store, call->web->account.id, &call->arena, &login));
	TRY(store_upstream_list(call->env->store, call->web->account.id, &call->arena, &links, &n_links));
	TRY(store_passkey_list(call->env->store, call->web->account.id, &call->arena, &passkeys, &n_passkeys));
	if (login.phc.len == 0 && n_passkeys == 0 && n_links < 2)
		return show(call, 409, "It is the only way into your account. Set a password or add a passkey first.");
	TRY(web_note(call, "upstream.unlink", call->web->account.id, &note));
	note.detail = issuer;
	int rc = store_upstream_delete(call->env->store, call->web->account.id, issuer, &note);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	return web_redirect(call, STR("/account/upstream"));
}

int web_upstream_account(struct call *call)
{
	struct form_value values[PARAMS];
	page_flag(call->web->vars, "at_account", true);
	if (!call->web->is_post)
		return show(call, 200, NULL);
	TRY(web_form(call, &table, values));
	struct upstream *upstream = named_provider(call, values[P_PROVIDER].value);
	if (upstream && str_eq(values[P_ACTION].value, STR("link")))
		return begin_link(call, upstream);
	if (upstream && str_eq(values[P_ACTION].value, STR("unlink")))
		return unlink_one(call, upstream);
	FAIL(call, INVALID_REQUEST, "no such action or provider");
}
