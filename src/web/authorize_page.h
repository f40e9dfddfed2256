/*
 * The authorization endpoint's pages: RFC 6749 3.1, OpenID Connect Core 3.1.2, Form Post Response Mode. Steps of
 * server/route.c, behind web_step_begin. The endpoint keeps no state: the request stands in the URI until there is a
 * code. Server process, pool threads.
 */
#ifndef WEB_AUTHORIZE_PAGE_H
#define WEB_AUTHORIZE_PAGE_H

#include "web/web.h"

/* GET: decides; ends in a page, at the sign-in page, or at the client. POST: turned into its GET form. */
must_check int authorize_page_show(struct call *call);
/* POST of the consent page's form; the request is in the query, and judged anew. */
must_check int authorize_page_consent(struct call *call);
/*
 * For pages whose form leads on to continue_to (as web_continue gave it): where that is an authorization request, the
 * page's policy must let the form's redirects go to the client. Sets call->answer.form_action, or leaves it. E_STORE,
 * E_NOMEM.
 */
must_check int authorize_page_allow(struct call *call, struct str continue_to);

#endif
