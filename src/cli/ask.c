/* Request and answer; see ask.h. */
#include "cli/ask.h"

int ask_code(struct str symbol)
{
	for (int code = -1; code >= -ERR_COUNT; code--)
		if (symbol.len > 2 && str_eq((struct str){symbol.p + 2, symbol.len - 2}, str_of(err_row(code)->symbol)))
			return code;
	return E_INTERNAL;
}

static int read_answer(struct str text, struct json **ret_doc, const struct json **ret_result)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str code;
	bool ok;
	TRY(json_parse_object_max(text, ADMIN_ANSWER_MAX, &doc));
	TRY(json_get_bool(doc, "ok", &ok));
	if (!ok)
		return json_get_str(doc, "code", &code) == 0 ? ask_code(code) : E_INTERNAL;
	TRY(json_get_object(doc, "result", ret_result));
	*ret_doc = TAKE(doc);
	return 0;
}

int ask(struct transport *transport, const char *op, struct str args, struct json **ret_doc,
	const struct json **ret_result)
{
	_cleanup_(buf_done) struct buf request, answer;
	buf_init(&request, ADMIN_REQUEST_MAX);
	buf_init(&answer, ADMIN_ANSWER_MAX);
	buf_printf(&request, "{\"op\":\"%s\",\"args\":%.*s}", op, STR_ARG(args));
	TRY(buf_status(&request));
	if (transport_call(transport, buf_str(&request), &answer) < 0)
		return E_IO;
	return read_answer(buf_str(&answer), ret_doc, ret_result);
}
