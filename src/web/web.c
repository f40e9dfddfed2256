/* Steps that pages begin with, and how they answer; see web.h. Server process, pool threads. */
#include "web/web.h"

#include "account/session.h"
#include "base/enc.h"
#include "web/web_session.h"

int web_step_begin(struct call *call)
{
	TRY(call_to_store_lane(call));
	return web_session_read(call);
}

int web_step_begin_hash(struct call *call)
{
	if (!call->may_block || call->lane != LANE_HASH) {
		call->lane = LANE_HASH;
		return E_WOULD_BLOCK;
	}
	return web_session_read(call);
}

int web_to_hash_lane(struct call *call)
{
	if (call->lane == LANE_HASH)
		return 0;
	call->lane = LANE_HASH;
	return E_WOULD_BLOCK;
}

int web_to_sign_in(struct call *call, bool reauth)
{
	struct str here = call->web->target, path;
	struct buf text;
	size_t max = 64 + 3 * here.len;
	char *mem = arena_alloc(&call->arena, max);
	if (!mem)
		return E_NOMEM;
	here = str_mem(here.p + call->web->base.len, here.len - call->web->base.len);
	buf_init_fixed(&text, mem, max);
	buf_put(&text, reauth ? STR("/signin?reauth=1&continue=") : STR("/signin?continue="));
	enc_url(&text, here);
	TRY(buf_status(&text));
	path = buf_str(&text);
	return web_redirect(call, path);
}

int web_step_signed_in(struct call *call) { return call->web->signed_in ? 0 : web_to_sign_in(call, false); }

int web_step_admin(struct call *call)
{
	if (!call->web->signed_in)
		return web_to_sign_in(call, false);
	if (!call->web->is_admin)
		FAIL(call, NOT_FOUND, "not an admin");
	call->web->as_admin = true;
	return 0;
}

int web_step_fresh(struct call *call)
{
	if (!call->web->signed_in)
		return web_to_sign_in(call, false);
	return session_is_fresh(&call->web->session, call_now_s(call)) ? 0 : web_to_sign_in(call, true);
}

int web_step_start(struct call *call) { return web_redirect(call, STR("/tokens")); }

int web_show(struct call *call, int status, const char *template_name)
{
	struct web *web = call->web;
	page_text(web->vars, "content", str_of(template_name));
	if (page_title(template_name).len > 0)
		page_text(web->vars, "title", page_title(template_name));
	page_flag(web->vars, "script", call->answer.script);
	buf_reset(call->answer.body);
	TRY(page_render("frame", web->vars, call->answer.body));
	call->answer.status = status;
	return 0;
}

int web_redirect(struct call *call, struct str path)
{
	TRY(arena_printf(&call->arena, &call->answer.location, "%.*s%.*s", STR_ARG(call->web->base), STR_ARG(path)));
	call->answer.status = 303; /* RFC 9700 4.12: the browser comes with GET and without what the form held */
	return 0;
}

int web_redirect_away(struct call *call, struct str uri)
{
	TRY(arena_str(&call->arena, uri, &call->answer.location));
	call->answer.status = 303;
	return 0;
}

/* What people read instead of err.def's words, which are for programs. */
static const struct {
	int status;
	const char *what, *advice;
} words[] = {
	{400, "That could not be read", "Go back, check what you entered and send it once more."},
	{401, "Please sign in", "Sign in and try again."},
	{403, "That was not accepted", "The page may have been open for too long. Load it again and send the form once "
	      "more."},
	{404, "There is nothing here", "The address may be mistyped, or what it named is gone. Begin at the "
	      "start page."},
	{405, "That is not how this page is used", "Begin at the start page."},
	{409, "That does not fit any more", "Something changed meanwhile. Load the page again and look at "
	      "what is there now."},
	{413, "That was too much", "Go back and send less."},
	{429, "Too many attempts", "Wait a minute, then try again."},
	{503, "Not available for a moment", "Wait a few seconds, then load the page again."},
};

int web_fail_page(struct call *call, int code, const char *advice)
{
	const struct err_row *row = err_row(code);
	const char *what = "Something went wrong here";
	const char *next = "Try again in a minute. If it happens again, tell whoever runs this server the number "
			   "below.";
	if (!call->web)
		TRY(web_session_new_web(call));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].status == row->status) {
			what = words[i].what;
			next = words[i].advice;
		}
	struct page_vars *vars = call->web->vars;
	page_text(vars, "title", str_of(what));
	page_text(vars, "error_what", str_of(what));
	page_text(vars, "error_advice", str_of(advice ? advice : next));
	page_text(vars, "error_id", call->request_id);
	call->answer.location = (struct str){0};
	return web_show(call, row->status, "error");
}
