/* What a scope lets an app do, in words for the person who is asked. Identity scopes: OpenID Connect Core 5.4. */
#ifndef WEB_SCOPE_WORDS_H
#define WEB_SCOPE_WORDS_H

#include "model/model.h"

/*
 * Goes on "It wants to …". Of an API's scope: what the API (NULL: there is none) says, borrowed from it; empty:
 * nothing. Any thread.
 */
struct str scope_words(const struct api *api, struct str scope);

#endif
