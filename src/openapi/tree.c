/* Trees of documents; see tree.h. One thread; no network, no files. */
#include "openapi/tree.h"

#include <stdarg.h>
#include <stdio.h>

#include "openapi/tree_build.h"

int tree_fail(const struct tree_file *file, struct tree_mark at, const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_printf(file->why, "%s:%u:%u: %s", file->name, at.line, at.column, text);
	return E_CONFIG;
}

struct tree_shown tree_show(struct str text)
{
	struct tree_shown shown;
	size_t len = 0;
	while (text.len > 0) {
		size_t n = str_printable(text);
		if (len + (n > 0 ? n : 1) > sizeof(shown.text) - 4) {
			memcpy(shown.text + len, "...", 3);
			len += 3;
			break;
		}
		if (n > 0)
			memcpy(shown.text + len, text.p, n);
		else
			shown.text[len] = '?';
		len += n > 0 ? n : 1;
		text = (struct str){text.p + (n > 0 ? n : 1), text.len - (n > 0 ? n : 1)};
	}
	shown.text[len] = 0;
	return shown;
}

const struct tree_member *tree_find(const struct tree *map, struct str name)
{
	if (!tree_is(map, TREE_MAP))
		return NULL;
	size_t low = 0, high = map->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(name, map->members[middle].name);
		if (order == 0)
			return &map->members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct tree *tree_get(const struct tree *map, struct str name)
{
	const struct tree_member *member = tree_find(map, name);
	return member ? member->value : NULL;
}

static bool has_suffix(const char *name, struct str suffix)
{
	struct str s = str_of(name);
	return s.len >= suffix.len && str_eq_ci((struct str){s.p + s.len - suffix.len, suffix.len}, suffix);
}

static bool is_json(const char *name, struct str text)
{
	if (has_suffix(name, STR(".json")))
		return true;
	if (has_suffix(name, STR(".yaml")) || has_suffix(name, STR(".yml")))
		return false;
	size_t i = 0;
	while (i < text.len && strchr(" \t\r\n", text.p[i]))
		i++;
	return i < text.len && text.p[i] == '{';
}

int tree_parse(const struct tree_file *file, struct str text, struct arena *arena, const struct tree **ret_root)
{
	const struct tree_mark start = {1, 1};
	struct tree_build build;
	if (!text.p) /* an empty buffer; libyaml ends the process over it */
		text = STR("");
	if (str_has_prefix(text, STR("\xEF\xBB\xBF"))) /* RFC 8259 8.1: a byte order mark may be ignored */
		text = (struct str){text.p + 3, text.len - 3};
	if (str_find(text, '\0') < text.len || !str_is_utf8(text))
		return tree_fail(file, start, "the document is not UTF-8 text");
	tree_build_init(&build, file, arena);
	int rc = is_json(file->name, text) ? tree_json_parse(&build, text) : tree_yaml_parse(&build, text);
	if (rc == 0)
		*ret_root = build.root;
	tree_build_done(&build);
	return rc;
}
