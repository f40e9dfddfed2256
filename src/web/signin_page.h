/* Signing in and out. Steps of pages; see web.h. */
#ifndef WEB_SIGNIN_PAGE_H
#define WEB_SIGNIN_PAGE_H

#include "web/web.h"

/* GET and POST /signin. Fields: email, password, continue, login_hint, reauth. */
must_check int signin_page(struct call *call);
/* POST /signout. */
must_check int signin_page_out(struct call *call);
/*
 * The person proved by `methods` who he is: a session, or first the second factor. Sets the answer. Errors as
 * web_sign_in.
 */
must_check int signin_page_proved(struct call *call, const struct account *account, unsigned methods,
				  struct str continue_to);

#endif
