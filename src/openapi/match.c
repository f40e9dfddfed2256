/* Looking paths up; see match.h. Building: one thread. Looking up: any number, nothing is written. */
#include "openapi/match.h"

enum { PARTLY_MAX = 256 };

/* What may follow: literals sorted by text, partly literal segments of which no two meet, one parameter, one rest. */
struct match_node {
	struct match_edge *literals;
	size_t n_literals, cap;
	struct match_edge *partly;
	size_t n_partly, partly_cap;
	struct match_node *param;
	const struct match_item *rest; /* takes all that is left */
	const struct match_item *end;  /* the path ends here */
};

struct match_edge {
	const struct template_segment *segment;
	struct match_node *node;
	const struct match_item *item; /* the first that came this way */
};

struct build {
	struct arena *arena;
	const struct match_item *item;
};

static int fail_ambiguous(const struct match_item *item, const struct match_item *other)
{
	return tree_fail(&item->file, item->at, "the path '%s' can not be told from '%s' (%s:%u)",
			 tree_show(item->template.text).text, tree_show(other->template.text).text, other->file.name,
			 other->at.line);
}

static int new_node(struct build *build, struct match_node **ret_node)
{
	struct match_node *node = arena_alloc(build->arena, sizeof(*node));
	if (!node)
		return E_NOMEM;
	*ret_node = node;
	return 0;
}

/* Open a gap at index. The old array stays in the arena: together they are as large as the new one. */
static int insert(struct build *build, struct match_edge **edges, size_t *n, size_t *cap, size_t index)
{
	if (*n == *cap) {
		size_t more = *cap > 0 ? *cap * 2 : 4;
		struct match_edge *grown = arena_array(build->arena, more, sizeof(*grown));
		if (!grown)
			return E_NOMEM;
		if (*n > 0)
			memcpy(grown, *edges, *n * sizeof(*grown));
		*edges = grown;
		*cap = more;
	}
	memmove(*edges + index + 1, *edges + index, (*n - index) * sizeof(**edges));
	(*n)++;
	return 0;
}

/* Where text stands among the literals, or belongs. */
static size_t search(const struct match_node *node, struct str text, bool *ret_found)
{
	size_t low = 0, high = node->n_literals;
	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(text, node->literals[middle].segment->pieces[0]);
		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int add_literal(struct build *build, struct match_node *node, const struct template_segment *segment,
		       struct match_node **ret_next)
{
	bool found;
	size_t index = search(node, segment->pieces[0], &found);
	if (!found) {
		struct match_node *next = NULL;
		TRY(new_node(build, &next));
		TRY(insert(build, &node->literals, &node->n_literals, &node->cap, index));
		node->literals[index] = (struct match_edge){segment, next, build->item};
	}
	*ret_next = node->literals[index].node;
	return 0;
}

static bool same(const struct template_segment *a, const struct template_segment *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->pieces[i], b->pieces[i]))
			return false;
	return true;
}

static int add_partly(struct build *build, struct match_node *node, const struct template_segment *segment,
		      struct match_node **ret_next)
{
	struct match_node *next = NULL;
	for (size_t i = 0; i < node->n_partly; i++) {
		if (same(node->partly[i].segment, segment)) {
			*ret_next = node->partly[i].node;
			return 0;
		}
		if (template_overlap(node->partly[i].segment, segment))
			return fail_ambiguous(build->item, node->partly[i].item);
	}
	if (node->n_partly == PARTLY_MAX)
		return tree_fail(&build->item->file, build->item->at,
				 "more than %d partly literal segments side by side", PARTLY_MAX);
	TRY(new_node(build, &next));
	TRY(insert(build, &node->partly, &node->n_partly, &node->partly_cap, node->n_partly));
	node->partly[node->n_partly - 1] = (struct match_edge){segment, next, build->item};
	*ret_next = next;
	return 0;
}

static int add_segment(struct build *build, struct match_node *node, const struct template_segment *segment,
		       struct match_node **ret_next)
{
	if (template_is_literal(segment))
		return add_literal(build, node, segment, ret_next);
	if (!template_is_param(segment))
		return add_partly(build, node, segment, ret_next);
	if (!node->param)
		TRY(new_node(build, &node->param));
	*ret_next = node->param;
	return 0;
}

/* OpenAPI 3.1.0 4.8.8.1: templates that differ only in names are identical. */
static int add_item(struct build *build, struct match_node *node)
{
	const struct template *template = &build->item->template;
	size_t n = template->n - template->rest;
	for (size_t i = 0; i < n; i++)
		TRY(add_segment(build, node, &template->segments[i], &node));
	const struct match_item **slot = template->rest ? &node->rest : &node->end;
	if (*slot)
		return fail_ambiguous(build->item, *slot);
	*slot = build->item;
	return 0;
}

int match_build(const struct match_items *items, struct arena *arena, struct match_node **ret_root)
{
	struct build build = {.arena = arena};
	struct match_node *root = NULL;
	TRY(new_node(&build, &root));
	for (const struct match_item *item = items->first; item; item = item->next) {
		build.item = item;
		TRY(add_item(&build, root));
	}
	*ret_root = root;
	return 0;
}

/* --- looking up --- */

/* What is left of a path: the segments behind the last one taken. */
struct left {
	struct str text;
	bool end; /* there is none; an empty text that is not the end is one empty segment */
};

static const struct match_item *walk(const struct match_node *node, struct left left, struct str *values);

static const struct match_item *walk_partly(const struct match_node *node, struct str segment, struct left left,
					    struct str *values)
{
	for (size_t i = 0; i < node->n_partly; i++) {
		const struct match_edge *edge = &node->partly[i];
		if (template_fits(edge->segment, segment, values)) /* no two of them fit */
			return walk(edge->node, left, values + edge->segment->n - 1);
	}
	return NULL;
}

/* OpenAPI 3.1.0 4.8.8.1: the more literal one first, from the left; its way is taken back when it leads nowhere. */
static const struct match_item *walk(const struct match_node *node, struct left left, struct str *values)
{
	const struct match_item *found = NULL;
	struct left next = {.end = true};
	struct str segment = left.text;
	bool is_literal;
	if (left.end)
		return node->end;
	if (str_cut(left.text, '/', &segment, &next.text))
		next.end = false;
	size_t index = search(node, segment, &is_literal);
	if (is_literal)
		found = walk(node->literals[index].node, next, values);
	if (!found && node->n_partly > 0)
		found = walk_partly(node, segment, next, values);
	if (!found && node->param && segment.len > 0) {
		values[0] = segment;
		found = walk(node->param, next, values + 1);
	}
	if (!found && node->rest && left.text.len > 0) {
		values[0] = left.text;
		found = node->rest;
	}
	return found;
}

const struct match_item *match_find(const struct match_node *root, struct str path, struct str *ret_values)
{
	return walk(root, (struct left){{path.p + 1, path.len - 1}, false}, ret_values);
}
