/* Getting a new password by mail. Steps of pages; see web.h. */
#ifndef WEB_RESET_PAGE_H
#define WEB_RESET_PAGE_H

#include "web/web.h"

/* GET and POST /reset. Field: email. The answer is the same whether there is such an account or not. */
must_check int reset_page_ask(struct call *call);
/* GET and POST /reset/new. Fields: token, password. Ends all sessions, families and tokens of the account. */
must_check int reset_page_new(struct call *call);

#endif
