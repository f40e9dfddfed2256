/* Scope grammar and sets; see scope.h. RFC 6749 3.3 and appendix A.4. */
#include "oauth/scope.h"

#include <stdlib.h>

bool scope_is_token(struct str token)
{
	if (token.len == 0 || token.len > MODEL_SCOPE_MAX)
		return false;
	for (size_t i = 0; i < token.len; i++) {
		unsigned char c = (unsigned char)token.p[i];
		if (c < 0x21 || c > 0x7E || c == '"' || c == '\\')
			return false;
	}
	return true;
}

int scope_sort(struct str_list scopes, struct arena *arena, struct str *ret_text)
{
	if (scopes.n > 1)
		qsort(scopes.v, scopes.n, sizeof(*scopes.v), str_order);
	return scope_join(scopes, arena, ret_text);
}

bool scope_is_identity(struct str scope)
{
	static const char *const names[] = {"openid", "profile", "email", "roles", "offline_access"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(scope, str_of(names[i])))
			return true;
	return false;
}

int scope_parse(struct str text, struct arena *arena, struct str_list *ret_scopes)
{
	size_t spaces = 0;
	for (size_t i = 0; i < text.len; i++)
		spaces += text.p[i] == ' ';
	if (spaces >= MODEL_SCOPES_MAX)
		return E_INVALID_SCOPE;
	struct str_list scopes = {arena_array(arena, spaces + 1, sizeof(*scopes.v)), 0};
	if (!scopes.v)
		return E_NOMEM;
	struct str rest = text;
	for (size_t i = 0; i <= spaces; i++) {
		struct str token = rest;
		struct str tail = {0};
		if (str_cut(rest, ' ', &token, &tail))
			rest = tail;
		if (!scope_is_token(token)) /* RFC 6749 A.4: an empty token is a leading, trailing or double space */
			return E_INVALID_SCOPE;
		if (!str_list_has(scopes, token))
			scopes.v[scopes.n++] = token;
	}
	*ret_scopes = scopes;
	return 0;
}

int scope_join(struct str_list scopes, struct arena *arena, struct str *ret_text)
{
	size_t len = 0;
	for (size_t i = 0; i < scopes.n; i++)
		len += scopes.v[i].len + (i > 0);
	char *text = arena_alloc(arena, len + 1);
	if (!text)
		return E_NOMEM;
	char *at = text;
	for (size_t i = 0; i < scopes.n; i++) {
		if (i > 0)
			*at++ = ' ';
		memcpy(at, scopes.v[i].p, scopes.v[i].len);
		at += scopes.v[i].len;
	}
	*ret_text = (struct str){text, len};
	return 0;
}
