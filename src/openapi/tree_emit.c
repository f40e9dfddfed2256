/* Trees as JSON; see tree_emit.h. RFC 8259. */
#include "openapi/tree_emit.h"

#include "json/json.h"
#include "openapi/tree.h"

static void put_node(const struct tree *node, struct buf *out);

/* RFC 8259 6; YAML writes some numbers in other ways (.5, 0x1F, 007), and those become strings. */
static bool is_number(struct str text)
{
	struct str digits = text.len > 1 && text.p[0] == '-' ? str_mem(text.p + 1, text.len - 1) : text;
	if (digits.len == 0 || digits.p[0] < '0' || digits.p[0] > '9' || digits.p[digits.len - 1] == '.')
		return false;
	if (digits.p[0] == '0' && digits.len > 1 && digits.p[1] != '.' && digits.p[1] != 'e' && digits.p[1] != 'E')
		return false;
	for (size_t i = 0; i < digits.len; i++)
		if (!memchr("0123456789.eE+-", digits.p[i], 15))
			return false;
	return true;
}

static void put_list(const struct tree *node, struct buf *out)
{
	buf_put_char(out, '[');
	for (size_t i = 0; i < node->n; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		put_node(node->items[i], out);
	}
	buf_put_char(out, ']');
}

static void put_map(const struct tree *node, struct buf *out)
{
	buf_put_char(out, '{');
	for (size_t i = 0; i < node->n; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		json_put_quoted(out, node->members[i].name);
		buf_put_char(out, ':');
		put_node(node->members[i].value, out);
	}
	buf_put_char(out, '}');
}

/* Its depth is that of a tree, TREE_DEPTH_MAX. */
static void put_node(const struct tree *node, struct buf *out)
{
	if (out->status < 0) /* aliases can make a document much longer than its text */
		return;
	switch ((enum tree_kind)node->kind) {
	case TREE_NULL:
		buf_put(out, STR("null"));
		return;
	case TREE_BOOL:
		buf_put(out, node->truth ? STR("true") : STR("false"));
		return;
	case TREE_NUMBER:
		if (is_number(node->text)) {
			buf_put(out, node->text);
			return;
		}
		json_put_quoted(out, node->text);
		return;
	case TREE_STR:
		json_put_quoted(out, node->text);
		return;
	case TREE_LIST:
		put_list(node, out);
		return;
	case TREE_MAP:
		put_map(node, out);
		return;
	}
}

int tree_emit_json(const char *name, struct str text, struct buf *out, struct buf *why)
{
	_cleanup_(arena_done) struct arena arena;
	const struct tree_file file = {name, why};
	const struct tree *root;
	arena_init(&arena, TREE_ARENA_MAX);
	TRY(tree_parse(&file, text, &arena, &root));
	put_node(root, out);
	return 0;
}
