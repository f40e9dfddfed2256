/*
 * Changes of administration: one table of forms, each an operation with its fields. What can't be undone says so and
 * asks on this very page. See admin_list.h. Server process, pool threads.
 */
#include "base/enc.h"
#include "web/admin_list.h"

enum { FIELDS_MAX = 4, LINE_MAX = 1024 };

enum field_kind { FIELD_TEXT, FIELD_WORDS, FIELD_SCOPES, FIELD_CHECK };

struct field {
	const char *name, *label, *hint;
	enum field_kind kind;
};

static const struct form {
	const char *path, *op, *arg, *title, *text, *button;
	const char *back;          /* where one goes afterwards, below /admin/; with the id when it ends in show */
	const char *get;           /* the operation that says what is there now; NULL: nothing is shown */
	struct field fields[FIELDS_MAX];
	bool danger, link;         /* link: the result is a link to hand on */
	const char *also;          /* a boolean argument that is true */
} forms[] = {
	{"accounts/invite", "account.invite", NULL, "Invite somebody",
		"You get a link that is good once. Whoever opens it makes an account with this address.",
		"Make the link",
		"accounts", NULL,
		{{"email", "E-mail address", NULL, FIELD_TEXT},
		 {"roles", "Roles", "Blanks between. Admin opens these pages.", FIELD_WORDS}}, false, true, NULL},
	{"accounts/roles", "account.roles", "account", "Roles", "Admin opens these pages; what others mean is up to "
		"the APIs.",
		"Save", "accounts/show", "account.get",
		{{"roles", "Roles", "Blanks between.", FIELD_WORDS}}, true, false, NULL},
	{"accounts/reset", "account.reset", "account", "Link to set a password",
		"Whoever has the link can take over the account: hand it to its owner alone.", "Make the link",
		"accounts",
		NULL, {{0}}, true, true, NULL},
	{"accounts/factors", "account.factors-reset", "account", "Take away second factor and passkeys",
		"For somebody who lost them: make sure that it is the owner who asks. All sessions end; after that the "
		"password alone is enough, until a new second factor is set up.",
		"Take them away", "accounts/show", NULL, {{0}}, true, false, NULL},
	{"accounts/disable", "account.disable", "account", "Disable the account",
		"Its owner is signed out, and all tokens and apps that act for it stop at once. It can be enabled "
		"again.",
		"Disable", "accounts/show", NULL, {{0}}, true, false, NULL},
	{"accounts/enable", "account.enable", "account", "Enable the account", "Its owner and its credentials get in "
		"again.",
		"Enable", "accounts/show", NULL, {{0}}, false, false, NULL},
	{"accounts/delete", "account.delete", "account", "Delete the account",
		"It is gone for good, with its credentials, and all tokens that act for it end. This can not be "
		"undone.",
		"Delete for good", "accounts", NULL, {{0}}, true, false, "clients"},
	{"apis/new", "api.create", NULL, "New API",
		"What tokens are for: the audience is what they carry as aud, for good.",
		"Create", "apis", NULL,
		{{"audience", "Audience", "An absolute URI, such as https://api.example.com/orders", FIELD_TEXT},
		 {"name", "Name", NULL, FIELD_TEXT},
		 {"scopes", "Scopes", "One to a line: the name, a blank, what it permits.", FIELD_SCOPES}}, false,
		false, NULL},
	{"apis/edit", "api.update", "api", "Name and scopes",
		"A scope that you take away is taken from every client that has it.", "Save", "apis/show", "api.get",
		{{"name", "Name", NULL, FIELD_TEXT},
		 {"scopes", "Scopes", "One to a line: the name, a blank, what it permits.", FIELD_SCOPES}}, true,
		false, NULL},
	{"apis/delete", "api.delete", "api", "Delete the API",
		"It is gone for good; no client can ask for its scopes any more. This can not be undone.",
		"Delete for good",
		"apis", NULL, {{0}}, true, false, NULL},
	{"keys/rotate", "key.rotate", NULL, "Rotate the signing keys",
		"A successor of each key is published now and signs once verifiers have had time to see it. At once "
		"is for emergencies: a verifier that keeps an old key set refuses tokens until it fetches the new one.",
		"Rotate",
		"keys", NULL, {{"now", "Sign with the new keys at once", NULL, FIELD_CHECK}}, true, false, NULL},
};

static const struct form *find(struct str path)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (str_eq(path, str_of(forms[i].path)))
			return &forms[i];
	return NULL;
}

static void show_field(struct call *call, const struct field *field, struct str value)
{
	struct page_vars *row = page_row(call->web->vars, "fields");
	page_text(row, "field", str_of(field->name));
	page_text(row, "label", str_of(field->label));
	page_text(row, "hint", str_of(field->hint));
	page_text(row, "value", value);
	page_flag(row, "line", field->kind == FIELD_TEXT || field->kind == FIELD_WORDS);
	page_flag(row, "lines", field->kind == FIELD_SCOPES);
	page_flag(row, "check", field->kind == FIELD_CHECK);
}

