/* Pages of the authorization endpoint; see authorize_page.h. The rules are in oauth/authorize. Must never send a
 * browser anywhere before authorize_client has passed. */
#include "web/authorize_page.h"

#include "base/enc.h"
#include "http/request.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"
#include "web/authorize_form.h"
#include "web/scope_words.h"

static const char begin_again[] = "Go back to the application that sent you here and start once more. If it happens "
				  "again, tell the people who run that application: it asked in a way that is not "
				  "allowed here.";

static struct str path_of(const struct call *call)
{
	struct str path = call->request->path;
	size_t base = call->web->base.len;
	return (struct str){path.p + base, path.len - base};
}

/* --- to the client --- */

/* Form Post Response Mode 2: a page that sends itself, or waits for the button. */
static int post_fields(struct call *call, const struct authorize *request, struct str code, int error)
{
	struct authorize_field fields[AUTHORIZE_FIELDS];
	struct page_vars *vars = call->web->vars;
	size_t n = authorize_answer(call, request, code, error, fields);
	page_text(vars, "app", call->client->client.name);
	page_text(vars, "redirect_uri", request->redirect_uri);
	for (size_t i = 0; i < n; i++) {
		struct page_vars *row = page_row(vars, "fields");
		page_text(row, "key", str_of(fields[i].name));
		page_text(row, "value", fields[i].value);
	}
	call->answer.form_action = redirect_form_source(request->redirect_uri);
	call->answer.script = true;
	return web_show(call, 200, "form_post");
}

static int answer(struct call *call, const struct authorize *request, struct str code, int error)
{
	struct str uri;
	if (request->form_post)
		return post_fields(call, request, code, error);
	TRY(authorize_location(call, request, code, error, &uri));
	return web_redirect_away(call, uri); /* RFC 9700 4.12: 303 */
}

static int answer_code(struct call *call, const struct authorize *request)
{
	struct str code;
	int rc = authorize_code(call, request, &call->web->session, &code);
	return answer(call, request, code, rc);
}

/* --- to our own pages --- */

static int to_sign_in(struct call *call, struct authorize *request)
{
	struct str hint = request->params[AUTHORIZE_LOGIN_HINT].value, prompted, back, path;
	bool again = call->web->signed_in || (request->prompt & (PROMPT_LOGIN | PROMPT_SELECT));
	struct buf text;
	TRY(authorize_prompted(call, request, &prompted));
	TRY(arena_printf(&call->arena, &back, "%.*s?%.*s&prompted=%.*s", STR_ARG(path_of(call)),
			 STR_ARG(request->query), STR_ARG(prompted)));
	size_t max = 64 + 3 * (back.len + MODEL_EMAIL_MAX);
	char *mem = arena_alloc(&call->arena, max);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, max);
	buf_put(&text, again ? STR("/signin?reauth=1&continue=") : STR("/signin?continue="));
	enc_url(&text, back);
	if (hint.len > 0 && hint.len <= MODEL_EMAIL_MAX) {
		buf_put(&text, STR("&login_hint="));
		enc_url(&text, hint);
	}
	TRY(buf_status(&text));
	path = buf_str(&text);
	return web_redirect(call, path);
}

/* What the yes or no belongs to, and that somebody signed in for it. */
static int put_query(struct call *call, const struct authorize *request)
{
	const struct form_value *prompted = &request->params[AUTHORIZE_PROMPTED];
	struct str query = request->query;
	if (prompted->present && str_is_unreserved(prompted->value))
		TRY(arena_printf(&call->arena, &query, "%.*s&prompted=%.*s", STR_ARG(request->query),
				 STR_ARG(prompted->value)));
	page_text(call->web->vars, "query", query);
	return 0;
}

static int ask(struct call *call, const struct authorize *request)
{
	struct page_vars *vars = call->web->vars;
	TRY(put_query(call, request));
	const struct client *client = &call->client->client;
	page_text(vars, "app", client->name);
	page_text(vars, "app_uri", client->app.uri);
	page_text(vars, "policy_uri", client->app.policy_uri);
	page_text(vars, "tos_uri", client->app.tos_uri);
	page_text(vars, "email", call->web->account.email);
	page_text(vars, "target", redirect_origin(request->redirect_uri));
	page_flag(vars, "unproven", !authorize_remembers(call, request));
	if (call->api)
		page_text(vars, "api", call->api->name.len > 0 ? call->api->name : call->api->audience);
	for (size_t i = 0; i < request->scopes.n; i++) {
		bool of_api = !scope_is_identity(request->scopes.v[i]);
		struct page_vars *row = page_row(vars, of_api ? "api_scopes" : "scopes");
		struct str words = scope_words(call->api, request->scopes.v[i]);
		page_text(row, "text", words.len > 0 ? words : request->scopes.v[i]);
	}
	/* Browsers hold a form's redirects to the policy too. */
	call->answer.form_action = redirect_form_source(request->redirect_uri);
	return web_show(call, 200, "consent");
}

