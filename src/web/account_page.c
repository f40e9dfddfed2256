/* See account_page.h. Server process, pool threads. */
#include "web/account_page.h"

#include "oauth/authorize.h"
#include "web/say.h"

static int count(struct call *call, struct page_vars *vars)
{
	struct session *sessions;
	struct passkey *passkeys;
	struct login login;
	size_t n;
	struct str id = call->web->account.id;
	TRY(store_session_list(call->env->store, id, call_now_s(call), &call->arena, &sessions, &n));
	page_number(vars, "sessions", (int64_t)n);
	TRY(store_passkey_list(call->env->store, id, &call->arena, &passkeys, &n));
	if (n > 0)
		page_number(vars, "passkeys", (int64_t)n);
	TRY(store_login_get(call->env->store, id, &call->arena, &login));
	page_flag(vars, "password", login.phc.len > 0);
	say_day(vars, "password_day", login.password_s);
	page_flag(vars, "totp", login.totp_on);
	page_number(vars, "recovery", (int64_t)login.n_recovery);
	return 0;
}

int account_page(struct call *call)
{
	struct page_vars *vars = call->web->vars;
	const struct account *account = &call->web->account;
	page_flag(vars, "at_account", true);
	page_text(vars, "account_name", account->name);
	page_text(vars, "email", account->email);
	page_flag(vars, "verified", account->email_verified);
	page_text(vars, "account_id", account->id);
	for (size_t i = 0; i < account->roles.n; i++)
		page_text(page_row(vars, "roles"), "role", account->roles.v[i]);
	TRY(count(call, vars));
	return web_show(call, 200, "account");
}

struct apps {
	struct account_page_app *v;
	size_t n, max;
};

static struct account_page_app *find(struct apps *apps, struct str id)
{
	for (size_t i = 0; i < apps->n; i++)
		if (str_eq(apps->v[i].id, id))
			return &apps->v[i];
	if (apps->n == apps->max)
		return NULL;
	apps->v[apps->n] = (struct account_page_app){.id = id};
	return &apps->v[apps->n++];
}

static int collect(struct call *call, struct apps *ret_apps)
{
	struct consent *consents;
	struct family *families;
	size_t n_consents, n_families;
	struct str id = call->web->account.id;
	TRY(store_consent_list(call->env->store, id, &call->arena, &consents, &n_consents));
	TRY(store_family_list(call->env->store, id, call_now_s(call), &call->arena, &families, &n_families));
	struct apps apps = {.max = n_consents + n_families};
	apps.v = arena_array(&call->arena, apps.max + 1, sizeof(*apps.v));
	if (!apps.v)
		return E_NOMEM;
	for (size_t i = 0; i < n_consents; i++) {
		struct account_page_app *app = find(&apps, consents[i].client_id);
		app->scope = consents[i].scope;
		app->since_s = consents[i].created_s;
	}
	for (size_t i = 0; i < n_families; i++) {
		struct account_page_app *app = find(&apps, families[i].client_id);
		app->n_families++;
		if (app->scope.len == 0)
			app->scope = families[i].scope;
		if (app->since_s == 0 || families[i].created_s < app->since_s)
			app->since_s = families[i].created_s;
		if (families[i].used_s > app->used_s)
			app->used_s = families[i].used_s;
	}
	*ret_apps = apps;
	return 0;
}

static int describe(struct call *call, struct account_page_app *app)
{
	struct client client;
	TRY(authorize_consent_words(app->scope, &call->arena, &app->words));
	int rc = store_client_get(call->env->store, app->id, &call->arena, &client);
	app->name = rc == 0 ? client.name : app->id;
	return rc == E_ABSENT ? 0 : rc;
}

int account_page_find_apps(struct call *call, struct account_page_app **ret_apps, size_t *ret_n)
{
	struct apps apps;
	TRY(collect(call, &apps));
	for (size_t i = 0; i < apps.n; i++)
		TRY(describe(call, &apps.v[i]));
	*ret_apps = apps.v;
	*ret_n = apps.n;
	return 0;
}

static void show_app(struct call *call, struct page_vars *row, const struct account_page_app *app)
{
	page_text(row, "id", app->id);
	page_text(row, "app_name", app->name);
	page_text(row, "scope", app->words);
	page_number(row, "logins", (int64_t)app->n_families);
	say_day(row, "since", app->since_s);
	say_ago(row, "used", app->used_s, call_now_s(call));
}

int account_page_apps(struct call *call)
{
	struct account_page_app *apps;
	size_t n;
	page_flag(call->web->vars, "at_account", true);
	TRY(account_page_find_apps(call, &apps, &n));
	for (size_t i = 0; i < n; i++)
		show_app(call, page_row(call->web->vars, "apps"), &apps[i]);
	return web_show(call, 200, "account_apps");
}

/* Apps that need no consent have tokens alone. */
static int end_families(struct call *call, struct str client_id)
{
	struct family *families;
	struct audit_note note;
	size_t n;
	TRY(store_family_list(call->env->store, call->web->account.id, call_now_s(call), &call->arena, &families, &n));
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(families[i].client_id, client_id))
			continue;
		TRY(web_note(call, "family.end", families[i].id, &note));
		TRY(store_family_end(call->env->store, families[i].id, &note));
	}
	return 0;
}

int account_page_end_app(struct call *call, struct str client_id)
{
	struct audit_note note;
	TRY(web_note(call, "consent.delete", client_id, &note));
	int rc = store_consent_delete(call->env->store, call->web->account.id, client_id, &note);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	TRY(end_families(call, client_id));
	return call->env->tokens_ended ? call->env->tokens_ended(call->env->tokens_ended_arg) : 0;
}

int account_page_end(struct call *call)
{
	static const struct form_param params[] = {{"id", false}};
	static const struct form_table table = {params, 1};
	struct form_value value;
	struct account_page_app *apps;
	size_t n;
	page_flag(call->web->vars, "at_account", true);
	TRY(web_form(call, &table, &value));
	TRY(account_page_find_apps(call, &apps, &n));
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(apps[i].id, value.value))
			continue;
		if (call->web->is_post) {
			TRY(account_page_end_app(call, apps[i].id));
			return web_redirect(call, STR("/account/apps"));
		}
		show_app(call, call->web->vars, &apps[i]);
		return web_show(call, 200, "account_end");
	}
	FAIL(call, NOT_FOUND, "no such app has access");
}