/* What stands in the fields before anybody typed: what is there now. */
static int show_present(struct call *call, const struct form *form, struct str id)
{
	static const enum admin_kind kinds[] = {[FIELD_WORDS] = ADMIN_WORDS, [FIELD_SCOPES] = ADMIN_SCOPES};
	_cleanup_(web_op_done) struct web_op op = {0};
	struct str value = {0};
	if (form->get) {
		web_op_begin(&op, form->get);
		json_str(&op.args, form->arg, id);
		TRY(web_op_run(call, &op));
	}
	for (const struct field *field = form->fields; field->name; field++) {
		if (form->get)
			TRY(admin_list_text(call, op.result, field->name, kinds[field->kind], &value));
		show_field(call, field, value);
	}
	return 0;
}

static int show(struct call *call, const struct form *form, struct str id, int status)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "title", str_of(form->title));
	page_text(vars, "text", str_of(form->text));
	page_text(vars, "button", str_of(form->button));
	page_text(vars, "path", str_of(form->path));
	page_text(vars, "back", str_of(form->back));
	page_text(vars, "id", id);
	page_flag(vars, "danger", form->danger);
	return web_show(call, status, "admin_form");
}

static void put_words(struct json_out *out, const char *name, struct str text)
{
	json_open(out, name, '[');
	while (text.len > 0) {
		size_t n = 0;
		while (n < text.len && !strchr(" \r\n\t,", text.p[n]))
			n++;
		if (n > 0)
			json_str(out, NULL, str_mem(text.p, n));
		n = n < text.len ? n + 1 : n;
		text = str_mem(text.p + n, text.len - n);
	}
	json_close(out, ']');
}

static void put_scopes(struct json_out *out, const char *name, struct str text)
{
	json_open(out, name, '[');
	while (text.len > 0) {
		struct str line = text, scope, description = {0};
		if (!str_cut(text, '\n', &line, &text))
			text.len = 0;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		line = str_trim_ows(line);
		if (line.len == 0)
			continue;
		if (!str_cut(line, ' ', &scope, &description))
			scope = line;
		admin_list_put_scope(out, scope, description);
	}
	json_close(out, ']');
}

static void put_field(struct json_out *out, const struct field *field, const struct form_value *value)
{
	switch (field->kind) {
	case FIELD_WORDS: put_words(out, field->name, value->value); break;
	case FIELD_SCOPES: put_scopes(out, field->name, value->value); break;
	case FIELD_CHECK: json_bool(out, field->name, value->present); break;
	default:
		if (value->present)
			json_str(out, field->name, value->value);
	}
}

static int run(struct call *call, const struct form *form, const struct form_value *values, struct web_op *op)
{
	web_op_begin(op, form->op);
	if (form->arg)
		json_str(&op->args, form->arg, values[0].value);
	if (form->also)
		json_bool(&op->args, form->also, true);
	for (size_t i = 0; form->fields[i].name; i++)
		put_field(&op->args, &form->fields[i], &values[i + 1]);
	int rc = web_op_run(call, op);
	if (rc < 0)
		page_text(call->web->vars, "error", str_of(op->why));
	return rc;
}

/* The result is a link: it is shown now and can't be seen again. */
static int show_link(struct call *call, const struct web_op *op)
{
	page_text(call->web->vars, "link", web_op_text(call, op, "link"));
	page_text(call->web->vars, "email", web_op_text(call, op, "email"));
	call->answer.script = true;
	return web_show(call, 200, "admin_link");
}

int admin_form_step(struct call *call)
{
	struct form_param params[FIELDS_MAX + 1] = {{"id", false}};
	struct form_value values[FIELDS_MAX + 1];
	struct form_table table = {params, 1};
	const struct form *form = find(admin_list_path(call));
	_cleanup_(web_op_done) struct web_op op = {0};
	if (!form)
		FAIL(call, NOT_FOUND, "no such change");
	for (size_t i = 0; form->fields[i].name; i++)
		params[table.n++] = (struct form_param){form->fields[i].name, false};
	TRY(web_form(call, &table, values));
	admin_list_frame(call);
	if (!call->web->is_post) {
		TRY(show_present(call, form, values[0].value));
		return show(call, form, values[0].value, 200);
	}
	int rc = run(call, form, values, &op);
	if (rc == 0)
		return form->link ? show_link(call, &op) : admin_list_go(call, form->back, values[0].value);
	if (!web_op_is_refusal(rc))
		return rc;
	for (size_t i = 0; form->fields[i].name; i++)
		show_field(call, &form->fields[i], values[i + 1].value);
	return show(call, form, values[0].value, 400);
}
