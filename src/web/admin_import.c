/*
 * The scopes of an API from an OpenAPI document: first what was read is shown, which operation needs what, and which
 * scopes come and go; then it is asked once more. The document is not kept. See admin_list.h. Server process, pool
 * threads.
 */
#include "web/admin_list.h"

enum { IMPORT_ID, IMPORT_DOCUMENT, IMPORT_CONFIRMED, IMPORT_FIELDS };
static const struct form_param params[] = {{"id", false}, {"scopes", false}, {"confirmed", false}};
static const struct form_table table = {params, IMPORT_FIELDS};

static int show(struct call *call, const struct form_value *values, int status)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "id", values[IMPORT_ID].value);
	page_text(vars, "document", values[IMPORT_DOCUMENT].value);
	call->answer.script = true; /* reads a file into the field */
	return web_show(call, status, "admin_import");
}

static bool is_among(const struct call_openapi *read, struct str name)
{
	for (size_t i = 0; i < read->n_scopes; i++)
		if (str_eq(read->scopes[i].name, name))
			return true;
	return false;
}

static bool has(const struct json *scopes, struct str name)
{
	const struct json *scope;
	struct str text;
	for (size_t i = 0; i < json_array_len(scopes); i++)
		if (json_at_object(scopes, i, &scope) == 0 && json_get_str(scope, "name", &text) == 0 &&
		    str_eq(text, name))
			return true;
	return false;
}

static int show_changes(struct call *call, const struct call_openapi *read, const struct json *present)
{
	struct page_vars *vars = call->web->vars;
	const struct json *scope;
	struct str name;
	for (size_t i = 0; i < read->n_scopes; i++) {
		struct page_vars *row = page_row(vars, has(present, read->scopes[i].name) ? "stays" : "comes");
		page_text(row, "scope", read->scopes[i].name);
	}
	for (size_t i = 0; i < json_array_len(present); i++) {
		TRY(json_at_object(present, i, &scope));
		TRY(admin_list_text(call, scope, "name", ADMIN_TEXT, &name));
		if (!is_among(read, name))
			page_text(page_row(vars, "goes"), "scope", name);
	}
	return 0;
}

static int show_read(struct call *call, const struct form_value *values, const struct call_openapi *read)
{
	_cleanup_(web_op_done) struct web_op op = {0};
	struct page_vars *vars = call->web->vars;
	const struct json *present;
	web_op_begin(&op, "api.get");
	json_str(&op.args, "api", values[IMPORT_ID].value);
	TRY(web_op_run(call, &op));
	TRY(json_get_array(op.result, "scopes", &present));
	for (size_t i = 0; i < read->n_operations && i < CALL_OPERATIONS_SHOWN; i++) {
		struct page_vars *row = page_row(vars, "operations");
		page_text(row, "request", read->operations[i].request);
		page_text(row, "needs", read->operations[i].needs);
	}
	if (read->n_operations > CALL_OPERATIONS_SHOWN)
		page_number(vars, "more", (int64_t)(read->n_operations - CALL_OPERATIONS_SHOWN));
	page_flag(vars, "read", true);
	TRY(show_changes(call, read, present));
	return show(call, values, 200);
}

static int replace(struct call *call, const struct form_value *values, const struct call_openapi *read,
		   struct web_op *op)
{
	web_op_begin(op, "api.update");
	json_str(&op->args, "api", values[IMPORT_ID].value);
	json_open(&op->args, "scopes", '[');
	for (size_t i = 0; i < read->n_scopes; i++)
		admin_list_put_scope(&op->args, read->scopes[i].name, read->scopes[i].description);
	json_close(&op->args, ']');
	int rc = web_op_run(call, op);
	if (rc < 0)
		page_text(call->web->vars, "error", str_of(op->why));
	return rc;
}

int admin_import_step(struct call *call)
{
	struct form_value values[IMPORT_FIELDS];
	struct call_openapi read = {0};
	char why[CALL_WHY_MAX] = "";
	_cleanup_(web_op_done) struct web_op op = {0};
	TRY(web_form(call, &table, values));
	admin_list_frame(call);
	if (!call->web->is_post)
		return show(call, values, 200);
	int rc = call->env->read_openapi(values[IMPORT_DOCUMENT].value, &call->arena, &read, why);
	if (rc == E_SYNTAX)
		page_text(call->web->vars, "error", str_of(why));
	if (rc == 0 && !values[IMPORT_CONFIRMED].present)
		return show_read(call, values, &read);
	if (rc == 0)
		rc = replace(call, values, &read, &op);
	if (rc == 0)
		return admin_list_go(call, "apis/show", values[IMPORT_ID].value);
	return web_op_is_refusal(rc) ? show(call, values, 400) : rc;
}
