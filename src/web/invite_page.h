/* Making an account with an invitation, or the first administrator's link. Step of a page; see web.h. */
#ifndef WEB_INVITE_PAGE_H
#define WEB_INVITE_PAGE_H

#include "web/web.h"

/* GET and POST /invite. Fields: token, email, name, password. GET only looks at the link, POST uses it up. */
must_check int invite_page(struct call *call);

#endif
