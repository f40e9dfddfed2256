/* Signing in and out. Steps of pages; see web.h. */
#ifndef WEB_SIGNIN_PAGE_H
#define WEB_SIGNIN_PAGE_H

#include "web/web.h"

/* GET and POST /signin. Fields: email, password, continue, login_hint, reauth. */
must_check int signin_page(struct call *call);
/* POST /signout. */
must_check int signin_page_out(struct call *call);

#endif
