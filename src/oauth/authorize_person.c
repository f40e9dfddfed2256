/*
 * Authorization requests once somebody is there: who must sign in, who must be asked, and the code. See authorize.h.
 * OpenID Connect Core 3.1.2.3 to 3.1.2.6, RFC 8252 8.6. Server process, pool threads.
 */
#include "oauth/authorize.h"

#include "crypto/digest.h"
#include "oauth/id.h"
#include "oauth/own_id.h"
#include "oauth/person.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"

#include <stdlib.h>

/* "seconds-mark": the mark is of the moment and of the request. */
static int prompted_at(struct call *call, const struct authorize *request, int64_t moment_s, struct str *ret_value)
{
	struct str text;
	TRY(arena_printf(&call->arena, &text, "prompted %lld %.*s", (long long)moment_s, STR_ARG(request->query)));
	return arena_printf(&call->arena, ret_value, "%lld-%016llx", (long long)moment_s,
			    (unsigned long long)digest_siphash(call->env->prompt_key, text));
}

int authorize_prompted(struct call *call, const struct authorize *request, struct str *ret_value)
{
	return prompted_at(call, request, call_now_s(call), ret_value);
}

/*
 * When the browser was sent to the sign-in page for this request; 0: it was not, or somebody else than we says so: to
 * strike out prompt=login would else take no more than an old moment in the address bar.
 */
static int read_prompted(struct call *call, const struct authorize *request, int64_t *ret_moment_s)
{
	struct str value = request->params[AUTHORIZE_PROMPTED].value, digits, mark, ours;
	uint64_t s = 0;
	*ret_moment_s = 0;
	if (!request->params[AUTHORIZE_PROMPTED].present || !str_cut(value, '-', &digits, &mark) ||
	    str_to_u64(digits, INT64_MAX, &s) < 0 || (int64_t)s > call_now_s(call))
		return 0;
	TRY(prompted_at(call, request, (int64_t)s, &ours));
	if (secret_eq(value.p, value.len, ours.p, ours.len))
		*ret_moment_s = (int64_t)s;
	return 0;
}

/* Not new enough for what the request asks of a sign-in. */
static bool is_stale(const struct call *call, const struct authorize *request, const struct session *session)
{
	if (request->prompt & (PROMPT_LOGIN | PROMPT_SELECT))
		return true;
	/* OpenID Connect Core 3.1.2.1: 0 is the same as prompt=login, also in the second of a sign-in */
	if (request->max_age_s > 0 && (session->methods & AUTH_UNDATED)) /* its age is not known */
		return true;
	return request->max_age_s == 0 ||
	       (request->max_age_s > 0 && call_now_s(call) - session->auth_s > request->max_age_s);
}

/* OpenID Connect Core 3.1.2.1: id_token_hint names who must be signed in. A hint that is none of ours is ignored. */
static int check_hint(struct call *call, const struct authorize *request, const struct session *session,
		      bool *ret_is_other)
{
	struct own_id id;
	*ret_is_other = false;
	if (!request->params[AUTHORIZE_ID_TOKEN_HINT].present)
		return 0;
	int rc = own_id_check(call, request->params[AUTHORIZE_ID_TOKEN_HINT].value, &id);
	if (rc == E_INVALID_TOKEN)
		return 0;
	TRY(rc);
	*ret_is_other = !str_eq(id.account_id, session->account_id);
	return 0;
}

static int need_sign_in(struct call *call, const struct authorize *request, const struct session *session,
			bool *ret_needed)
{
	bool is_other = false, is_anew = false; /* signed in since this request asked for it */
	int64_t since_s;
	*ret_needed = true;
	if (session) {
		TRY(read_prompted(call, request, &since_s));
		is_anew = since_s > 0 && session->auth_s >= since_s && !(session->methods & AUTH_UNDATED);
		TRY(check_hint(call, request, session, &is_other));
		*ret_needed = is_other || (!is_anew && is_stale(call, request, session));
	}
	if (!*ret_needed)
		return 0;
	if (request->prompt & PROMPT_NONE)
		FAIL(call, LOGIN_REQUIRED, "prompt=none, and somebody would have to sign in");
	if (is_other && is_anew) /* he did, as somebody else again */
		FAIL(call, LOGIN_REQUIRED, "not who id_token_hint names");
	return 0;
}

/* --- consent --- */

/* RFC 8252 8.6: whoever gets at the redirect of an app without secret passes for it. */
static bool is_impersonable(const struct call *call, const struct authorize *request)
{
	const struct client *client = &call->client->client;
	return client->auth == CLIENT_AUTH_NONE && !str_has_prefix(request->redirect_uri, STR("https://"));
}

bool authorize_remembers(const struct call *call, const struct authorize *request)
{
	return !is_impersonable(call, request);
}

/* A scope of an API is kept with the API's id: the same word at another API is another permission. */
static int consent_word(struct call *call, struct str scope, struct str *ret_word)
{
	if (scope_is_identity(scope) || !call->api) {
		*ret_word = scope;
		return 0;
	}
	return arena_printf(&call->arena, ret_word, "%.*s/%.*s", STR_ARG(call->api->id), STR_ARG(scope));
}

