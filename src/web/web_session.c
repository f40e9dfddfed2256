/*
 * Who is it? Session and form cookie in, struct web out; signing in and out. The one place that makes sessions. Server
 * process, pool threads.
 */
#include "account/session.h"
#include "base/enc.h"
#include "base/log.h"
#include "base/rand.h"
#include "crypto/digest.h"
#include "http/request.h"
#include "oauth/id.h"
#include "oauth/person.h"
#include "web/embed.h"
#include "web/web.h"
#include "web/web_session.h"

enum { FORM_BYTES = 32, FORM_LEN = ENC_B64URL_LEN(FORM_BYTES) };

static int put_b64url(struct arena *arena, const unsigned char *bytes, size_t n, struct str *ret_text)
{
	char mem[64];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_b64url(&text, str_mem(bytes, n));
	TRY(buf_status(&text));
	return arena_str(arena, buf_str(&text), ret_text);
}

/* What a browser has that others don't know; one without gets one. */
static int read_form_cookie(struct call *call, struct str *ret_value)
{
	unsigned char bytes[FORM_BYTES];
	size_t len;
	if (web_cookie(call, WEB_COOKIE_FORM, ret_value) == 0 && ret_value->len == FORM_LEN &&
	    enc_b64url_decode(*ret_value, bytes, sizeof(bytes), &len) == 0)
		return 0;
	TRY(rand_bytes(bytes, sizeof(bytes)));
	TRY(put_b64url(&call->arena, bytes, sizeof(bytes), ret_value));
	return web_set_cookie(call, WEB_COOKIE_FORM, *ret_value, 0);
}

/* Bound to the session too, so that a form from before signing in (or of somebody else) is no good after it. */
static int make_csrf(struct call *call, struct str form, struct str session, struct str *ret_csrf)
{
	unsigned char digest[SHA256_LEN];
	struct str text;
	TRY(arena_printf(&call->arena, &text, "csrf%.*s%.*s", STR_ARG(form), STR_ARG(session)));
	TRY(digest_sha256(text, digest));
	return put_b64url(&call->arena, digest, sizeof(digest), ret_csrf);
}

/* Not worth failing a page for. */
static void touch(struct call *call, const struct session *session)
{
	int64_t now_s = call_now_s(call);
	if (!session_is_touch_due(session, now_s))
		return;
	int64_t expires_s = session_expires_s(&call->policy->people, session->created_s, now_s);
	if (store_session_touch(call->env->store, session->sha256, now_s, expires_s, call->peer_addr) < 0)
		LOG(LOG_WARN, "session_not_touched", F("request_id", call->request_id));
}

/* A cookie that is no session of ours counts as none. */
static int read_session(struct call *call, struct web *web, struct str cookie)
{
	unsigned char sha256[SHA256_LEN];
	if (cookie.len == 0 || id_bearer_parse(BEARER_SESSION, cookie, sha256) < 0)
		return 0;
	int rc = store_session_get(call->env->store, sha256, call_now_s(call), &call->arena, &web->session,
				   &web->account);
	if (rc == E_ABSENT)
		return 0;
	TRY(rc);
	web->signed_in = true;
	web->is_admin = str_list_has(web->account.roles, STR(PERSON_ADMIN_ROLE));
	touch(call, &web->session);
	return 0;
}

static const char *hash_of(struct str name)
{
	const struct embed_file *file = embed_find(name);
	return file ? file->hash : "";
}

void web_session_set_frame(struct web *web)
{
	page_text(web->vars, "base", web->base);
	page_text(web->vars, "csrf", web->csrf);
	page_flag(web->vars, "signed_in", web->signed_in);
	page_flag(web->vars, "admin", web->is_admin);
	page_text(web->vars, "name", web->account.name.len > 0 ? web->account.name : web->account.email);
	page_text(web->vars, "css_hash", str_of(hash_of(STR("mintmark.css"))));
	page_text(web->vars, "js_hash", str_of(hash_of(STR("mintmark.js"))));
	page_text(web->vars, "icon_hash", str_of(hash_of(STR("favicon.svg"))));
}

int web_session_new_web(struct call *call)
{
	struct web *web = arena_alloc(&call->arena, sizeof(*web));
	if (!web)
		return E_NOMEM;
	TRY(page_vars_new(&call->arena, &web->vars));
	web->base = str_url_path(call->policy->issuer);
	web->is_post = str_eq(call->request->method, STR("POST"));
	TRY(arena_printf(&call->arena, &web->target, "%.*s%s%.*s", STR_ARG(call->request->path),
			 call->request->has_query ? "?" : "", STR_ARG(call->request->query)));
	web_session_set_frame(web);
	call->web = web;
	return 0;
}

