/* Refusals in the frame's own words: JSON with `error` (base/err.def), like the server's. Pure. */
#include "daemon/daemon_loop.h"

/* The texts of err.def and the id's alphabet need no escaping in JSON (RFC 6749 5.2 excludes quote and backslash). */
void daemon_reply_refusal(int code, struct str request_id, struct buf *headers, struct buf *body, int *ret_status)
{
	const struct err_row *row = err_row(code);
	*ret_status = row->status;
	buf_put(headers, STR("Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
			     "Cache-Control: no-store\r\n"));
	if (row->status == 503)
		buf_put(headers, STR("Retry-After: 1\r\n"));
	buf_printf(headers, "X-Request-Id: %.*s\r\n", STR_ARG(request_id));
	/* code: the time-series API's clients find the word for programs there, whichever layer refused */
	buf_printf(body, "{\"error\":\"%s\",\"error_description\":\"%s\",\"code\":\"%s\",\"request_id\":\"%.*s\"}",
		   row->wire, row->text, row->wire, STR_ARG(request_id));
}

void daemon_refuse(struct daemon_task *task, int code)
{
	buf_reset(&task->headers);
	buf_reset(&task->body);
	task->next = NULL;
	task->code = code;
	daemon_reply_refusal(code, str_of(task->request_id), &task->headers, &task->body, &task->status);
}
