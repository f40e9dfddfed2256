/* `paths`, path items and operations (OpenAPI 3.1.0 4.8.8 to 4.8.12). See load.h. */
#include "openapi/load.h"

enum { PARAMETERS_MAX = 256 };

static const struct {
	struct str name, method;
} methods[MATCH_METHODS] = {
	{{"delete", 6}, {"DELETE", 6}}, {{"get", 3}, {"GET", 3}},     {{"head", 4}, {"HEAD", 4}},
	{{"options", 7}, {"OPTIONS", 7}}, {{"patch", 5}, {"PATCH", 5}}, {{"post", 4}, {"POST", 4}},
	{{"put", 3}, {"PUT", 3}},       {{"trace", 5}, {"TRACE", 5}},
};

/* --- x-mintmark-rest --- */

/* What a list of parameters says of the template's last one: -1 nothing, else 0 or 1. */
static int read_parameter(const struct load *load, const struct tree *parameter, struct str last, int *ret_rest)
{
	struct str where = {0}, name = {0};
	TRY(load_ref(load, parameter, &parameter));
	const struct tree *rest = tree_get(parameter, STR("x-mintmark-rest"));
	TRY(load_text(load, parameter, STR("in"), &where));
	TRY(load_text(load, parameter, STR("name"), &name));
	if (rest && !tree_is(rest, TREE_BOOL))
		return load_fail(load, rest, "x-mintmark-rest must be true or false");
	bool is_last = str_eq(where, STR("path")) && last.len > 0 && str_eq(name, last);
	if (rest && rest->truth && !is_last)
		return load_fail(load, rest, "x-mintmark-rest belongs to the last parameter of the path");
	if (is_last)
		*ret_rest = rest && rest->truth;
	return 0;
}

static int read_parameters(const struct load *load, const struct tree *owner, struct str last, int *ret_rest)
{
	const struct tree *list = tree_get(owner, STR("parameters"));
	if (!list)
		return 0;
	if (!tree_is(list, TREE_LIST) || list->n > PARAMETERS_MAX)
		return load_fail(load, list, "parameters must be a list, and not too long a one");
	for (size_t i = 0; i < list->n; i++)
		TRY(read_parameter(load, list->items[i], last, ret_rest));
	return 0;
}

/* The path item's parameters, which an operation may say anew (OpenAPI 3.1.0 4.8.10): all must come to the same. */
static int read_rest(const struct load *load, const struct tree *node, struct match_item *item)
{
	const struct str_list *params = &item->template.params;
	struct str last = params->n > 0 ? params->v[params->n - 1] : STR("");
	int common = -1, agreed = -1;
	TRY(read_parameters(load, node, last, &common));
	for (size_t i = 0; i < MATCH_METHODS; i++) {
		const struct tree *operation = tree_get(node, methods[i].name);
		int own = common;
		if (!operation)
			continue;
		TRY(read_parameters(load, operation, last, &own));
		if (agreed >= 0 && agreed != (own == 1))
			return load_fail(load, operation, "the operations of a path must agree on x-mintmark-rest");
		agreed = own == 1;
	}
	if (agreed < 1)
		return 0;
	int rc = template_set_rest(&item->template, load->set);
	return rc == E_SYNTAX ? load_fail(load, node, "x-mintmark-rest needs a parameter that ends the path") : rc;
}

/* --- operations --- */

static int read_security(const struct load *load, const struct tree *node, struct openapi_operation *operation)
{
	const struct tree *own = tree_get(node, STR("security"));
	struct load_security security = load->security;
	if (own) /* OpenAPI 3.1.0 4.8.10: it overrides the document's */
		TRY(load_security(load, own, &security));
	operation->access = security.access;
	operation->declared = security.declared;
	operation->alternatives = security.alternatives;
	operation->n_alternatives = security.n_alternatives;
	operation->notes = security.notes;
	operation->undeclared = security.undeclared;
	return 0;
}

static int read_operation(struct load *load, const struct tree_member *member, struct str method,
			  struct match_item *item)
{
	const struct tree *node = member->value;
	struct str id = {0};
	struct openapi_operation *operation = arena_alloc(load->set, sizeof(*operation));
	if (!operation)
		return E_NOMEM;
	if (!tree_is(node, TREE_MAP))
		return load_fail(load, node, "an operation must be a mapping");
	TRY(load_check_members(load, node, " tags summary description externalDocs operationId parameters requestBody "
			       "responses callbacks deprecated security servers ", "an operation"));
	TRY(load_text(load, node, STR("operationId"), &id));
	TRY(load_servers_check(load, node));
	if (load->items->n_operations++ == OPENAPI_OPERATIONS_MAX)
		return load_fail(load, node, "too many operations");
	operation->method = method;
	operation->path = item->template.text;
	operation->shape = item->template.shape;
	operation->document = load->document;
	operation->line = member->at.line;
	operation->params = item->template.params;
	TRY(load_keep(load, id, &operation->id));
	TRY(read_security(load, node, operation));
	item->operations[item->n_operations++] = operation;
	return 0;
}

/* --- path items --- */

static int read_template(struct load *load, const struct tree_member *member, struct match_item *item)
{
	const char *why = "";
	struct str text;
	TRY(arena_printf(load->set, &text, "%.*s%.*s", STR_ARG(load->prefix), STR_ARG(member->name)));
	int rc = template_parse(text, load->set, &item->template, &why);
	if (rc == E_SYNTAX)
		return tree_fail(&load->file, member->at, "the path '%s' can not be used: %s", tree_show(text).text,
				 why);
	return rc;
}

static int read_item(struct load *load, const struct tree_member *member)
{
	const struct tree *node = member->value;
	struct match_item *item = arena_alloc(load->set, sizeof(*item));
	if (!item)
		return E_NOMEM;
	if (member->name.len == 0 || member->name.p[0] != '/')
		return tree_fail(&load->file, member->at, "the path '%s' does not begin with '/'",
				 tree_show(member->name).text);
	item->file = load->file;
	item->at = member->at;
	TRY(load_ref(load, node, &node));
	TRY(load_check_members(load, node, " summary description servers parameters get put post delete options head "
			       "patch trace ", "a path item"));
	TRY(load_servers_check(load, node));
	TRY(read_template(load, member, item));
	TRY(read_rest(load, node, item));
	for (size_t i = 0; i < MATCH_METHODS; i++) {
		const struct tree_member *operation = tree_find(node, methods[i].name);
		if (operation)
			TRY(read_operation(load, operation, methods[i].method, item));
	}
	*load->items->last = item;
	load->items->last = &item->next;
	return 0;
}

int load_paths(struct load *load)
{
	const struct tree *paths = tree_get(load->root, STR("paths"));
	if (!paths) /* OpenAPI 3.1.0 4.8.1: components or webhooks alone make a document too */
		return load->v31 ? 0 : load_fail(load, load->root, "paths are missing");
	if (!tree_is(paths, TREE_MAP))
		return load_fail(load, paths, "paths must be a mapping");
	for (size_t i = 0; i < paths->n; i++)
		if (!str_has_prefix(paths->members[i].name, STR("x-")))
			TRY(read_item(load, &paths->members[i]));
	return 0;
}
