/*
 * Lists of administration, and the page of one of their objects: one table of lists, each an operation of the
 * administration with its columns. Server process, pool threads.
 */
#include "web/admin_list.h"

#include "base/enc.h"

enum { COLUMNS_MAX = 8, BUTTONS_MAX = 7, PAGE = 50 };

struct column {
	const char *member, *label;
	enum admin_kind kind;
};

struct button {
	const char *path, *label; /* below the list's own path */
	bool danger;
	const char *when;         /* the member that must be true, or false with "!" before it; NULL: always */
};

static const struct list {
	const char *path, *title, *op, *sort, *id; /* id: the member that `id` names; NULL: there is no page of one */
	const char *search, *search_label;         /* a column that can be searched */
	const char *search_op;                     /* how */
	struct column columns[COLUMNS_MAX];
	struct button button;
} lists[] = {
	{"accounts", "Accounts", "account.list", "-created_at", "account_id", "email",
		"Part of the e-mail address", "contains",
		{{"email", "E-mail", 0}, {"name", "Name", 0}, {"disabled", "Disabled", ADMIN_FLAG},
		 {"created_at", "Created", ADMIN_TIME}, {"account_id", "Id", 0}},
		{"invite", "Invite somebody", false, NULL}},
	{"apis", "APIs", "api.list", "name", "api_id", "audience", "Part of the audience", "contains",
		{{"audience", "Audience", 0}, {"name", "Name", 0}, {"alg", "Signature", 0},
		 {"token_lifetime", "Token lifetime, s", 0}, {"created_at", "Created", ADMIN_TIME}},
		{"new", "New API", false, NULL}},
	{"keys", "Signing keys", "key.list", "-created_at", NULL, "state", "Part of the state", "contains",
		{{"kid", "Key", 0}, {"alg", "Algorithm", 0}, {"state", "State", 0}, {"created_at", "Made", ADMIN_TIME},
		 {"active_at", "Signs since", ADMIN_TIME}, {"retiring_at", "Retiring since", ADMIN_TIME},
		 {"gone_at", "Gone since", ADMIN_TIME}},
		{"rotate", "Rotate", false, NULL}},
	{"audit", "Audit trail", "audit.list", "-seq", NULL, "target", "Only on: a whole id", "eq",
		{{"seq", "Number", 0}, {"time", "Time", ADMIN_TIME}, {"actor", "Who", 0}, {"action", "What", 0},
		 {"target", "On what", 0}, {"detail", "Detail", 0}},
		{"verify", "Verify the chain", false, NULL}},
};

struct str admin_list_path(const struct call *call)
{
	struct str here = call->web->target;
	here = str_mem(here.p, str_find(here, '?'));
	size_t before = call->web->base.len + strlen("/admin/");
	return here.len > before ? str_mem(here.p + before, here.len - before) : (struct str){0};
}

int admin_list_go(struct call *call, const char *path, struct str id)
{
	struct str to, end = STR("/show"), from = str_of(path);
	char mem[3 * MODEL_EMAIL_MAX + 1];
	struct buf text;
	bool shows = from.len > end.len && str_eq(str_mem(from.p + from.len - end.len, end.len), end);
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_url(&text, shows ? id : (struct str){0});
	TRY(buf_status(&text));
	TRY(arena_printf(&call->arena, &to, "/admin/%s%s%.*s", path, shows ? "?id=" : "", STR_ARG(buf_str(&text))));
	return web_redirect(call, to);
}

void admin_list_put_scope(struct json_out *out, struct str name, struct str description)
{
	json_open(out, NULL, '{');
	json_str(out, "name", name);
	json_str(out, "description", str_trim_ows(description));
	json_close(out, '}');
}

void admin_list_frame(struct call *call)
{
	static const char *const parts[][2] = {
		{"clients", "nav_clients"}, {"accounts", "nav_accounts"}, {"apis", "nav_apis"}, {"keys", "nav_keys"},
		{"audit", "nav_audit"},     {"", "nav_home"},
	};
	struct str part = admin_list_path(call);
	part = str_mem(part.p, str_find(part, '/'));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		page_flag(call->web->vars, parts[i][1], str_eq(part, str_of(parts[i][0])));
	page_flag(call->web->vars, "at_admin", true);
}

