/*
 * Authorization requests on the wire: form-encoded text (query, body, or a pushed request as it is kept) to struct
 * authorize. RFC 6749 4.1.1, RFC 9126 4. Server process, pool threads.
 */
#ifndef WEB_AUTHORIZE_FORM_H
#define WEB_AUTHORIZE_FORM_H

#include "oauth/authorize.h"

/* Parameters alone; everything else of *ret_request is empty. E_INVALID_REQUEST: malformed. E_NOMEM. Fuzzed. */
must_check int authorize_form_parse(struct str text, struct arena *arena, struct authorize *ret_request);
/*
 * The same of a browser's request: a request_uri of ours is replaced by what was pushed, bound to its client. Sets
 * query. E_INVALID_REQUEST, E_INVALID_REQUEST_URI: unknown, used, expired, or another client's; E_TOO_LARGE, E_STORE,
 * E_NOMEM.
 */
must_check int authorize_form_read(struct call *call, struct str text, struct authorize *ret_request);

#endif
