/* One OpenAPI document; see load.h. One thread; no network, no files. */
#include "openapi/load.h"

int load_fail(const struct load *load, const struct tree *at, const char *what)
{
	return tree_fail(&load->file, at->at, "%s", what);
}

static bool is_known(struct str name, const char *known)
{
	const char *found = known;
	char word[32];
	if (name.len + 2 >= sizeof(word) || str_find(name, ' ') < name.len)
		return false;
	word[0] = word[name.len + 1] = ' ';
	word[name.len + 2] = 0;
	memcpy(word + 1, name.p, name.len);
	return strstr(found, word) != NULL;
}

int load_check_members(const struct load *load, const struct tree *map, const char *known, const char *what)
{
	for (size_t i = 0; i < map->n; i++) {
		struct str name = map->members[i].name;
		/* OpenAPI 3.1.0 4.9: extensions begin with x-. A misspelt `security` would open what it closes. */
		if (!str_has_prefix(name, STR("x-")) && !is_known(name, known))
			return tree_fail(&load->file, map->members[i].at, "'%s' is unknown in %s",
					 tree_show(name).text, what);
	}
	return 0;
}

int load_text(const struct load *load, const struct tree *map, struct str name, struct str *ret_text)
{
	const struct tree *node = tree_get(map, name);
	if (!node)
		return 0;
	if (!tree_is(node, TREE_STR))
		return tree_fail(&load->file, node->at, "'%s' must be a text", tree_show(name).text);
	*ret_text = node->text;
	return 0;
}

int load_keep(const struct load *load, struct str text, struct str *ret_copy)
{
	return arena_str(load->set, text, ret_copy);
}

static int read_version(struct load *load)
{
	struct str version = {0};
	if (tree_get(load->root, STR("swagger")))
		return load_fail(load, load->root, "Swagger 2.0 is not read; expected OpenAPI 3.0 or 3.1");
	TRY(load_text(load, load->root, STR("openapi"), &version));
	load->v31 = str_has_prefix(version, STR("3.1."));
	if (!load->v31 && !str_has_prefix(version, STR("3.0.")))
		return load_fail(load, load->root, "expected 'openapi: 3.0.x' or 'openapi: 3.1.x'");
	return 0;
}

static int read_root(struct load *load)
{
	const struct tree *security = NULL;
	if (!tree_is(load->root, TREE_MAP))
		return load_fail(load, load->root, "an OpenAPI document is a mapping");
	TRY(read_version(load));
	TRY(load_check_members(load, load->root, " openapi info jsonSchemaDialect servers paths webhooks components "
			       "security tags externalDocs ", "a document"));
	TRY(load_servers(load));
	TRY(load_schemes(load));
	/* OpenAPI 3.1.0 4.8.1: without `security` nothing is asked for */
	load->security = (struct load_security){.access = OPENAPI_ACCESS_PUBLIC};
	security = tree_get(load->root, STR("security"));
	return security ? load_security(load, security, &load->security) : 0;
}

int load_document(struct load *load, struct str text)
{
	const struct tree_mark start = {1, 1};
	if (text.len > OPENAPI_TEXT_MAX)
		return tree_fail(&load->file, start, "the document is larger than %d bytes", OPENAPI_TEXT_MAX);
	TRY(load_keep(load, str_of(load->file.name), &load->document));
	TRY(tree_parse(&load->file, text, load->temp, &load->root));
	TRY(read_root(load));
	return load_paths(load);
}
