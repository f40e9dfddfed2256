/*
 * A document as a tree, the same for JSON (RFC 8259) and YAML 1.2 by its core schema (OpenAPI 3.1.0 4.2), with the
 * place of every node. Refused with line and column: syntax errors, duplicate members, bytes that are not UTF-8, NUL,
 * more than one YAML document, tags other than !!str, !!map and !!seq, merge keys, anything above the limits. An alias
 * is the same node again, never a copy: no document grows by them, but nodes may be shared; there are no cycles.
 *
 * Used while a set is loaded, by one thread. Nodes live in the arena; strings there or in the text.
 */
#ifndef OPENAPI_TREE_H
#define OPENAPI_TREE_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	TREE_DEPTH_MAX = 64,
	TREE_NODES_MAX = 1 << 20,
	TREE_ANCHORS_MAX = 256,
	TREE_ARENA_MAX = 192 << 20, /* enough for TREE_NODES_MAX nodes and a text of OPENAPI_TEXT_MAX */
};

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_NUMBER, TREE_STR, TREE_LIST, TREE_MAP };

struct tree_mark {
	unsigned line, column; /* from 1; columns count characters */
};

struct tree {
	unsigned char kind; /* enum tree_kind */
	bool truth;         /* TREE_BOOL */
	bool open;          /* while it is built: its end was not seen */
	struct tree_mark at;
	size_t n;           /* of items or members */
	union {
		struct str text; /* scalars: as they were written */
		struct tree **items;
		struct tree_member *members; /* sorted by name */
	};
};

struct tree_member {
	struct str name;
	struct tree_mark at;
	struct tree *value;
};

/* Where complaints go. */
struct tree_file {
	const char *name;
	struct buf *why;
};

/* ".json" and ".yaml"/".yml" names decide the syntax; otherwise a '{' as first character means JSON. */
must_check int tree_parse(const struct tree_file *file, struct str text, struct arena *arena,
			  const struct tree **ret_root);

/* Append "name:line:column: text". Returns E_CONFIG, for `return tree_fail(...)`. */
int tree_fail(const struct tree_file *file, struct tree_mark at, const char *fmt, ...) printf_like(3, 4);
/* Text of a document for a complaint: cut, and without what could steer a terminal. */
struct tree_shown {
	char text[64];
};
struct tree_shown tree_show(struct str text);

/* NULL when there is no such member, or map is none. */
const struct tree_member *tree_find(const struct tree *map, struct str name);
const struct tree *tree_get(const struct tree *map, struct str name);
static inline bool tree_is(const struct tree *node, enum tree_kind kind) { return node && node->kind == kind; }

#endif
