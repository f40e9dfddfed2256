/* What people change about their own account: password, address, sessions. Steps of pages; see web.h. */
#ifndef WEB_ACCOUNT_PAGES_H
#define WEB_ACCOUNT_PAGES_H

#include "web/web.h"

/* GET and POST /account/password. Fields: current, password, everywhere. Behind web_step_signed_in. */
must_check int account_password_page(struct call *call);
/* GET and POST /account/review. Fields: action, end. Behind web_step_fresh. */
must_check int account_review_page(struct call *call);
/* GET and POST /account/email. Field: email. Behind web_step_fresh. */
must_check int account_email_page(struct call *call);
/* GET and POST /verify. Field: token. Nobody need be signed in. */
must_check int account_email_verify(struct call *call);
/* GET and POST /account/sessions. Fields: id, all. Behind web_step_signed_in. */
must_check int account_sessions_page(struct call *call);

#endif
