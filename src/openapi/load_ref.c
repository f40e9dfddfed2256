/* `$ref` within a document; see load.h. RFC 6901 6, OpenAPI 3.1.0 4.8.23. */
#include "openapi/load.h"

#include "base/enc.h"

enum { HOPS_MAX = 16 };

static int fail(const struct load *load, const struct tree *at, const char *what, struct str ref)
{
	return tree_fail(&load->file, at->at, "%s: $ref '%s'", what, tree_show(ref).text);
}

/* RFC 6901 6: a fragment is percent-encoded. False: malformed. */
static bool percent_decode(struct str text, char *out, size_t *ret_len)
{
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++, len++) {
		out[len] = text.p[i];
		if (text.p[i] != '%')
			continue;
		if (text.len - i < 3 || enc_hex_digit(text.p[i + 1]) < 0 || enc_hex_digit(text.p[i + 2]) < 0)
			return false;
		out[len] = (char)(enc_hex_digit(text.p[i + 1]) * 16 + enc_hex_digit(text.p[i + 2]));
		i += 2;
	}
	*ret_len = len;
	return true;
}

/* RFC 6901 4: "~1" is '/', "~0" is '~'. In place; false: malformed. */
static bool untilde(char *p, size_t *len)
{
	size_t out = 0;
	for (size_t i = 0; i < *len; i++, out++) {
		p[out] = p[i];
		if (p[i] != '~')
			continue;
		if (i + 1 == *len || (p[i + 1] != '0' && p[i + 1] != '1'))
			return false;
		p[out] = p[++i] == '1' ? '/' : '~';
	}
	*len = out;
	return true;
}

static const struct tree *child(const struct tree *node, struct str token)
{
	uint64_t index;
	if (tree_is(node, TREE_MAP))
		return tree_get(node, token);
	if (!tree_is(node, TREE_LIST) || str_to_u64(token, UINT32_MAX, &index) < 0 || index >= node->n)
		return NULL;
	return node->items[index];
}

/* pointer: behind the '#', decoded; it is taken apart in place. */
static const struct tree *descend(const struct tree *node, char *pointer, size_t len)
{
	for (size_t i = 0; i < len && node;) {
		if (pointer[i++] != '/')
			return NULL;
		size_t n = str_find((struct str){pointer + i, len - i}, '/'), plain = n;
		if (!untilde(pointer + i, &plain))
			return NULL;
		node = child(node, (struct str){pointer + i, plain});
		i += n;
	}
	return node;
}

static int follow(const struct load *load, const struct tree *at, struct str ref, const struct tree **ret_node)
{
	size_t len = 0;
	if (ref.len == 0 || ref.p[0] != '#')
		return fail(load, at, "references to other documents are not followed; bundle them into one file", ref);
	char *pointer = arena_alloc(load->temp, ref.len);
	if (!pointer)
		return E_NOMEM;
	if (!percent_decode((struct str){ref.p + 1, ref.len - 1}, pointer, &len))
		return fail(load, at, "a malformed reference", ref);
	const struct tree *node = descend(load->root, pointer, len);
	if (!node)
		return fail(load, at, "nothing stands where the reference points", ref);
	*ret_node = node;
	return 0;
}

/* OpenAPI 3.1.0 4.8.9: what stands beside a $ref is undefined; we do not guess whose `security` would count. */
static int check_siblings(const struct load *load, const struct tree *node)
{
	for (size_t i = 0; i < node->n; i++) {
		struct str name = node->members[i].name;
		if (!str_eq(name, STR("$ref")) && !str_eq(name, STR("summary")) &&
		    !str_eq(name, STR("description")) && !str_has_prefix(name, STR("x-")))
			return tree_fail(&load->file, node->members[i].at, "'%s' can not stand beside $ref",
					 tree_show(name).text);
	}
	return 0;
}

int load_ref(const struct load *load, const struct tree *node, const struct tree **ret_node)
{
	const struct tree *start = node;
	for (int hops = 0; hops <= HOPS_MAX; hops++) {
		if (!tree_is(node, TREE_MAP))
			return tree_fail(&load->file, start->at, "expected a mapping");
		const struct tree *ref = tree_get(node, STR("$ref"));
		if (!ref) {
			*ret_node = node;
			return 0;
		}
		if (!tree_is(ref, TREE_STR))
			return tree_fail(&load->file, ref->at, "$ref must be a text");
		TRY(check_siblings(load, node));
		TRY(follow(load, ref, ref->text, &node));
	}
	return tree_fail(&load->file, start->at, "references lead in a circle, or through more than %d others",
			 HOPS_MAX);
}
