/* Answers; see series_reply.h. RFC 6750 3, RFC 9110. Series process, on a loop or a pool thread. */
#include "series/series_reply.h"

#include "json/json.h"
#include "series/series_auth.h"
#include "series/series_http.h"
#include "series/series_routes.h"

static void put_common(struct series_call *call, struct str media_type)
{
	struct buf *headers = &call->task->headers;
	buf_put(headers, STR("Content-Type: "));
	buf_put(headers, media_type);
	buf_put(headers, STR("\r\nX-Content-Type-Options: nosniff\r\nX-Api-Version: " SERIES_HTTP_VERSION
			     "\r\nCache-Control: no-store\r\nX-Request-Id: "));
	buf_put(headers, str_of(call->task->request_id));
	buf_put(headers, STR("\r\n"));
}

void series_reply_begin(struct series_call *call, struct str media_type)
{
	call->task->status = 200;
	put_common(call, media_type);
	if (call->route->flags & ROUTE_CHOOSES_FORMAT)
		buf_put(&call->task->headers, STR("Vary: Accept, Authorization\r\n"));
}

void series_reply_error(struct series_call *call, int code)
{
	struct daemon_task *task = call->task;
	const struct err_row *row = err_row(code);
	struct json_out out;
	buf_reset(&task->body);
	task->next = NULL;
	task->status = row->status;
	put_common(call, STR("application/json"));
	series_auth_challenge(call, code, &task->headers);
	if (row->status == 503)
		buf_put(&task->headers, STR("Retry-After: 1\r\n"));
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "error", call->why[0] ? str_of(call->why) : str_of(row->text));
	json_str(&out, "code", str_of(row->wire));
	json_str(&out, "request_id", str_of(task->request_id));
	json_close(&out, '}');
}
