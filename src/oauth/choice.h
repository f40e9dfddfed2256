/*
 * Which API, and so which audience, and which scopes: the same for programs that ask for themselves and for people who
 * let them. Which API: the one named by `resource`; else the one API all requested scopes belong to; else the client's
 * default API; else ourselves (identity scopes only). Which scopes: those requested, all of them permitted, or
 * invalid_scope; none requested: all that are assigned to the client for that API, and its identity scopes.
 * Thread-safe for different calls.
 */
#ifndef OAUTH_CHOICE_H
#define OAUTH_CHOICE_H

#include "oauth/call.h"

/*
 * By call->client, PARAM_SCOPE and PARAM_RESOURCE. Sets call->api (NULL: ourselves). *ret_scopes: in the call's arena,
 * each once; may be empty when nothing was requested. E_INVALID_SCOPE, E_INVALID_TARGET, E_NOMEM.
 */
must_check int choice_scopes(struct call *call, struct str_list *ret_scopes);
/* Of the APIs that the view holds; NULL. */
const struct api *choice_api(const struct client_view *view, struct str id);
/* Whether it is assigned; api NULL: ourselves. An assignment counts only while its API exists. */
bool choice_may_have(const struct client_view *view, const struct api *api, struct str scope);

#endif
