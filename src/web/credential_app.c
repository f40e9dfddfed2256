/*
 * What only apps have, on the pages of administration: where answers go, how the app proves itself, who is asked; see
 * credential.h. OpenID Connect Registration 2, RP-Initiated Logout 3.
 */
#include "oauth/redirect.h"
#include "web/credential.h"

struct choice {
	const char *value, *label;
};

static const struct choice auths[] = {
	[CLIENT_AUTH_ANY] = {"any", "By a secret"},
	[CLIENT_AUTH_BASIC] = {"client_secret_basic", "By a secret in the header alone (client_secret_basic)"},
	[CLIENT_AUTH_POST] = {"client_secret_post", "By a secret in the form alone (client_secret_post)"},
	[CLIENT_AUTH_NONE] = {"none", "Not at all: an app that people install, or that runs in a browser"},
};
static const struct choice types[] = {
	{"web", "On a web server: answers go to https addresses"},
	{"native", "On a telephone or computer: also to http://127.0.0.1 with any port, and to schemes such as "
		"com.example.app:"},
};
enum { AUTHS = sizeof(auths) / sizeof(auths[0]), TYPES = sizeof(types) / sizeof(types[0]) };

static void show_choices(struct page_vars *vars, const char *name, const struct choice *choices, size_t n,
			 struct str chosen)
{
	for (size_t i = 0; i < n; i++) {
		struct page_vars *row = page_row(vars, name);
		page_text(row, "value", str_of(choices[i].value));
		page_text(row, "label", str_of(choices[i].label));
		page_flag(row, "chosen", str_eq(chosen, str_of(choices[i].value)));
	}
}

static void show_list(struct page_vars *vars, const char *name, struct str_list uris)
{
	for (size_t i = 0; i < uris.n; i++)
		page_text(page_row(vars, name), "uri", uris.v[i]);
}

void credential_app_show(struct call *call, const struct client *client)
{
	struct page_vars *vars = call->web->vars;
	const struct client_app *app = &client->app;
	bool known = (size_t)client->auth < AUTHS;
	page_flag(vars, "app", true);
	page_flag(vars, "native", app->native);
	page_flag(vars, "trusted", app->trusted);
	page_flag(vars, "par", app->par_required);
	show_list(vars, "redirects", app->redirect_uris);
	show_list(vars, "logouts", app->logout_uris);
	show_choices(vars, "auths", auths, AUTHS, known ? str_of(auths[client->auth].value) : (struct str){0});
	show_choices(vars, "types", types, TYPES, str_of(types[app->native].value));
}

void credential_app_show_form(struct call *call, const struct form_value *values)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "app", true);
	page_flag(vars, "trusted", values[CREDENTIAL_APP_TRUSTED].present);
	page_flag(vars, "par", values[CREDENTIAL_APP_PAR].present);
	page_text(vars, "redirects_text", values[CREDENTIAL_APP_REDIRECTS].value);
	page_text(vars, "logouts_text", values[CREDENTIAL_APP_LOGOUTS].value);
	show_choices(vars, "auths", auths, AUTHS, values[CREDENTIAL_APP_AUTH].value);
	show_choices(vars, "types", types, TYPES, values[CREDENTIAL_APP_TYPE].value);
}

/* The operation judges by the same rule; here it is known which line of the form it was. */
static int put_uris(struct call *call, struct json_out *out, const char *member, struct str text, bool native)
{
	const char *why = "", *label = str_eq(str_of(member), STR("redirect_uris")) ? "Answers go to"
											: "After sign-out";
	unsigned number = 0;
	json_open(out, member, '[');
	while (text.len > 0) {
		struct str line = text;
		if (!str_cut(text, '\n', &line, &text))
			text.len = 0;
		number++;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		line = str_trim_ows(line);
		if (line.len == 0)
			continue;
		if (!redirect_may_register(line, native, &why)) {
			page_printf(call->web->vars, "error", "%s, line %u: the address %s.", label, number, why);
			return E_SYNTAX;
		}
		json_str(out, NULL, line);
	}
	json_close(out, ']');
	return 0;
}

int credential_app_put(struct call *call, const struct form_value *values, struct json_out *out)
{
	bool native = str_eq(values[CREDENTIAL_APP_TYPE].value, str_of(types[1].value));
	json_str(out, "application_type", values[CREDENTIAL_APP_TYPE].value);
	json_str(out, "token_endpoint_auth_method", values[CREDENTIAL_APP_AUTH].value);
	json_bool(out, "trusted", values[CREDENTIAL_APP_TRUSTED].present);
	json_bool(out, "require_pushed_authorization_requests", values[CREDENTIAL_APP_PAR].present);
	TRY(put_uris(call, out, "redirect_uris", values[CREDENTIAL_APP_REDIRECTS].value, native));
	return put_uris(call, out, "post_logout_redirect_uris", values[CREDENTIAL_APP_LOGOUTS].value, native);
}