static const struct list *find(const struct call *call)
{
	struct str path = admin_list_path(call);
	path = str_mem(path.p, str_find(path, '/'));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (str_eq(path, str_of(lists[i].path)))
			return &lists[i];
	return NULL;
}

static int join(struct call *call, const struct json *object, const char *name, struct str *ret_text)
{
	const struct json *array;
	struct str text = {0}, word;
	TRY(json_get_array(object, name, &array));
	for (size_t i = 0; i < json_array_len(array); i++) {
		TRY(json_at_str(array, i, &word));
		TRY(arena_printf(&call->arena, &text, "%.*s%s%.*s", STR_ARG(text), i > 0 ? " " : "", STR_ARG(word)));
	}
	*ret_text = text;
	return 0;
}

/* One to a line, the description behind a blank. */
static int join_scopes(struct call *call, const struct json *object, const char *name, struct str *ret_text)
{
	const struct json *array, *scope;
	struct str text = {0}, word, description;
	TRY(json_get_array(object, name, &array));
	for (size_t i = 0; i < json_array_len(array); i++) {
		TRY(json_at_object(array, i, &scope));
		TRY(json_get_str(scope, "name", &word));
		TRY(json_get_str(scope, "description", &description));
		TRY(arena_printf(&call->arena, &text, "%.*s%.*s %.*s\n", STR_ARG(text), STR_ARG(word),
				 STR_ARG(description)));
	}
	*ret_text = text;
	return 0;
}

/* To the second, unlike other pages: entries of a trail are told apart by it. */
static int read_time(struct call *call, int64_t t_s, struct str *ret_text)
{
	char mem[32];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_time(&text, t_s);
	struct str day, clock, iso = buf_str(&text);
	if (t_s == 0 || !str_cut(iso, 'T', &day, &clock))
		return 0;
	return arena_printf(&call->arena, ret_text, "%.*s %.*s UTC", STR_ARG(day), (int)clock.len - 1, clock.p);
}

int admin_list_text(struct call *call, const struct json *object, const char *name, enum admin_kind kind,
		    struct str *ret_text)
{
	struct str text;
	int64_t number;
	bool flag;
	*ret_text = (struct str){0};
	if (kind == ADMIN_WORDS)
		return join(call, object, name, ret_text);
	if (kind == ADMIN_SCOPES)
		return join_scopes(call, object, name, ret_text);
	if (json_get_str(object, name, &text) == 0)
		return arena_str(&call->arena, text, ret_text);
	if (json_get_bool(object, name, &flag) == 0) {
		*ret_text = flag ? STR("yes") : kind == ADMIN_YES_NO ? STR("no") : (struct str){0};
		return 0;
	}
	if (json_get_int(object, name, &number) < 0)
		return 0;
	if (kind == ADMIN_TIME)
		return read_time(call, number, ret_text);
	return arena_printf(&call->arena, ret_text, "%lld", (long long)number);
}

static int show_row(struct call *call, const struct list *list, const struct json *object)
{
	struct page_vars *row = page_row(call->web->vars, "rows"), *cell;
	struct str text, id = {0};
	if (list->id)
		TRY(admin_list_text(call, object, list->id, ADMIN_TEXT, &id));
	for (const struct column *column = list->columns; column->member; column++) {
		TRY(admin_list_text(call, object, column->member, column->kind, &text));
		cell = page_row(row, "cells");
		page_text(cell, "text", text);
		page_flag(cell, "time", column->kind == ADMIN_TIME);
		page_text(cell, "link", column == list->columns ? id : (struct str){0});
	}
	return 0;
}

