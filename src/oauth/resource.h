/*
 * Resource indicators (RFC 8707): which API a token is for. One token has one audience; a client that needs two APIs
 * asks twice, so a scope never means something at an audience it was not granted for (RFC 9068 5).
 */
#ifndef OAUTH_RESOURCE_H
#define OAUTH_RESOURCE_H

#include "oauth/call.h"

/*
 * The API that the request names by `resource` (*ret_api, borrowed from the client's view), or NULL when it names none.
 * E_INVALID_TARGET: not an absolute URI, has a fragment, unknown, not this client's, or two different ones.
 */
must_check int resource_requested(struct call *call, const struct api **ret_api);
/* An absolute URI (RFC 3986 4.3) of printable ASCII, without fragment; what an audience must be. */
bool resource_is_uri(struct str uri);

#endif
