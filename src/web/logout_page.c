/*
 * See logout_page.h. OpenID Connect RP-Initiated Logout 2, 3, 6. Must never send a browser to a URI that the client has
 * not registered for this, or sign somebody out because a foreign page wants it.
 */
#include "web/logout_page.h"

#include "base/enc.h"
#include "http/request.h"
#include "oauth/own_id.h"
#include "oauth/redirect.h"

enum { P_HINT, P_CLIENT, P_URI, P_STATE, PARAMS, STATE_MAX = 2048, QUERY_MAX = 12288 };

static const struct form_param params[PARAMS] = {
	[P_HINT] = {"id_token_hint", false}, [P_CLIENT] = {"client_id", false},
	[P_URI] = {"post_logout_redirect_uri", false}, [P_STATE] = {"state", false},
};
static const struct form_table table = {params, PARAMS};

static const char begin_again[] = "You were sent here by an application to sign out, but it asked in a way that is "
				  "not allowed here. To sign out, use the button on the start page.";

struct logout {
	struct form_value values[PARAMS];
	struct str uri;      /* where to go afterwards, good; empty: nowhere */
	bool is_proven;      /* the hint is ours, and of who is signed in (or nobody is) */
};

/* The client that asks: of the hint, or as it says. */
static int find_client(struct call *call, struct str id)
{
	int rc = id.len <= MODEL_ID_MAX ? directory_client(call->env->directory, id, true, &call->client) : E_ABSENT;
	if (rc == E_ABSENT || rc == E_SYNTAX)
		FAIL(call, INVALID_REQUEST, "unknown client");
	TRY(rc);
	/* RFC 9700 4.11: who was switched off sends nobody anywhere any more */
	const struct client *client = &call->client->client;
	if (client->disabled || (client->expires_s != 0 && call_now_s(call) >= client->expires_s))
		FAIL(call, INVALID_REQUEST, "the client has ended");
	return 0;
}

static int read_hint(struct call *call, struct logout *logout, struct str *client_id)
{
	struct own_id id;
	if (!logout->values[P_HINT].present)
		return 0;
	int rc = own_id_check(call, logout->values[P_HINT].value, &id);
	if (rc == E_INVALID_TOKEN) /* it proves nothing: ask */
		return 0;
	TRY(rc);
	/* RP-Initiated Logout 2: client_id must be the hint's audience */
	if (client_id->len > 0 && !str_eq(*client_id, id.client_id))
		FAIL(call, INVALID_REQUEST, "id_token_hint of another client");
	*client_id = id.client_id;
	logout->is_proven = !call->web->signed_in || str_eq(id.account_id, call->web->account.id);
	return 0;
}

static int judge(struct call *call, struct str text, struct logout *logout)
{
	*logout = (struct logout){0};
	TRY(form_parse(text, &table, &call->arena, logout->values));
	struct str client_id = logout->values[P_CLIENT].value, state = logout->values[P_STATE].value, query;
	struct str uri = logout->values[P_URI].value;
	struct buf encoded;
	TRY(read_hint(call, logout, &client_id));
	if (uri.len == 0 || client_id.len == 0) /* RP-Initiated Logout 3: nobody goes where nobody answers for it */
		return 0;
	TRY(find_client(call, client_id));
	/* RP-Initiated Logout 3: registered, and equal */
	if (!redirect_is_logout(&call->client->client.app, uri))
		FAIL(call, INVALID_REQUEST, "post_logout_redirect_uri is not registered");
	if (state.len > STATE_MAX)
		FAIL(call, INVALID_REQUEST, "long state");
	logout->uri = uri;
	if (state.len == 0)
		return 0;
	char *mem = arena_alloc(&call->arena, 3 * state.len);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&encoded, mem, 3 * state.len);
	enc_url(&encoded, state);
	TRY(arena_printf(&call->arena, &query, "state=%.*s", STR_ARG(buf_str(&encoded))));
	return redirect_with_query(uri, query, &call->arena, &logout->uri);
}

static int finish(struct call *call, const struct logout *logout)
{
	TRY(web_sign_out(call));
	return logout->uri.len > 0 ? web_redirect_away(call, logout->uri) : web_show(call, 200, "logged_out");
}

static int spell(struct call *call, const struct logout *logout, struct str *ret_query)
{
	struct buf query;
	char *mem = arena_alloc(&call->arena, QUERY_MAX);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&query, mem, QUERY_MAX);
	for (size_t i = 0; i < PARAMS; i++) {
		if (!logout->values[i].present)
			continue;
		buf_put(&query, query.len > 0 ? STR("&") : STR(""));
		buf_put(&query, str_of(params[i].name));
		buf_put_char(&query, '=');
		enc_url(&query, logout->values[i].value);
	}
	if (buf_status(&query) < 0)
		FAIL(call, TOO_LARGE, "long request");
	*ret_query = buf_str(&query);
	return 0;
}

static int ask(struct call *call, const struct logout *logout)
{
	struct page_vars *vars = call->web->vars;
	struct str query;
	TRY(spell(call, logout, &query));
	page_text(vars, "query", query);
	page_text(vars, "email", call->web->account.email);
	if (call->client)
		page_text(vars, "app", call->client->client.name);
	if (logout->uri.len > 0)
		call->answer.form_action = redirect_form_source(logout->uri);
	return web_show(call, 200, "logout");
}

static int to_get(struct call *call)
{
	struct logout logout = {0};
	struct str media_type, query, path;
	size_t base = call->web->base.len;
	if (http_header_one(call->request, STR("Content-Type"), &media_type) < 0 || !form_is_media_type(media_type))
		FAIL(call, INVALID_REQUEST, "content type of a form");
	TRY(form_parse(call->request->body, &table, &call->arena, logout.values));
	TRY(spell(call, &logout, &query));
	TRY(arena_printf(&call->arena, &path, "%.*s?%.*s", (int)(call->request->path.len - base),
			 call->request->path.p + base, STR_ARG(query)));
	return web_redirect(call, path);
}

static int fail_here(struct call *call, int rc)
{
	return err_row(rc)->fault == FAULT_PEER ? web_fail_page(call, rc, begin_again) : rc;
}

int logout_page_show(struct call *call)
{
	struct logout logout;
	if (call->web->is_post) {
		int rc = to_get(call);
		return rc < 0 ? fail_here(call, rc) : rc;
	}
	int rc = judge(call, call->request->query, &logout);
	if (rc < 0)
		return fail_here(call, rc);
	if (logout.is_proven)
		return finish(call, &logout);
	return call->web->signed_in ? ask(call, &logout) : web_show(call, 200, "logged_out");
}

int logout_page_confirm(struct call *call)
{
	static const struct form_table nothing = {params, 0};
	struct form_value none[1];
	struct logout logout;
	TRY(web_form(call, &nothing, none));
	int rc = judge(call, call->request->query, &logout);
	return rc < 0 ? fail_here(call, rc) : finish(call, &logout);
}
