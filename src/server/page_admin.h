/* Pages' way to the operations of server/admin.h: the same rules as for the command line and the management API. */
#ifndef SERVER_PAGE_ADMIN_H
#define SERVER_PAGE_ADMIN_H

#include "oauth/call.h"

/* call_env.administer. Whether the person may ask for this is the page's to know. */
must_check int page_admin_run(struct call *call, struct str actor, struct str request, struct buf *out,
			      char why[CALL_WHY_MAX]);

#endif
