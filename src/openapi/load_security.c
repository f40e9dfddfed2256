/*
 * `security` (OpenAPI 3.1.0 4.8.30): the entries of the array are alternatives, inside one all schemes must be
 * satisfied. See load.h and openapi.h.
 */
#include "openapi/load.h"

#include <stdlib.h>

enum { SCHEMES_MAX = 256, SCHEMES_PER_ENTRY_MAX = 16 };

int load_schemes(struct load *load)
{
	const struct tree *schemes = tree_get(tree_get(load->root, STR("components")), STR("securitySchemes"));
	if (!schemes)
		return 0;
	if (!tree_is(schemes, TREE_MAP) || schemes->n > SCHEMES_MAX)
		return load_fail(load, schemes, "securitySchemes must be a mapping, and not too large a one");
	load->schemes = arena_array(load->temp, schemes->n, sizeof(*load->schemes));
	if (!load->schemes)
		return E_NOMEM;
	for (size_t i = 0; i < schemes->n; i++) {
		struct load_scheme *scheme = &load->schemes[load->n_schemes];
		scheme->name = schemes->members[i].name;
		TRY(load_scheme(load, schemes->members[i].value, scheme));
		load->n_schemes++;
	}
	return 0;
}

static const struct load_scheme *find_scheme(const struct load *load, struct str name)
{
	for (size_t i = 0; i < load->n_schemes; i++)
		if (str_eq(load->schemes[i].name, name))
			return &load->schemes[i];
	return NULL;
}

/* RFC 6749 3.3: what may stand in a scope, and so in a challenge. */
static bool is_scope(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x21 || c > 0x7E || c == '"' || c == '\\')
			return false;
	}
	return text.len > 0 && text.len <= OPENAPI_SCOPE_MAX;
}

static int add_scope(const struct load *load, const struct load_scheme *scheme, const struct tree *node,
		     struct str_list *scopes)
{
	if (!tree_is(node, TREE_STR) || !is_scope(node->text))
		return load_fail(load, node, "not a scope (RFC 6749 3.3)");
	if (scheme->scopes_declared && !str_list_has(scheme->scopes, node->text))
		return tree_fail(&load->file, node->at, "no flow of the scheme '%s' declares the scope '%s'",
				 tree_show(scheme->name).text, tree_show(node->text).text);
	if (str_list_has(*scopes, node->text))
		return 0;
	if (scopes->n == OPENAPI_SCOPES_MAX)
		return load_fail(load, node, "too many scopes");
	return load_keep(load, node->text, &scopes->v[scopes->n++]);
}

/* One scheme of an entry. OpenAPI 3.1.0 4.8.30.1: the name must be declared, the value is a list of scopes. */
static int add_scheme(const struct load *load, const struct tree_member *member, struct str_list *scopes,
		      const struct load_scheme **ret_scheme)
{
	const struct load_scheme *scheme = find_scheme(load, member->name);
	const struct tree *list = member->value;
	if (!scheme)
		return tree_fail(&load->file, member->at, "no security scheme '%s' is declared",
				 tree_show(member->name).text);
	if (!tree_is(list, TREE_LIST) || list->n > OPENAPI_SCOPES_MAX)
		return load_fail(load, list, "expected a list of scopes, and not too long a one");
	/* OpenAPI 3.0.3, Security Requirement Object: only openIdConnect and oauth2 have scopes */
	if (list->n > 0 && !scheme->scopes_allowed)
		return tree_fail(&load->file, list->at, "the scheme '%s' can not have scopes in OpenAPI 3.0",
				 tree_show(member->name).text);
	for (size_t i = 0; i < list->n; i++)
		TRY(add_scope(load, scheme, list->items[i], scopes));
	*ret_scheme = scheme;
	return 0;
}

/* Whether an oauth2 scheme declares the scope; true when none declares any: then there is nothing to compare with. */
static bool is_declared(const struct load *load, struct str scope)
{
	bool any = false;
	for (size_t i = 0; i < load->n_schemes; i++) {
		any = any || load->schemes[i].scopes.n > 0;
		if (str_list_has(load->schemes[i].scopes, scope))
			return true;
	}
	return !any;
}

