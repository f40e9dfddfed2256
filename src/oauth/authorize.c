/*
 * Rules of authorization requests; see authorize.h. Server process, pool threads. Must never send anybody to a URI that
 * the client has not registered, or show a page where prompt=none was said.
 */
#include "oauth/authorize.h"

#include "base/enc.h"
#include "oauth/choice.h"
#include "oauth/mint.h"
#include "oauth/pkce.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"

const char *const authorize_names[AUTHORIZE_PARAMS] = {
	[AUTHORIZE_RESPONSE_TYPE] = "response_type", [AUTHORIZE_CLIENT_ID] = "client_id",
	[AUTHORIZE_REDIRECT_URI] = "redirect_uri", [AUTHORIZE_SCOPE] = "scope", [AUTHORIZE_STATE] = "state",
	[AUTHORIZE_RESPONSE_MODE] = "response_mode", [AUTHORIZE_NONCE] = "nonce", [AUTHORIZE_PROMPT] = "prompt",
	[AUTHORIZE_MAX_AGE] = "max_age", [AUTHORIZE_LOGIN_HINT] = "login_hint",
	[AUTHORIZE_ID_TOKEN_HINT] = "id_token_hint", [AUTHORIZE_CHALLENGE] = "code_challenge",
	[AUTHORIZE_CHALLENGE_METHOD] = "code_challenge_method", [AUTHORIZE_RESOURCE] = "resource",
	[AUTHORIZE_DETAILS] = "authorization_details", [AUTHORIZE_REQUEST] = "request",
	[AUTHORIZE_REQUEST_URI] = "request_uri", [AUTHORIZE_PROMPTED] = "prompted",
};

static struct str value_of(const struct authorize *request, enum authorize_param param)
{
	return request->params[param].present ? request->params[param].value : (struct str){0};
}

static bool is_set(const struct authorize *request, enum authorize_param param)
{
	return request->params[param].present;
}

/* RFC 6749 3.1: not more than once; of `resource` several may come (RFC 8707 2). */
static bool is_repeated(const struct authorize *request, enum authorize_param param)
{
	return param != AUTHORIZE_RESOURCE && request->params[param].next;
}

void authorize_emit(const struct authorize *request, struct buf *out)
{
	size_t start = out->len;
	for (enum authorize_param i = 0; i < AUTHORIZE_PROMPTED; i++)
		for (const struct form_value *v = &request->params[i]; v && v->present; v = v->next) {
			if (out->len > start)
				buf_put_char(out, '&');
			buf_put(out, str_of(authorize_names[i]));
			buf_put_char(out, '=');
			enc_url(out, v->value);
		}
}

/* --- who asks --- */

static int find_client(struct call *call, struct str id)
{
	if (!call->client) {
		if (id.len > MODEL_ID_MAX)
			FAIL(call, INVALID_REQUEST, "unknown client");
		int rc = directory_client(call->env->directory, id, true, &call->client);
		if (rc == E_ABSENT || rc == E_SYNTAX || rc == E_LIMIT)
			FAIL(call, INVALID_REQUEST, "unknown client");
		TRY(rc);
	}
	const struct client *client = &call->client->client;
	if (client->kind != CLIENT_APP)
		FAIL(call, INVALID_REQUEST, "nobody signs in to this kind of client");
	if (client->disabled || (client->expires_s != 0 && call_now_s(call) >= client->expires_s))
		FAIL(call, INVALID_REQUEST, "the client has ended");
	return 0;
}

int authorize_client(struct call *call, struct authorize *request)
{
	struct str uri = value_of(request, AUTHORIZE_REDIRECT_URI);
	if (!is_set(request, AUTHORIZE_CLIENT_ID) || is_repeated(request, AUTHORIZE_CLIENT_ID))
		FAIL(call, INVALID_REQUEST, "no client_id, or several");
	TRY(find_client(call, value_of(request, AUTHORIZE_CLIENT_ID)));
	if (is_repeated(request, AUTHORIZE_REDIRECT_URI))
		FAIL(call, INVALID_REQUEST, "several redirect_uri");
	/* OpenID Connect Core 3.1.2.1: required, also where the client has only one */
	if (!is_set(request, AUTHORIZE_REDIRECT_URI))
		FAIL(call, INVALID_REQUEST, "no redirect_uri");
	/* RFC 6749 3.1.2.4, 4.1.2.1: no redirect to what was not registered */
	if (!redirect_is_registered(&call->client->client.app, uri))
		FAIL(call, INVALID_REQUEST, "redirect_uri is not registered");
	request->redirect_uri = uri;
	request->form_post = str_eq(value_of(request, AUTHORIZE_RESPONSE_MODE), STR("form_post"));
	return 0;
}

