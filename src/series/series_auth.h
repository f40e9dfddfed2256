/*
 * May this request run its operation? The token by the verifier, the operation's scopes by the OpenAPI document. Which
 * series it may read is decided later, on what its names lead to. Thread-safe.
 */
#ifndef SERIES_SERIES_AUTH_H
#define SERIES_SERIES_AUTH_H

#include "series/series_call.h"

/*
 * 0: it may; call->token is set unless the operation is public. E_WOULD_BLOCK: a key must be fetched first: again on a
 * thread that may wait. E_INVALID_REQUEST: two tokens, or a malformed one (RFC 6750 3.1); E_INVALID_TOKEN: none, or it
 * is no good; E_INSUFFICIENT_SCOPE; E_FORBIDDEN: nobody may. E_UNAVAILABLE: it can't be judged now.
 */
must_check int series_auth_check(struct series_call *call);
/* The challenge that belongs to a refusal, appended as a header line; nothing for other codes. RFC 6750 3. */
void series_auth_challenge(const struct series_call *call, int code, struct buf *headers);

#endif
