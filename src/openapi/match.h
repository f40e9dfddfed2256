/*
 * From a path to its operations: a tree by segments, built once, then only read. Private to src/openapi.
 *
 * The time of a look-up grows with the number of segments, and with the number of templates only where literals and
 * parameters stand side by side; it takes no memory.
 */
#ifndef OPENAPI_MATCH_H
#define OPENAPI_MATCH_H

#include "openapi/openapi.h"
#include "openapi/template.h"
#include "openapi/tree.h"

enum { MATCH_METHODS = 8 };

/* A path item: a template and its operations. */
struct match_item {
	struct match_item *next; /* as they were found */
	struct template template;
	struct openapi_operation *operations[MATCH_METHODS];
	size_t n_operations;
	struct tree_file file;   /* for complaints while the tree is built */
	struct tree_mark at;
};

struct match_items {
	struct match_item *first, **last;
	size_t n_operations;
};

struct match_node;

/* E_CONFIG (said): two templates that a path could fit equally well. E_NOMEM. */
must_check int match_build(const struct match_items *items, struct arena *arena, struct match_node **ret_root);
/* NULL: none fits. values: room for OPENAPI_PARAMS_MAX. */
const struct match_item *match_find(const struct match_node *root, struct str path, struct str *ret_values);

#endif
