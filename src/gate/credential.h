/*
 * How a caller presents its token (RFC 6750 2): in the Authorization header, once, and nowhere else. Pure.
 */
#ifndef GATE_CREDENTIAL_H
#define GATE_CREDENTIAL_H

#include "http/request.h"

/*
 * Whether the request is malformed in how it presents credentials, wherever it goes, also to public operations:
 * E_INVALID_REQUEST (RFC 6750 3.1: more than one method, or repeated). query: of the judged request.
 */
must_check int credential_check(const struct http_request *request, struct str query);
/*
 * The bearer token of a request that passed credential_check; borrowed. E_ABSENT: there is none. E_INVALID_TOKEN: it is
 * presented as bound to a key (DPoP, RFC 9449 7.1), which is not supported here. E_INVALID_REQUEST: no b64token.
 */
must_check int credential_token(const struct http_request *request, struct str *ret_token);

#endif
