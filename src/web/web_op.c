/* See web_op.h. Server process, pool threads. */
#include "web/web_op.h"

enum { REQUEST_MAX = 65536, ANSWER_MAX = 4 << 20 };

void web_op_begin(struct web_op *op, const char *name)
{
	*op = (struct web_op){0};
	buf_init(&op->request, REQUEST_MAX);
	buf_init(&op->answer, ANSWER_MAX);
	json_out_init(&op->args, &op->request);
	json_open(&op->args, NULL, '{');
	json_str(&op->args, "op", str_of(name));
	json_open(&op->args, "args", '{');
}

void web_op_filter(struct web_op *op, const char *field, const char *how, struct str value)
{
	json_open(&op->args, "filter", '[');
	json_open(&op->args, NULL, '{');
	json_str(&op->args, "field", str_of(field));
	json_str(&op->args, "op", str_of(how));
	json_str(&op->args, "value", value);
	json_close(&op->args, '}');
	json_close(&op->args, ']');
}

int web_op_run(struct call *call, struct web_op *op)
{
	struct audit_note note;
	json_close(&op->args, '}');
	json_close(&op->args, '}');
	TRY(buf_status(&op->request));
	TRY(web_note(call, "", (struct str){0}, &note));
	int rc = call->env->administer(call, note.actor, buf_str(&op->request), &op->answer, op->why);
	if (rc < 0)
		return call_fail(call, rc, "%s", op->why);
	return json_parse_object_max(buf_str(&op->answer), ANSWER_MAX, &op->result);
}

void web_op_done(struct web_op *op)
{
	json_free(op->result);
	buf_done(&op->request);
	buf_done(&op->answer);
}

bool web_op_is_refusal(int code)
{
	const struct err_row *row = err_row(code);
	return row->fault == FAULT_PEER && row->status != 404;
}

struct str web_op_text(struct call *call, const struct web_op *op, const char *name)
{
	struct str value, copy = {0};
	if (json_get_str(op->result, name, &value) < 0 || arena_str(&call->arena, value, &copy) < 0)
		return (struct str){0};
	return copy;
}