/* --- what is asked for --- */

static int check_shape(struct call *call, const struct authorize *request)
{
	struct str type = value_of(request, AUTHORIZE_RESPONSE_TYPE), mode = value_of(request, AUTHORIZE_RESPONSE_MODE);
	for (enum authorize_param i = 0; i < AUTHORIZE_PARAMS; i++)
		if (is_repeated(request, i)) /* RFC 6749 3.1, 4.1.2.1 */
			FAIL(call, INVALID_REQUEST, "%s twice", authorize_names[i]);
	if (is_set(request, AUTHORIZE_REQUEST)) /* OpenID Connect Core 6.1 */
		FAIL(call, REQUEST_NOT_SUPPORTED, "request object");
	if (is_set(request, AUTHORIZE_REQUEST_URI)) /* OpenID Connect Core 6.2 */
		FAIL(call, REQUEST_URI_NOT_SUPPORTED, "request_uri of somebody else");
	if (type.len == 0)
		FAIL(call, INVALID_REQUEST, "no response_type");
	if (!str_eq(type, STR("code"))) /* RFC 6749 4.1.2.1; RFC 9700 2.1.2: no token by way of the browser */
		FAIL(call, UNSUPPORTED_RESPONSE_TYPE, "response_type");
	if (mode.len > 0 && !str_eq(mode, STR("query")) && !str_eq(mode, STR("form_post")))
		FAIL(call, INVALID_REQUEST, "response_mode");
	if (value_of(request, AUTHORIZE_STATE).len > AUTHORIZE_STATE_MAX)
		FAIL(call, INVALID_REQUEST, "long state");
	if (value_of(request, AUTHORIZE_NONCE).len > MODEL_NONCE_MAX)
		FAIL(call, INVALID_REQUEST, "long nonce");
	return 0;
}

/* RFC 9700 2.1.1, OAuth 2.1 4.1.1: whoever asks for a code proves at the token endpoint that he asked. */
static int check_challenge(struct call *call, const struct authorize *request)
{
	struct str challenge = value_of(request, AUTHORIZE_CHALLENGE);
	if (challenge.len == 0) /* RFC 7636 4.4.1 */
		FAIL(call, INVALID_REQUEST, "no code_challenge");
	/* RFC 7636 4.3: no method means plain, which is not had here */
	if (!str_eq(value_of(request, AUTHORIZE_CHALLENGE_METHOD), STR("S256")))
		FAIL(call, INVALID_REQUEST, "code_challenge_method is not S256");
	if (!pkce_is_challenge(challenge))
		FAIL(call, INVALID_REQUEST, "malformed code_challenge");
	return 0;
}

static int read_prompt(struct call *call, struct authorize *request)
{
	static const struct {
		const char *word;
		enum authorize_prompt bit;
	} rows[] = {{"none", PROMPT_NONE}, {"login", PROMPT_LOGIN}, {"consent", PROMPT_CONSENT},
		    {"select_account", PROMPT_SELECT}};
	struct str rest = value_of(request, AUTHORIZE_PROMPT), word;
	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &word, &rest)) {
			word = rest;
			rest = (struct str){0};
		}
		unsigned bit = 0;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			bit |= str_eq(word, str_of(rows[i].word)) ? rows[i].bit : 0;
		if (bit == 0 && word.len > 0)
			FAIL(call, INVALID_REQUEST, "unknown prompt");
		request->prompt |= bit;
	}
	if ((request->prompt & PROMPT_NONE) && request->prompt != PROMPT_NONE) /* OpenID Connect Core 3.1.2.1 */
		FAIL(call, INVALID_REQUEST, "prompt none and others");
	return 0;
}

