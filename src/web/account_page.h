/* Account: what somebody has here (overview), and which apps may act for him. Steps of server/route.c. */
#ifndef WEB_ACCOUNT_PAGE_H
#define WEB_ACCOUNT_PAGE_H

#include "web/web.h"

must_check int account_page(struct call *call);
/* An app that may act for the account: by consent, by tokens that it has, or both. */
struct account_page_app {
	struct str id, name;
	struct str scope, words; /* as kept, and as people read it */
	int64_t since_s, used_s;
	size_t n_families;
};
/* All of who is signed in, in the call's arena. E_STORE, E_NOMEM. */
must_check int account_page_find_apps(struct call *call, struct account_page_app **ret_apps, size_t *ret_n);
/* Takes an app's access away: consent, refresh and access tokens. E_STORE, E_NOMEM. */
must_check int account_page_end_app(struct call *call, struct str client_id);
must_check int account_page_apps(struct call *call);
/* Takes an app's access away. Asks first. */
must_check int account_page_end(struct call *call);

#endif
