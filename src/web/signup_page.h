/* Asking for an account, where the policy lets everybody. Step of a page; see web.h. */
#ifndef WEB_SIGNUP_PAGE_H
#define WEB_SIGNUP_PAGE_H

#include "web/web.h"

/* GET and POST /signup. Field: email. The answer is the same for an address that has an account. */
must_check int signup_page(struct call *call);

#endif
