/* What web.c needs of web_session.c: making struct web. */
#ifndef WEB_WEB_SESSION_H
#define WEB_WEB_SESSION_H

#include "web/web.h"

/* call->web for a page of nobody: enough for an error page. Reads no store. E_NOMEM. */
must_check int web_session_new_web(struct call *call);
/* The same, and cookies and session read. E_NOMEM, E_RANDOM, E_CRYPTO, E_STORE. */
must_check int web_session_read(struct call *call);
/* The frame's values, from struct web as it is now. */
void web_session_set_frame(struct web *web);

#endif