/* --- the steps --- */

/* POST is as good as GET (OpenID Connect Core 3.1.2.1), but only GET can come back after the sign-in. */
static int to_get(struct call *call)
{
	struct authorize request;
	struct str media_type, path;
	if (http_header_one(call->request, STR("Content-Type"), &media_type) < 0 || !form_is_media_type(media_type))
		FAIL(call, INVALID_REQUEST, "content type of a form");
	TRY(authorize_form_read(call, call->request->body, &request));
	TRY(arena_printf(&call->arena, &path, "%.*s?%.*s", STR_ARG(path_of(call)), STR_ARG(request.query)));
	return web_redirect(call, path);
}

/* RFC 9126 5, 6 */
static int check_pushed(struct call *call, const struct authorize *request)
{
	if (!request->is_pushed && (call->policy->par_required || call->client->client.app.par_required))
		FAIL(call, INVALID_REQUEST, "the request must be pushed");
	return 0;
}

/* RFC 6749 4.1.2.1: as long as it isn't known who asks, what is wrong is told here. */
static int read(struct call *call, struct authorize *request)
{
	int rc = authorize_form_read(call, call->request->query, request);
	if (rc == 0)
		rc = authorize_client(call, request);
	return rc;
}

static int judge(struct call *call, struct authorize *request, bool agreed, enum authorize_need *ret_need)
{
	const struct session *session = call->web->signed_in ? &call->web->session : NULL;
	TRY(check_pushed(call, request));
	TRY(authorize_request(call, request));
	return authorize_decide(call, request, session, agreed, ret_need);
}

static int fail_here(struct call *call, int rc)
{
	return err_row(rc)->fault == FAULT_PEER ? web_fail_page(call, rc, begin_again) : rc;
}

int authorize_page_show(struct call *call)
{
	struct authorize request;
	enum authorize_need need;
	if (call->web->is_post) {
		int rc = to_get(call);
		return rc < 0 ? fail_here(call, rc) : rc;
	}
	int rc = read(call, &request);
	if (rc < 0)
		return fail_here(call, rc);
	rc = judge(call, &request, false, &need);
	if (rc < 0)
		return answer(call, &request, (struct str){0}, rc);
	if (need == AUTHORIZE_SIGN_IN)
		return to_sign_in(call, &request);
	return need == AUTHORIZE_CONSENT ? ask(call, &request) : answer_code(call, &request);
}

/* shown: what the app was called on the page. */
static int agree(struct call *call, struct authorize *request, struct str shown)
{
	enum authorize_need need;
	int rc = judge(call, request, true, &need);
	if (rc == 0 && need != AUTHORIZE_READY) /* signed out, or out of date, while the page was open */
		rc = E_LOGIN_REQUIRED;
	if (rc == 0 && !str_eq(shown, call->client->client.name)) /* renamed meanwhile: nobody agreed to that */
		return ask(call, request);
	if (rc == 0 && authorize_remembers(call, request))
		rc = authorize_remember(call, request, call->web->account.id);
	return rc < 0 ? answer(call, request, (struct str){0}, rc) : answer_code(call, request);
}

int authorize_page_consent(struct call *call)
{
	static const struct form_param params[] = {{"decision", false}, {"shown", false}};
	static const struct form_table table = {params, 2};
	struct form_value values[2];
	struct authorize request;
	TRY(web_form(call, &table, values));
	int rc = read(call, &request);
	if (rc < 0)
		return fail_here(call, rc);
	if (!values[0].present || !str_eq(values[0].value, STR("allow")))
		return answer(call, &request, (struct str){0}, E_ACCESS_DENIED);
	return agree(call, &request, values[1].value);
}

int authorize_page_allow(struct call *call, struct str continue_to)
{
	struct authorize request;
	struct str path, query;
	if (!str_cut(continue_to, '?', &path, &query) ||
	    !(str_eq(path, STR("/oauth2/authorize")) || str_eq(path, STR("/connect/authorize"))))
		return 0;
	int rc = authorize_form_read(call, query, &request);
	if (rc == 0)
		rc = authorize_client(call, &request);
	if (rc == 0)
		call->answer.form_action = redirect_form_source(request.redirect_uri);
	directory_view_unref(call->client); /* the page is not the client's */
	call->client = NULL;
	return rc < 0 && err_row(rc)->fault == FAULT_US ? rc : 0;
}
