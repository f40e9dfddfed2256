/*
 * The only place that makes headers for pages; see reply_page.h. Content Security Policy 3, RFC 6797 (HSTS), Fetch
 * Metadata. ATTACKS 47: a page of ours can't be framed, runs no foreign script, is kept by nobody.
 */
#include "server/reply_page.h"

#include "http/request.h"
#include "server/route.h"
#include "web/web.h"

/* RFC 6797 7.2: over TLS only; whether TLS ended before us says the issuer. */
static void put_transport(struct task *task)
{
	if (str_has_prefix(task->call.policy->issuer, STR("https:")))
		buf_put(&task->headers, STR("Strict-Transport-Security: max-age=31536000\r\n"));
}

static void put_policy(struct task *task)
{
	const struct call_answer *answer = &task->call.answer;
	buf_put(&task->headers, STR("Content-Security-Policy: default-src 'none'; style-src 'self'; "
				    "img-src 'self' data:; "));
	if (answer->script)
		buf_put(&task->headers, STR("script-src 'self'; connect-src 'self'; "));
	buf_put(&task->headers, STR("form-action 'self'"));
	if (answer->form_action.len > 0) {
		buf_put_char(&task->headers, ' ');
		buf_put(&task->headers, answer->form_action);
	}
	buf_put(&task->headers, STR("; frame-ancestors 'none'; base-uri 'none'\r\n"));
}

static void put_headers(struct task *task)
{
	const struct call_answer *answer = &task->call.answer;
	struct str type = answer->media_type.len > 0 ? answer->media_type : STR("text/html; charset=utf-8");
	buf_reset(&task->headers);
	buf_printf(&task->headers, "Content-Type: %.*s\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: %s\r\n",
		   STR_ARG(type), task->request_id);
	put_policy(task);
	buf_put(&task->headers, STR("Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
				    "X-Frame-Options: DENY\r\nCross-Origin-Opener-Policy: same-origin\r\n"
				    "Cross-Origin-Resource-Policy: same-origin\r\nPermissions-Policy: "
				    "camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"));
	put_transport(task);
	if (answer->location.len > 0) {
		buf_put(&task->headers, STR("Location: "));
		buf_put(&task->headers, answer->location);
		buf_put(&task->headers, STR("\r\n"));
	}
	buf_put(&task->headers, answer->cookies);
}

void reply_page(struct task *task)
{
	const struct call_answer *answer = &task->call.answer;
	if (answer->status == 0) {
		reply_page_error(task, E_NOT_FOUND);
		return;
	}
	if (answer->location.len > 0)
		buf_reset(&task->body);
	task->status = answer->status;
	put_headers(task);
}

bool reply_page_wants(const struct task *task)
{
	struct str accept;
	if (task->route)
		return task->route->flags & ROUTE_PAGE;
	return task->call.request && http_header_one(task->call.request, STR("Accept"), &accept) == 0 &&
	       str_has_prefix(accept, STR("text/html"));
}

void reply_page_error(struct task *task, int code)
{
	const struct err_row *row = err_row(code);
	struct call *call = &task->call;
	call->answer.media_type = call->answer.form_action = (struct str){0};
	call->answer.script = false;
	if (web_fail_page(call, code, NULL) < 0) { /* no memory for a page */
		buf_reset(&task->body);
		call->answer.media_type = STR("text/plain; charset=utf-8");
		call->answer.location = (struct str){0};
		buf_put(&task->body, STR("The server is busy. Load the page again in a few seconds.\n"));
	}
	task->status = row->status;
	put_headers(task);
	if (code == E_METHOD_NOT_ALLOWED && task->route)
		buf_printf(&task->headers, "Allow: %s\r\n", route_allow(task->route));
	if (call->retry_after_s > 0 || row->status == 503 || row->status == 429)
		buf_printf(&task->headers, "Retry-After: %u\r\n", call->retry_after_s > 0 ? call->retry_after_s : 1);
}
