/*
 * One document on its way into a set: the parts of openapi_load. Private to load*.c and openapi.c. One thread; no
 * network, no files: a reference never leaves the document.
 */
#ifndef OPENAPI_LOAD_H
#define OPENAPI_LOAD_H

#include "openapi/match.h"
#include "openapi/tree.h"

struct load_scheme {
	struct str name;
	bool usable;
	bool scopes_declared;  /* oauth2: only `scopes` may be asked for */
	bool scopes_allowed;   /* else the list must be empty */
	struct str_list scopes;
	struct str note;       /* why it is not usable */
};

/* What a `security` array comes to. Lives in the set's arena. */
struct load_security {
	enum openapi_access access;
	bool declared;
	struct str_list *alternatives;
	size_t n_alternatives;
	struct str_list undeclared;
	struct str_list notes;
};

struct load {
	struct tree_file file;
	struct arena *set;    /* what stays */
	struct arena *temp;   /* what goes with the document */
	struct str issuer;
	const char *given_prefix;
	const struct tree *root;
	bool v31;             /* 3.1.x; else 3.0.x */
	struct str document;  /* the name, in the set's arena */
	struct str prefix;    /* without a slash at the end */
	struct load_scheme *schemes;
	size_t n_schemes;
	struct load_security security; /* of the document */
	struct match_items *items;     /* found so far, of all documents */
};

/* load.c: everything. sets: items are appended. E_CONFIG (said), E_NOMEM. */
must_check int load_document(struct load *load, struct str text);
/* E_CONFIG, with what is wrong and where. */
must_check int load_fail(const struct load *load, const struct tree *at, const char *what);
/* All members' names must stand in known (" a b c ") or begin with "x-". what: "an operation". */
must_check int load_check_members(const struct load *load, const struct tree *map, const char *known,
				  const char *what);
/* A member that is a string: *ret_text; untouched when it is absent. */
must_check int load_text(const struct load *load, const struct tree *map, struct str name, struct str *ret_text);
/* A copy that stays with the set. */
must_check int load_keep(const struct load *load, struct str text, struct str *ret_copy);

/* load_ref.c: follow `$ref` within the document (RFC 6901 fragments) until something else is found, a map. */
must_check int load_ref(const struct load *load, const struct tree *node, const struct tree **ret_node);

/* load_servers.c: the prefix from `servers`, and that a further array says the same. */
must_check int load_servers(struct load *load);
must_check int load_servers_check(const struct load *load, const struct tree *owner);

/* load_security.c */
must_check int load_schemes(struct load *load);
must_check int load_security(const struct load *load, const struct tree *array, struct load_security *ret_security);

/* load_scheme.c: one Security Scheme Object. */
must_check int load_scheme(const struct load *load, const struct tree *node, struct load_scheme *scheme);

/* load_paths.c */
must_check int load_paths(struct load *load);

#endif