static int read_max_age(struct call *call, struct authorize *request)
{
	uint64_t age_s = 0;
	request->max_age_s = -1;
	if (!is_set(request, AUTHORIZE_MAX_AGE))
		return 0;
	if (str_to_u64(value_of(request, AUTHORIZE_MAX_AGE), INT32_MAX, &age_s) < 0)
		FAIL(call, INVALID_REQUEST, "malformed max_age");
	request->max_age_s = (int64_t)age_s;
	return 0;
}

/* OpenID Connect Core 11: where nothing could come of it, offline_access is ignored. */
static void drop_offline(struct call *call, struct str_list *scopes)
{
	size_t kept = 0;
	bool refreshes = call->client->client.app.grant_types & CLIENT_GRANT_REFRESH;
	for (size_t i = 0; i < scopes->n; i++)
		if (refreshes || !str_eq(scopes->v[i], STR("offline_access")))
			scopes->v[kept++] = scopes->v[i];
	scopes->n = kept;
}

static int choose(struct call *call, struct authorize *request)
{
	call->params[PARAM_SCOPE] = request->params[AUTHORIZE_SCOPE];
	call->params[PARAM_RESOURCE] = request->params[AUTHORIZE_RESOURCE];
	TRY(choice_scopes(call, &request->scopes));
	drop_offline(call, &request->scopes);
	if (request->scopes.n == 0)
		FAIL(call, INVALID_SCOPE, "nothing is asked for");
	TRY(scope_join(request->scopes, &call->arena, &call->scope));
	if (call->scope.len > MODEL_SCOPE_TEXT_MAX)
		FAIL(call, INVALID_SCOPE, "more scopes than a token can carry");
	mint_frame(call);
	return 0;
}

int authorize_request(struct call *call, struct authorize *request)
{
	const struct client_app *app = &call->client->client.app;
	TRY(check_shape(call, request));
	if (!(app->grant_types & CLIENT_GRANT_CODE))
		FAIL(call, UNAUTHORIZED_CLIENT, "the client may not ask for codes");
	TRY(check_challenge(call, request));
	TRY(read_prompt(call, request));
	TRY(read_max_age(call, request));
	if (is_set(request, AUTHORIZE_DETAILS)) /* RFC 9396 5 */
		FAIL(call, INVALID_DETAILS, "authorization_details");
	return choose(call, request);
}

/* --- the answer --- */

size_t authorize_answer(const struct call *call, const struct authorize *request, struct str code, int error,
			struct authorize_field fields[AUTHORIZE_FIELDS])
{
	struct str state = value_of(request, AUTHORIZE_STATE);
	const struct err_row *row = err_row(error);
	size_t n = 0;
	if (error < 0) {
		fields[n++] = (struct authorize_field){"error", str_of(row->wire)};
		fields[n++] = (struct authorize_field){"error_description", str_of(row->text)};
	} else {
		fields[n++] = (struct authorize_field){"code", code};
	}
	if (state.len > 0 && state.len <= AUTHORIZE_STATE_MAX && !is_repeated(request, AUTHORIZE_STATE))
		fields[n++] = (struct authorize_field){"state", state}; /* RFC 6749 4.1.2: as it came */
	fields[n++] = (struct authorize_field){"iss", call->policy->issuer}; /* RFC 9207 2: in errors too */
	return n;
}

int authorize_location(struct call *call, const struct authorize *request, struct str code, int error,
		       struct str *ret_uri)
{
	struct authorize_field fields[AUTHORIZE_FIELDS];
	size_t n = authorize_answer(call, request, code, error, fields), max = 64;
	struct buf query;
	for (size_t i = 0; i < n; i++)
		max += 32 + 3 * fields[i].value.len;
	char *mem = arena_alloc(&call->arena, max);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&query, mem, max);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_char(&query, '&');
		buf_put(&query, str_of(fields[i].name));
		buf_put_char(&query, '=');
		enc_url(&query, fields[i].value);
	}
	TRY(buf_status(&query));
	return redirect_with_query(request->redirect_uri, buf_str(&query), &call->arena, ret_uri);
}
