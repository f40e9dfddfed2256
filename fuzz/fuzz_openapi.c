/*
 * OpenAPI documents, as JSON and as YAML: refused with a place and a reason in one line, or a set in which every
 * operation can be found and judged. What json/json.h takes as JSON, the loader's own reader takes too, and the other
 * way round where numbers (of which jansson knows bounds) play no part.
 */
#include "json/json.h"
#include "openapi/openapi.h"
#include "openapi/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* The template with "x" for every parameter. */
static size_t fill_in(struct str template, char *out)
{
	struct str literal, name;
	size_t len = 0;
	while (str_cut(template, '{', &literal, &template)) {
		memcpy(out + len, literal.p, literal.len);
		len += literal.len;
		out[len++] = 'x';
		check(str_cut(template, '}', &name, &template));
	}
	if (template.len > 0)
		memcpy(out + len, template.p, template.len);
	return len + template.len;
}

static void check_found(const struct openapi *set, const struct openapi_operation *operation)
{
	char target[8192], mem[8192];
	struct openapi_match match;
	struct path path;
	check(operation->path.len <= sizeof(target));
	size_t len = fill_in(operation->path, target);
	check(path_parse(str_mem(target, len), mem, sizeof(mem), &path) == 0);
	/* Another path may be more literal, and lack the method. */
	int rc = openapi_find(set, operation->method, &path, &match);
	check(rc == 0 || rc == E_METHOD_NOT_ALLOWED);
}

static void check_judged(const struct openapi_operation *operation)
{
	static char text[OPENAPI_SCOPES_MAX * (OPENAPI_SCOPE_MAX + 1)];
	struct str_list needed;
	bool token = operation->access == OPENAPI_ACCESS_TOKEN;
	check(token == (openapi_judge(operation, NULL, &needed) == OPENAPI_NEEDS_TOKEN));
	check(!token || operation->n_alternatives > 0);
	for (size_t i = 0; i < operation->n_alternatives; i++) {
		struct buf all;
		buf_init_fixed(&all, text, sizeof(text));
		for (size_t k = 0; k < operation->alternatives[i].n; k++) {
			buf_put(&all, k > 0 ? STR(" ") : STR(""));
			buf_put(&all, operation->alternatives[i].v[k]);
		}
		struct str scope = buf_str(&all);
		check(buf_status(&all) == 0);
		check(openapi_judge(operation, &scope, &needed) == (token ? OPENAPI_ALLOWED : OPENAPI_PUBLIC));
	}
}

static void load(const char *name, struct str text)
{
	const struct openapi_source source = {name, text, NULL};
	char mem[OPENAPI_WHY_MAX];
	struct openapi *set = NULL;
	struct buf why;
	buf_init_fixed(&why, mem, sizeof(mem));
	int rc = openapi_load(&source, 1, STR("https://a.example"), &set, &why);
	check(rc == 0 || rc == E_CONFIG);
	check(rc == 0 ? set && why.len == 0 : !set && buf_status(&why) == 0);
	if (rc < 0) {
		check(str_has_prefix(buf_str(&why), str_of(name)) && str_find(buf_str(&why), '\n') == why.len);
		return;
	}
	for (size_t i = 0; i < openapi_count(set); i++) {
		check_found(set, openapi_at(set, i));
		check_judged(openapi_at(set, i));
	}
	openapi_free(set);
}

static bool has_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] >= '0' && text.p[i] <= '9')
			return true;
	return false;
}

static void compare(struct str text)
{
	char mem[OPENAPI_WHY_MAX];
	struct arena arena;
	struct buf why;
	struct json *doc = NULL;
	const struct tree *root = NULL;
	const struct tree_file file = {"f.json", &why};
	buf_init_fixed(&why, mem, sizeof(mem));
	arena_init(&arena, TREE_ARENA_MAX);
	bool ours = tree_parse(&file, text, &arena, &root) == 0 && tree_is(root, TREE_MAP);
	int theirs = json_parse_object(text, &doc);
	check(theirs < 0 || ours);
	check(!ours || theirs == 0 || theirs == E_LIMIT || has_number(text) || str_has_prefix(text, STR("\xEF")));
	json_free(doc);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(size > 0 ? data : NULL, size); /* as an empty buffer has it */
	load("f.json", text);
	load("f.yaml", text);
	compare(text);
	return 0;
}
