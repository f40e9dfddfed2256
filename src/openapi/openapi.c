/* Sets of operations; see openapi.h. Finding and judging: any thread. */
#include "openapi/openapi.h"

#include <stdlib.h>

#include "base/fault.h"
#include "openapi/load.h"

enum { SET_MAX = 512 << 20 };

struct openapi {
	struct arena arena;
	struct openapi_operation **operations;
	size_t n_operations;
	struct match_node *root;
};

/* --- making a set --- */

static int load_source(struct openapi *set, const struct openapi_source *source, struct str issuer,
		       struct match_items *items, struct buf *why)
{
	struct arena temp;
	struct load load = {
		.file = {source->name, why},
		.set = &set->arena,
		.temp = &temp,
		.issuer = issuer,
		.given_prefix = source->prefix,
		.items = items,
	};
	arena_init(&temp, TREE_ARENA_MAX);
	int rc = load_document(&load, source->text);
	arena_done(&temp);
	return rc;
}

static int by_shape(const void *a, const void *b)
{
	const struct openapi_operation *x = *(struct openapi_operation *const *)a;
	const struct openapi_operation *y = *(struct openapi_operation *const *)b;
	int order = str_cmp(x->shape, y->shape);
	return order != 0 ? order : str_cmp(x->method, y->method);
}

static int by_id(const void *a, const void *b)
{
	const struct openapi_operation *x = *(struct openapi_operation *const *)a;
	const struct openapi_operation *y = *(struct openapi_operation *const *)b;
	if (x->document.p != y->document.p)
		return x->document.p < y->document.p ? -1 : 1;
	int order = str_cmp(x->id, y->id);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* OpenAPI 3.1.0 4.8.10: an operationId is unique in its document. Leaves the operations in another order. */
static int check_ids(const struct openapi *set, struct buf *why)
{
	struct openapi_operation **v = set->operations;
	qsort(v, set->n_operations, sizeof(struct openapi_operation *), by_id);
	for (size_t i = 1; i < set->n_operations; i++) {
		const struct tree_file file = {v[i]->document.p, why};
		if (v[i]->id.len > 0 && v[i]->document.p == v[i - 1]->document.p && str_eq(v[i]->id, v[i - 1]->id))
			return tree_fail(&file, (struct tree_mark){v[i]->line, 1},
					 "the operationId '%s' stands here a second time", tree_show(v[i]->id).text);
	}
	return 0;
}

static int list_operations(struct openapi *set, const struct match_items *items, struct buf *why)
{
	set->operations = arena_array(&set->arena, items->n_operations, sizeof(struct openapi_operation *));
	if (!set->operations)
		return E_NOMEM;
	for (const struct match_item *item = items->first; item; item = item->next)
		for (size_t i = 0; i < item->n_operations; i++)
			set->operations[set->n_operations++] = item->operations[i];
	TRY(check_ids(set, why));
	qsort(set->operations, set->n_operations, sizeof(struct openapi_operation *), by_shape);
	for (size_t i = 0; i < set->n_operations; i++)
		set->operations[i]->index = i;
	return 0;
}

static int fill(struct openapi *set, const struct openapi_source *sources, size_t n, struct str issuer,
		struct buf *why)
{
	struct match_items items = {0};
	items.last = &items.first;
	for (size_t i = 0; i < n; i++)
		TRY(load_source(set, &sources[i], issuer, &items, why));
	TRY(match_build(&items, &set->arena, &set->root));
	return list_operations(set, &items, why);
}

int openapi_load(const struct openapi_source *sources, size_t n, struct str issuer, struct openapi **ret_set,
		 struct buf *ret_why)
{
	if (n > OPENAPI_DOCUMENTS_MAX) {
		buf_printf(ret_why, "more than %d documents", OPENAPI_DOCUMENTS_MAX);
		return E_CONFIG;
	}
	struct openapi *set = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*set));
	if (!set)
		return E_NOMEM;
	arena_init(&set->arena, SET_MAX);
	int rc = fill(set, sources, n, issuer, ret_why);
	if (rc < 0)
		openapi_free(set);
	else
		*ret_set = set;
	return rc;
}

void openapi_free(struct openapi *set)
{
	if (!set)
		return;
	arena_done(&set->arena);
	free(set);
}

void openapi_freep(struct openapi **set) { openapi_free(*set); }

/* --- reading it --- */

size_t openapi_count(const struct openapi *set) { return set->n_operations; }

const struct openapi_operation *openapi_at(const struct openapi *set, size_t index) { return set->operations[index]; }

int openapi_find(const struct openapi *set, struct str method, const struct path *path,
		 struct openapi_match *ret_match)
{
	struct openapi_match match = {0};
	const struct match_item *item = match_find(set->root, path->text, match.values);
	if (!item)
		return E_NOT_FOUND;
	for (size_t i = 0; i < item->n_operations; i++) {
		if (!str_eq(item->operations[i]->method, method)) /* RFC 9110 9.1: methods are case-sensitive */
			continue;
		match.operation = item->operations[i];
		*ret_match = match;
		return 0;
	}
	return E_METHOD_NOT_ALLOWED;
}

void openapi_allow(const struct openapi *set, const struct path *path, struct buf *out)
{
	struct str values[OPENAPI_PARAMS_MAX];
	const struct match_item *item = match_find(set->root, path->text, values);
	for (size_t i = 0; item && i < item->n_operations; i++) {
		buf_put(out, i > 0 ? STR(", ") : STR(""));
		buf_put(out, item->operations[i]->method);
	}
}

/* --- judging --- */

/* RFC 6749 3.3: names between single spaces, compared byte by byte. */
static size_t count_missing(struct str scope, struct str_list wanted)
{
	size_t missing = 0;
	for (size_t i = 0; i < wanted.n; i++)
		missing += !str_has_word(scope, wanted.v[i]);
	return missing;
}

enum openapi_verdict openapi_judge(const struct openapi_operation *operation, const struct str *scope,
				   struct str_list *ret_needed)
{
	size_t least = SIZE_MAX;
	*ret_needed = (struct str_list){0};
	if (operation->access == OPENAPI_ACCESS_PUBLIC)
		return OPENAPI_PUBLIC;
	if (operation->access != OPENAPI_ACCESS_TOKEN)
		return OPENAPI_REFUSED;
	for (size_t i = 0; i < operation->n_alternatives; i++) {
		size_t missing = count_missing(scope ? *scope : STR(""), operation->alternatives[i]);
		if (missing >= least)
			continue;
		least = missing;
		*ret_needed = operation->alternatives[i];
	}
	if (!scope)
		return OPENAPI_NEEDS_TOKEN;
	return least == 0 ? OPENAPI_ALLOWED : OPENAPI_NEEDS_SCOPE;
}