int web_session_read(struct call *call)
{
	struct str form = {0}, cookie = {0};
	TRY(web_session_new_web(call));
	TRY(read_form_cookie(call, &form));
	if (web_cookie(call, WEB_COOKIE_SESSION, &cookie) < 0)
		cookie = (struct str){0};
	TRY(read_session(call, call->web, cookie));
	if (!call->web->signed_in) /* a dead cookie tells nothing, so it binds nothing */
		cookie = (struct str){0};
	TRY(make_csrf(call, form, cookie, &call->web->csrf));
	web_session_set_frame(call->web);
	return 0;
}

/* Cut where a character ends, without anything that may not stand in the store. */
static int read_agent(struct call *call, struct str *ret_agent)
{
	struct str agent = {0}, rest;
	if (http_header_one(call->request, STR("User-Agent"), &rest) < 0)
		rest = (struct str){0};
	char *copy = arena_alloc(&call->arena, MODEL_AGENT_MAX + 1);
	if (!copy)
		return E_NOMEM;
	for (agent.p = copy; rest.len > 0; rest = str_mem(rest.p + 1, rest.len - 1)) {
		if (agent.len == MODEL_AGENT_MAX)
			break;
		copy[agent.len++] = *rest.p >= 0x20 && *rest.p < 0x7f ? *rest.p : '?';
	}
	*ret_agent = agent;
	return 0;
}

/* RFC 8176 has these words; the audit trail uses them too. */
static const char *method_name(unsigned methods)
{
	if (methods & AUTH_PASSKEY)
		return "passkey";
	if (methods & AUTH_UPSTREAM)
		return "upstream";
	if (methods & AUTH_LINK)
		return "link";
	if (methods & AUTH_RECOVERY)
		return "password+recovery";
	return methods & AUTH_TOTP ? "password+totp" : "password";
}

int web_sign_in(struct call *call, const struct account *account, unsigned methods, struct str continue_to)
{
	char id[ID_LEN + 1], text[ID_SECRET_LEN + 1];
	int64_t now_s = call_now_s(call), proved_s = call->web->proved_s;
	struct session session = {
		.id = {id, ID_LEN}, .account_id = account->id, .account_epoch = account->epoch, .methods = methods,
		.auth_s = proved_s > 0 && proved_s < now_s ? proved_s : now_s, .created_s = now_s, .seen_s = now_s,
		.expires_s = session_expires_s(&call->policy->people, now_s, now_s),
		.addr = call->peer_addr,
	};
	struct str actor;
	TRY(read_agent(call, &session.agent));
	TRY(id_new(ID_SESSION, id));
	TRY(id_bearer_new(BEARER_SESSION, text, session.sha256));
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(account->id)));
	struct audit_note note = {.now_s = now_s, .actor = actor, .action = STR("session.create"),
				  .target = session.id, .detail = str_of(method_name(methods))};
	int rc = store_session_put(call->env->store, &session,
				   call->web->signed_in ? call->web->session.sha256 : NULL, &note);
	if (rc == 0)
		rc = web_set_cookie(call, WEB_COOKIE_SESSION, str_mem(text, ID_SECRET_LEN),
				    call->policy->people.session_max_s);
	secret_wipe(text, sizeof(text));
	TRY(rc);
	return web_redirect(call, web_continue(call, continue_to));
}

int web_sign_out(struct call *call)
{
	struct audit_note note;
	if (call->web->signed_in) {
		TRY(web_note(call, "session.end", call->web->session.id, &note));
		int rc = store_session_end(call->env->store, call->web->account.id, call->web->session.id, NULL,
					   &note);
		if (rc < 0 && rc != E_ABSENT)
			return rc;
	}
	return web_set_cookie(call, WEB_COOKIE_SESSION, (struct str){0}, -1);
}

int web_note(struct call *call, const char *action, struct str target, struct audit_note *ret_note)
{
	struct str actor;
	TRY(arena_printf(&call->arena, &actor, "account:%.*s", STR_ARG(call->web->account.id)));
	*ret_note = (struct audit_note){.now_s = call_now_s(call), .actor = actor, .action = str_of(action),
					.target = target};
	return 0;
}
