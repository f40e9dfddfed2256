/* Account: what somebody has here (overview), and which apps may act for him. Steps of server/route.c. */
#ifndef WEB_ACCOUNT_PAGE_H
#define WEB_ACCOUNT_PAGE_H

#include "web/web.h"

must_check int account_page(struct call *call);
must_check int account_page_apps(struct call *call);
/* Takes an app's access away: consent, refresh and access tokens. Asks first. */
must_check int account_page_end(struct call *call);

#endif
