/*
 * Between the two parsers and the tree: values come in document order, limits and duplicate members are checked here
 * alone. Private to tree*.c.
 */
#ifndef OPENAPI_TREE_BUILD_H
#define OPENAPI_TREE_BUILD_H

#include "openapi/tree.h"

struct tree_build_frame {
	struct tree *node;
	size_t first;   /* of its children among the pending ones */
	bool wants_key; /* a map between two members */
};

struct tree_build {
	const struct tree_file *file;
	struct arena *arena;
	struct tree_member *pending; /* children of open nodes; lists have no names */
	size_t n_pending, cap;
	struct tree_build_frame frames[TREE_DEPTH_MAX];
	unsigned depth;
	size_t n_nodes;
	struct tree *root;
};

void tree_build_init(struct tree_build *build, const struct tree_file *file, struct arena *arena);
void tree_build_done(struct tree_build *build);

/* E_CONFIG (said), E_NOMEM. text is borrowed. Outside maps, or behind a key. */
must_check int tree_build_scalar(struct tree_build *build, struct tree_mark at, enum tree_kind kind, struct str text);
must_check int tree_build_open(struct tree_build *build, struct tree_mark at, enum tree_kind kind);
must_check int tree_build_close(struct tree_build *build);
must_check int tree_build_key(struct tree_build *build, struct tree_mark at, struct str name);
/* A node that is in the tree already. */
must_check int tree_build_again(struct tree_build *build, struct tree_mark at, struct tree *node);
/* The next thing must be a key (or the map's end). */
bool tree_build_wants_key(const struct tree_build *build);
/* The node that was put last. */
struct tree *tree_build_last(const struct tree_build *build);

/* The parsers. text is UTF-8 without NUL and byte order mark. E_CONFIG (said), E_NOMEM. */
must_check int tree_json_parse(struct tree_build *build, struct str text);
must_check int tree_yaml_parse(struct tree_build *build, struct str text);

#endif