static int keep_list(const struct load *load, struct str_list list, struct str_list *ret_kept)
{
	struct str *kept = arena_array(load->set, list.n, sizeof(*kept));
	if (!kept)
		return E_NOMEM;
	if (list.n > 0)
		memcpy(kept, list.v, list.n * sizeof(*kept));
	*ret_kept = (struct str_list){kept, list.n};
	return 0;
}

/* For whoever reads the documents: a name that stands nowhere else may be a slip of the pen. */
static int note_undeclared(const struct load *load, struct load_security *security)
{
	struct str room[OPENAPI_SCOPES_MAX];
	struct str_list list = {room, 0};
	for (size_t i = 0; i < security->n_alternatives; i++)
		for (size_t k = 0; k < security->alternatives[i].n && list.n < OPENAPI_SCOPES_MAX; k++) {
			struct str scope = security->alternatives[i].v[k];
			if (!is_declared(load, scope) && !str_list_has(list, scope))
				room[list.n++] = scope;
		}
	return keep_list(load, list, &security->undeclared);
}

/* All schemes of one entry: the union of their scopes, when each is a token of ours. */
static int read_entry(const struct load *load, const struct tree *entry, struct str_list *scopes,
		      const struct load_scheme **ret_unusable)
{
	const struct load_scheme *scheme = NULL, *unusable = NULL;
	if (!tree_is(entry, TREE_MAP) || entry->n > SCHEMES_PER_ENTRY_MAX)
		return load_fail(load, entry, "an entry of security must be a mapping, and not too large a one");
	for (size_t i = 0; i < entry->n; i++) {
		TRY(add_scheme(load, &entry->members[i], scopes, &scheme));
		if (!scheme->usable && !unusable)
			unusable = scheme;
	}
	qsort(scopes->v, scopes->n, sizeof(*scopes->v), str_order);
	*ret_unusable = unusable;
	return 0;
}

static bool is_known(const struct load_security *security, struct str_list scopes)
{
	for (size_t i = 0; i < security->n_alternatives; i++) {
		struct str_list other = security->alternatives[i];
		bool same = other.n == scopes.n;
		for (size_t k = 0; same && k < scopes.n; k++)
			same = str_eq(other.v[k], scopes.v[k]);
		if (same)
			return true;
	}
	return false;
}

static int add_alternative(const struct load *load, const struct tree *entry, struct load_security *security)
{
	const struct load_scheme *unusable = NULL;
	struct str room[OPENAPI_SCOPES_MAX];
	struct str_list scopes = {room, 0};
	TRY(read_entry(load, entry, &scopes, &unusable));
	if (unusable) {
		if (!str_list_has(security->notes, unusable->note))
			security->notes.v[security->notes.n++] = unusable->note;
		return 0;
	}
	if (entry->n == 0) /* OpenAPI 3.1.0 4.8.30: {} makes security optional */
		security->access = OPENAPI_ACCESS_PUBLIC;
	else if (security->access == OPENAPI_ACCESS_REFUSED)
		security->access = OPENAPI_ACCESS_TOKEN;
	if (entry->n == 0 || is_known(security, scopes))
		return 0;
	return keep_list(load, scopes, &security->alternatives[security->n_alternatives++]);
}

int load_security(const struct load *load, const struct tree *array, struct load_security *ret_security)
{
	struct load_security security = {.access = OPENAPI_ACCESS_REFUSED, .declared = true};
	if (!tree_is(array, TREE_LIST))
		return load_fail(load, array, "security must be a list");
	if (array->n > OPENAPI_ALTERNATIVES_MAX)
		return load_fail(load, array, "too many alternatives");
	security.alternatives = arena_array(load->set, array->n, sizeof(*security.alternatives));
	security.notes.v = arena_array(load->set, array->n, sizeof(struct str));
	if (!security.alternatives || !security.notes.v)
		return E_NOMEM;
	if (array->n == 0) /* OpenAPI 3.1.0 4.8.10: an empty array removes the document's security */
		security.access = OPENAPI_ACCESS_PUBLIC;
	for (size_t i = 0; i < array->n; i++)
		TRY(add_alternative(load, array->items[i], &security));
	TRY(note_undeclared(load, &security));
	*ret_security = security;
	return 0;
}