int authorize_consent_words(struct str scope, struct arena *arena, struct str *ret_text)
{
	char *text = arena_alloc(arena, scope.len + 1);
	size_t len = 0;
	if (!text)
		return E_NOMEM;
	for (size_t i = 0; i < scope.len; i++) {
		struct str rest = {scope.p + i, scope.len - i};
		bool begins = i == 0 || scope.p[i - 1] == ' ';
		struct str id = {rest.p, rest.len < ID_LEN ? rest.len : ID_LEN};
		if (begins && rest.len > ID_LEN && rest.p[ID_LEN] == '/' && id_has_form(ID_API, id))
			i += ID_LEN;
		else
			text[len++] = scope.p[i];
	}
	*ret_text = (struct str){text, len};
	return 0;
}

static int is_agreed(struct call *call, const struct authorize *request, struct str account_id, bool *ret_agreed)
{
	struct consent consent;
	struct str word;
	*ret_agreed = false;
	int rc = store_consent_get(call->env->store, account_id, call->client->client.id, &call->arena, &consent);
	if (rc == E_ABSENT)
		return 0;
	TRY(rc);
	for (size_t i = 0; i < request->scopes.n; i++) {
		TRY(consent_word(call, request->scopes.v[i], &word));
		if (!str_has_word(consent.scope, word))
			return 0;
	}
	*ret_agreed = true;
	return 0;
}

static int need_consent(struct call *call, const struct authorize *request, const struct session *session,
			bool *ret_needed)
{
	bool agreed = false;
	*ret_needed = true;
	if ((request->prompt & PROMPT_CONSENT) || is_impersonable(call, request))
		return 0;
	if (!call->client->client.app.trusted)
		TRY(is_agreed(call, request, session->account_id, &agreed));
	*ret_needed = !agreed && !call->client->client.app.trusted;
	return 0;
}

int authorize_decide(struct call *call, const struct authorize *request, const struct session *session, bool agreed,
		     enum authorize_need *ret_need)
{
	bool needed;
	TRY(need_sign_in(call, request, session, &needed));
	if (needed) {
		*ret_need = AUTHORIZE_SIGN_IN;
		return 0;
	}
	*ret_need = AUTHORIZE_READY;
	if (agreed)
		return 0;
	TRY(need_consent(call, request, session, &needed));
	if (!needed)
		return 0;
	if (request->prompt & PROMPT_NONE) /* OpenID Connect Core 3.1.2.6 */
		FAIL(call, CONSENT_REQUIRED, "prompt=none, and somebody would have to agree");
	*ret_need = AUTHORIZE_CONSENT;
	return 0;
}

/* What was agreed to before, and this; sorted, each once. */
static int join_words(struct call *call, const struct authorize *request, struct str before, struct str *ret_scope)
{
	struct str_list old = {0};
	if (before.len > 0 && scope_parse(before, &call->arena, &old) == E_NOMEM)
		return E_NOMEM;
	struct str_list words = {arena_array(&call->arena, old.n + request->scopes.n, sizeof(struct str)), old.n};
	if (!words.v)
		return E_NOMEM;
	for (size_t i = 0; i < old.n; i++)
		words.v[i] = old.v[i];
	for (size_t i = 0; i < request->scopes.n; i++) {
		TRY(consent_word(call, request->scopes.v[i], &words.v[words.n]));
		words.n += !str_list_has(words, words.v[words.n]);
	}
	qsort(words.v, words.n, sizeof(*words.v), str_order);
	return scope_join(words, &call->arena, ret_scope);
}

int authorize_remember(struct call *call, const struct authorize *request, struct str account_id)
{
	struct consent consent = {0};
	int64_t now_s = call_now_s(call);
	struct str actor, client_id = call->client->client.id;
	int rc = store_consent_get(call->env->store, account_id, client_id, &call->arena, &consent);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	TRY(join_words(call, request, consent.scope, &consent.scope));
	if (consent.scope.len > MODEL_SCOPE_TEXT_MAX) /* then it is asked again */
		return 0;
	consent.account_id = account_id;
	consent.client_id = client_id;
	consent.created_s = rc == 0 ? consent.created_s : now_s;
	consent.changed_s = now_s;
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(account_id)));
	const struct audit_note note = {now_s, actor, STR("consent.give"), client_id, person_detail(call->scope)};
	return store_consent_put(call->env->store, &consent, &note);
}

/* --- the code --- */

int authorize_code(struct call *call, const struct authorize *request, const struct session *session,
		   struct str *ret_code)
{
	char *text = arena_alloc(&call->arena, ID_SECRET_LEN + 1);
	int64_t now_s = call_now_s(call);
	const struct form_value *nonce = &request->params[AUTHORIZE_NONCE];
	struct code code = {
		.client_id = call->client->client.id,
		.account_id = session->account_id,
		.session_id = session->id,
		.redirect_uri = request->redirect_uri,
		.scope = call->scope,
		.nonce = nonce->value,
		.challenge = request->params[AUTHORIZE_CHALLENGE].value,
		.methods = session->methods,
		.auth_s = session->auth_s,
		.created_s = now_s,
		.expires_s = now_s + call->policy->code_s,
	};
	if (!text)
		return E_NOMEM;
	if (call->api)
		code.api_id = call->api->id;
	TRY(id_bearer_new(BEARER_CODE, text, code.sha256));
	int rc = store_code_put(call->env->store, &code, request->is_pushed ? request->pushed : NULL);
	if (rc == E_REUSED) /* RFC 9126 4: a pushed request is good once */
		FAIL(call, INVALID_REQUEST_URI, "the pushed request was used up");
	if (rc == E_ABSENT)
		FAIL(call, ACCESS_DENIED, "client, account or API ended meanwhile");
	TRY(rc);
	*ret_code = str_of(text);
	return 0;
}
