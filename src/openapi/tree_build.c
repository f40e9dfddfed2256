/* Building the tree; see tree_build.h. One thread; no network, no files. */
#include "openapi/tree_build.h"

#include <stdlib.h>

#include "base/fault.h"

void tree_build_init(struct tree_build *build, const struct tree_file *file, struct arena *arena)
{
	*build = (struct tree_build){.file = file, .arena = arena};
}

void tree_build_done(struct tree_build *build)
{
	free(build->pending);
	build->pending = NULL;
}

static struct tree_build_frame *top(struct tree_build *build)
{
	return build->depth > 0 ? &build->frames[build->depth - 1] : NULL;
}

bool tree_build_wants_key(const struct tree_build *build)
{
	return build->depth > 0 && build->frames[build->depth - 1].wants_key;
}

struct tree *tree_build_last(const struct tree_build *build)
{
	return build->n_pending > 0 ? build->pending[build->n_pending - 1].value : build->root;
}

static int reserve(struct tree_build *build)
{
	if (build->n_pending < build->cap)
		return 0;
	size_t cap = build->cap > 0 ? build->cap * 2 : 256;
	void *p = fault_hit(FAULT_ALLOC) ? NULL : realloc(build->pending, cap * sizeof(*build->pending));
	if (!p)
		return E_NOMEM;
	build->pending = p;
	build->cap = cap;
	return 0;
}

static int push(struct tree_build *build, struct tree_member member)
{
	TRY(reserve(build));
	build->pending[build->n_pending++] = member;
	return 0;
}

/* Hang a finished or opened node where the next value belongs. */
static int put(struct tree_build *build, struct tree *node)
{
	struct tree_build_frame *frame = top(build);
	if (!frame) {
		build->root = node;
		return 0;
	}
	if (frame->node->kind == TREE_LIST)
		return push(build, (struct tree_member){.at = node->at, .value = node});
	build->pending[build->n_pending - 1].value = node;
	frame->wants_key = true;
	return 0;
}

static int count(struct tree_build *build, struct tree_mark at)
{
	if (build->n_nodes++ < TREE_NODES_MAX)
		return 0;
	return tree_fail(build->file, at, "the document has more than %d values", TREE_NODES_MAX);
}

static int add(struct tree_build *build, struct tree_mark at, enum tree_kind kind, struct tree **ret_node)
{
	TRY(count(build, at));
	struct tree *node = arena_alloc(build->arena, sizeof(*node));
	if (!node)
		return E_NOMEM;
	node->kind = (unsigned char)kind;
	node->at = at;
	TRY(put(build, node));
	*ret_node = node;
	return 0;
}

int tree_build_scalar(struct tree_build *build, struct tree_mark at, enum tree_kind kind, struct str text)
{
	struct tree *node = NULL;
	TRY(add(build, at, kind, &node));
	node->text = text;
	node->truth = kind == TREE_BOOL && (text.p[0] == 't' || text.p[0] == 'T');
	return 0;
}

int tree_build_again(struct tree_build *build, struct tree_mark at, struct tree *node)
{
	TRY(count(build, at));
	return put(build, node);
}

int tree_build_open(struct tree_build *build, struct tree_mark at, enum tree_kind kind)
{
	struct tree *node = NULL;
	if (build->depth == TREE_DEPTH_MAX)
		return tree_fail(build->file, at, "nested deeper than %d", TREE_DEPTH_MAX);
	TRY(add(build, at, kind, &node));
	node->open = true;
	build->frames[build->depth++] = (struct tree_build_frame){
		.node = node,
		.first = build->n_pending,
		.wants_key = kind == TREE_MAP,
	};
	return 0;
}

int tree_build_key(struct tree_build *build, struct tree_mark at, struct str name)
{
	TRY(count(build, at));
	TRY(push(build, (struct tree_member){.name = name, .at = at}));
	top(build)->wants_key = false;
	return 0;
}

static int close_list(struct tree_build *build, struct tree *node, const struct tree_member *pending)
{
	node->items = arena_array(build->arena, node->n, sizeof(struct tree *));
	if (!node->items)
		return E_NOMEM;
	for (size_t i = 0; i < node->n; i++)
		node->items[i] = pending[i].value;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct tree_member *x = a, *y = b;
	int order = str_cmp(x->name, y->name);
	if (order != 0)
		return order;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return x->at.column < y->at.column ? -1 : 1;
}

/* RFC 8259 4, YAML 1.2 3.2.1.1: names are unique; who reads the first and who reads the last would differ. */
static int close_map(struct tree_build *build, struct tree *node, const struct tree_member *pending)
{
	node->members = arena_array(build->arena, node->n, sizeof(*node->members));
	if (!node->members)
		return E_NOMEM;
	if (node->n > 0)
		memcpy(node->members, pending, node->n * sizeof(*pending));
	qsort(node->members, node->n, sizeof(*node->members), by_name);
	for (size_t i = 1; i < node->n; i++)
		if (str_eq(node->members[i - 1].name, node->members[i].name))
			return tree_fail(build->file, node->members[i].at, "'%s' stands here a second time",
					 tree_show(node->members[i].name).text);
	return 0;
}

int tree_build_close(struct tree_build *build)
{
	const struct tree_build_frame *frame = top(build);
	struct tree *node = frame->node;
	const struct tree_member *pending = build->pending ? build->pending + frame->first : NULL;
	node->n = build->n_pending - frame->first;
	TRY(node->kind == TREE_LIST ? close_list(build, node, pending) : close_map(build, node, pending));
	build->n_pending = frame->first;
	node->open = false;
	build->depth--;
	return 0;
}
