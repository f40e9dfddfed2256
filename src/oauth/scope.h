/*
 * Scope strings (RFC 6749 3.3) and what a client may have of them. Pure functions over borrowed data.
 */
#ifndef OAUTH_SCOPE_H
#define OAUTH_SCOPE_H

#include "base/arena.h"
#include "model/model.h"

/*
 * Cut a scope string into its tokens: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), single spaces between. Duplicates
 * collapse, order stays. E_INVALID_SCOPE: anything outside the grammar, more than MODEL_SCOPES_MAX tokens, a token
 * above MODEL_SCOPE_MAX bytes. E_NOMEM. Fuzzed.
 */
must_check int scope_parse(struct str text, struct arena *arena, struct str_list *ret_scopes);
/* One scope-token? */
bool scope_is_token(struct str token);
/* Tokens joined by single spaces, in the arena. E_NOMEM. */
must_check int scope_join(struct str_list scopes, struct arena *arena, struct str *ret_text);
/* The same in the order of bytes, which consents are kept in. Changes the list. E_NOMEM. */
must_check int scope_sort(struct str_list scopes, struct arena *arena, struct str *ret_text);
/* Scopes that belong to no API: openid profile email roles offline_access. */
bool scope_is_identity(struct str scope);

#endif
