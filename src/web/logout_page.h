/*
 * RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): steps of server/route.c, behind web_step_begin. Server
 * process, pool threads.
 */
#ifndef WEB_LOGOUT_PAGE_H
#define WEB_LOGOUT_PAGE_H

#include "web/web.h"

/* GET: signs out at once when id_token_hint proves that the app has this very person, else asks. POST: made a GET. */
must_check int logout_page_show(struct call *call);
/* POST of the question's form; the request is in the query. */
must_check int logout_page_confirm(struct call *call);

#endif
