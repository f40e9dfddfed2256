/*
 * "Sign in with …": /signin/upstream (go there), /signin/upstream/N (come back), /account/upstream (connect and
 * disconnect). The rules are account/upstream.h's. Server process, pool threads of LANE_HASH.
 */
#ifndef WEB_WEB_UPSTREAM_H
#define WEB_WEB_UPSTREAM_H

#include "web/web.h"

/* For the sign-in page: what its template signin_other lists. continue_to: as it came. E_NOMEM. */
must_check int web_upstream_offer(struct call *call, struct str continue_to, bool again);

must_check int web_upstream_begin(struct call *call);
must_check int web_upstream_back(struct call *call);
/* Somebody who signed in freshly. */
must_check int web_upstream_account(struct call *call);

#endif