static int show_rows(struct call *call, const struct list *list, const struct web_op *op, int64_t page)
{
	const struct json *items, *object;
	int64_t pages = 0;
	TRY(json_get_array(op->result, "items", &items));
	for (size_t i = 0; i < json_array_len(items); i++) {
		TRY(json_at_object(items, i, &object));
		TRY(show_row(call, list, object));
	}
	if (json_get_int(op->result, "totalPages", &pages) < 0)
		pages = 0;
	if (page > 1)
		page_number(call->web->vars, "previous", page - 1);
	if (page < pages)
		page_number(call->web->vars, "next", page + 1);
	page_number(call->web->vars, "pages", pages);
	page_number(call->web->vars, "page", page);
	return 0;
}

static void put_query(struct web_op *op, const struct list *list, int64_t page, struct str search)
{
	json_int(&op->args, "page", page);
	json_int(&op->args, "page_size", PAGE);
	json_str(&op->args, "sort", str_of(list->sort));
	if (search.len > 0)
		web_op_filter(op, list->search, list->search_op, search);
}

static void show_frame(struct call *call, const struct list *list)
{
	struct page_vars *vars = call->web->vars;
	admin_list_frame(call);
	page_text(vars, "title", str_of(list->title));
	page_text(vars, "list", str_of(list->path));
	page_text(vars, "search_label", str_of(list->search_label));
	page_text(vars, "button_path", str_of(list->button.path));
	page_text(vars, "button", str_of(list->button.label));
	for (const struct column *column = list->columns; column->member; column++)
		page_text(page_row(vars, "columns"), "label", str_of(column->label));
}

int admin_list_step(struct call *call)
{
	enum { LIST_PAGE, LIST_SEARCH, LIST_FIELDS };
	static const struct form_param params[] = {{"page", false}, {"search", false}};
	static const struct form_table table = {params, LIST_FIELDS};
	struct form_value values[LIST_FIELDS];
	uint64_t page = 1;
	const struct list *list = find(call);
	_cleanup_(web_op_done) struct web_op op = {0};
	if (!list)
		FAIL(call, NOT_FOUND, "no such list");
	TRY(web_form(call, &table, values));
	if (values[LIST_PAGE].present && (str_to_u64(values[LIST_PAGE].value, 1000000, &page) < 0 || page == 0))
		FAIL(call, NOT_FOUND, "no such page");
	show_frame(call, list);
	page_text(call->web->vars, "search", values[LIST_SEARCH].value);
	web_op_begin(&op, list->op);
	put_query(&op, list, (int64_t)page, values[LIST_SEARCH].value);
	TRY(web_op_run(call, &op));
	TRY(show_rows(call, list, &op, (int64_t)page));
	return web_show(call, 200, "admin_list");
}

/* --- one of them --- */

static const struct object {
	const char *path, *op, *arg, *title; /* title: the member that the page is called after */
	struct column members[COLUMNS_MAX];
	struct button buttons[BUTTONS_MAX];
} objects[] = {
	{"accounts/show", "account.get", "account", "email",
		{{"account_id", "Id", 0}, {"name", "Name", 0}, {"email_verified", "Address verified", ADMIN_YES_NO},
		 {"roles", "Roles", ADMIN_WORDS}, {"disabled", "Disabled", ADMIN_YES_NO},
		 {"created_at", "Created", ADMIN_TIME}},
		{{"accounts/roles", "Roles", false, NULL},
		 {"accounts/reset", "Link to set a password", false, NULL},
		 {"accounts/enable", "Enable", false, "disabled"}, {"accounts/disable", "Disable", true, "!disabled"},
		 {"accounts/factors", "Second factor lost", true, NULL},
		 {"accounts/delete", "Delete", true, NULL}}},
	{"apis/show", "api.get", "api", "audience",
		{{"api_id", "Id", 0}, {"name", "Name", 0}, {"alg", "Signature", 0},
		 {"token_lifetime", "Token lifetime, s", 0}, {"created_at", "Created", ADMIN_TIME},
		 {"scopes", "Scopes", ADMIN_SCOPES}, {"resource_servers", "Resource servers", ADMIN_WORDS}},
		{{"apis/edit", "Name and scopes", false, NULL}, {"apis/import", "Scopes from OpenAPI", false, NULL},
		 {"apis/delete", "Delete", true, NULL}}},
};

