/*
 * Redirect URIs: which may be registered, and whether a request's is one of the registered ones. RFC 6749 3.1.2, RFC
 * 8252 7 and 8, RFC 9700 2.1 and 4.1.3. Pure functions, thread-safe.
 *
 * The rule is equality, byte for byte. One exception: where a native app registered a URI at a loopback address
 * (127.0.0.1 or [::1], not the name localhost), a request may bring any port.
 */
#ifndef OAUTH_REDIRECT_H
#define OAUTH_REDIRECT_H

#include "base/arena.h"
#include "model/model.h"

/*
 * May this app register it? Web apps: https. Native ones also http at a loopback address or localhost, and private-use
 * schemes with a dot (RFC 8252 7.1). Never: fragment, user information, dot segments, stars, backslashes, control
 * characters, encoded ones too. *ret_why (when not NULL): a literal for people, when not.
 */
bool redirect_may_register(struct str uri, bool native, const char **ret_why);
/* Whether a request may name this one. Fuzzed. */
bool redirect_is_registered(const struct client_app *app, struct str uri);
/* Whether it was registered for after the logout: equality alone (OpenID Connect RP-Initiated Logout 3). */
bool redirect_is_logout(const struct client_app *app, struct str uri);
/* For people to read: scheme, host and port; or a private-use scheme with its colon. A part of uri, which is
 * registered. */
struct str redirect_origin(struct str uri);
/*
 * What a page's policy must allow so that its form may lead there (form-action): the scheme with its colon. Not the
 * origin: browsers hold all redirects that follow to it, and an application's callback may lead on to another host of
 * its own; nor does the policy's grammar have IPv6 addresses (RFC 8252 7.3). A part of uri.
 */
struct str redirect_form_source(struct str uri);
/* The URI with a query behind it, after what query it has (RFC 6749 3.1.2: that is kept). E_NOMEM. */
must_check int redirect_with_query(struct str uri, struct str query, struct arena *arena, struct str *ret_uri);

#endif
