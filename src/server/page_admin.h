/* Pages' way to the operations of admin/admin.h: the same rules as for the command line and the management API. */
#ifndef SERVER_PAGE_ADMIN_H
#define SERVER_PAGE_ADMIN_H

#include "oauth/call.h"

/* call_env.flush_use. */
must_check int page_admin_flush_use(struct call *call);
/* call_env.administer. Whether the person may ask for this is the page's to know. */
must_check int page_admin_run(struct call *call, struct str actor, struct str request, struct buf *out,
			      char why[CALL_WHY_MAX]);

/*
 * call_env.read_openapi: what the operations of an OpenAPI document ask for. E_SYNTAX: it is none, why says where.
 * E_LIMIT, E_NOMEM.
 */
must_check int page_admin_openapi(struct str text, struct arena *arena, struct call_openapi *ret_read,
				  char why[CALL_WHY_MAX]);

#endif