static bool is_due(const struct button *button, const struct json *object)
{
	bool flag = false, wanted = button->when && *button->when != '!';
	return !button->when || (json_get_bool(object, button->when + !wanted, &flag) == 0 && flag == wanted);
}

/* A table says more than lines of text. */
static int show_scopes(struct page_vars *row, struct call *call, const struct json *object, const char *name)
{
	const struct json *array, *scope;
	struct str text;
	TRY(json_get_array(object, name, &array));
	for (size_t i = 0; i < json_array_len(array); i++) {
		struct page_vars *line = page_row(row, "scopes");
		TRY(json_at_object(array, i, &scope));
		TRY(admin_list_text(call, scope, "name", ADMIN_TEXT, &text));
		page_text(line, "scope", text);
		TRY(admin_list_text(call, scope, "description", ADMIN_TEXT, &text));
		page_text(line, "permits", text);
	}
	return 0;
}

static int show_object(struct call *call, const struct object *object, const struct web_op *op)
{
	struct page_vars *vars = call->web->vars, *row;
	struct str text;
	TRY(admin_list_text(call, op->result, object->title, ADMIN_TEXT, &text));
	page_text(vars, "title", text);
	for (const struct column *member = object->members; member->member; member++) {
		row = page_row(vars, "members");
		page_text(row, "label", str_of(member->label));
		if (member->kind == ADMIN_SCOPES) {
			TRY(show_scopes(row, call, op->result, member->member));
			continue;
		}
		TRY(admin_list_text(call, op->result, member->member, member->kind, &text));
		page_text(row, "text", text);
	}
	for (const struct button *button = object->buttons; button->path; button++) {
		if (!is_due(button, op->result))
			continue;
		row = page_row(vars, "buttons");
		page_text(row, "path", str_of(button->path));
		page_text(row, "label", str_of(button->label));
		page_flag(row, "danger", button->danger);
	}
	return 0;
}

/* What acts for an account. */
static int show_clients(struct call *call, struct str account_id)
{
	struct client *clients;
	size_t n;
	const struct store_client_range range = {
		.account_id = account_id, .range = {.limit = PAGE, .order = STORE_BY_TIME, .descending = true}};
	TRY(store_client_list(call->env->store, &range, &call->arena, &clients, &n));
	page_flag(call->web->vars, "acts", n > 0);
	for (size_t i = 0; i < n; i++) {
		struct page_vars *row = page_row(call->web->vars, "clients");
		page_text(row, "client_id", clients[i].id);
		page_text(row, "client_name", clients[i].name);
	}
	return 0;
}

int admin_list_show(struct call *call)
{
	static const struct form_param params[] = {{"id", false}};
	static const struct form_table table = {params, 1};
	struct form_value value;
	const struct object *object = objects;
	_cleanup_(web_op_done) struct web_op op = {0};
	for (; object < objects + sizeof(objects) / sizeof(objects[0]); object++)
		if (str_eq(admin_list_path(call), str_of(object->path)))
			break;
	if (object == objects + sizeof(objects) / sizeof(objects[0]))
		FAIL(call, NOT_FOUND, "no such page");
	TRY(web_form(call, &table, &value));
	web_op_begin(&op, object->op);
	json_str(&op.args, object->arg, value.value);
	int rc = web_op_run(call, &op);
	if (rc < 0)
		return err_row(rc)->fault == FAULT_PEER ? call_fail(call, E_NOT_FOUND, "no such object") : rc;
	admin_list_frame(call);
	page_text(call->web->vars, "id", value.value);
	TRY(show_object(call, object, &op));
	if (str_eq(str_of(object->arg), STR("account")))
		TRY(show_clients(call, web_op_text(call, &op, "account_id")));
	return web_show(call, 200, "admin_show");
}
