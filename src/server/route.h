/*
 * Which steps answer which request. Read this first: an endpoint is a row of the table in route.c. Built once per
 * process from the issuer's path; read-only afterwards, thread-safe.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "base/arena.h"
#include "oauth/call.h"

enum route_method { ROUTE_GET = 1, ROUTE_POST = 2 }; /* GET includes HEAD */

enum route_flag {
	ROUTE_ISSUER_PATH = 1, /* stands below the issuer's path */
	ROUTE_INSERTED = 2,    /* well-known, the issuer's path comes behind it: RFC 8414 3.1 */
	ROUTE_FORM = 4,        /* OAuth endpoint: errors by RFC 6749 5.2, CORS by configuration */
	ROUTE_PUBLIC = 8,      /* public document: any origin may read it */
	ROUTE_OPERATOR = 16,   /* access by metrics.access */
	ROUTE_BELOW = 32,      /* every path that begins with it, and every method: the steps decide */
	ROUTE_PROBLEM = 64,    /* management API: errors are problem objects */
	ROUTE_PAGE = 128,      /* for browsers: the walk ends with the step that answered; errors are pages */
	ROUTE_COMPAT = 256,    /* exists only while compat.rapidata is on */
	ROUTE_ONCE = 512,      /* GET may give what is given once: so no HEAD (RFC 9110 9.3.2), which would lose it */
};

/* What a route is, whatever its path: the label of metrics. */
enum route_id {
	ROUTE_TOKEN,
	ROUTE_JWKS,
	ROUTE_METADATA,
	ROUTE_HEALTHZ,
	ROUTE_READYZ,
	ROUTE_METRICS,
	ROUTE_REVOKE,
	ROUTE_INTROSPECT,
	ROUTE_FEED,
	ROUTE_MANAGE,
	ROUTE_OPENAPI,
	ROUTE_PAGES,
	ROUTE_STATIC,
	ROUTE_REGISTER,
	ROUTE_DEVICE,
	ROUTE_BRIDGE,
	ROUTE_CREDENTIALS,
	ROUTE_AUTHORIZE,
	ROUTE_PUSHED,
	ROUTE_USERINFO,
	ROUTE_LOGOUT,
	ROUTE_LEAKED,
	ROUTE_UNKNOWN,
	ROUTE_IDS
};

struct route {
	const char *path;
	enum route_id id;
	unsigned methods; /* enum route_method */
	unsigned flags;   /* enum route_flag */
	call_step *const *steps; /* NULL-terminated */
};

struct routes;

/* E_NOMEM. */
must_check int route_table_new(struct str issuer, struct routes **ret_routes);
void route_table_free(struct routes *routes);
/* NULL: no such path. Paths are compared byte for byte. */
const struct route *route_find(const struct routes *routes, struct str path);
/* Names of the ids, ROUTE_IDS of them. */
extern const char *const route_names[ROUTE_IDS];
/* "GET, HEAD", "POST" or "GET, HEAD, POST", for Allow (RFC 9110 10.2.1). */
const char *route_allow(const struct route *route);
bool route_allows(const struct route *route, struct str method);

/* Steps of server/; those of the rules are in oauth/. */
must_check int ep_token_read(struct call *call);     /* ep_token.c: content type, form, query */
must_check int ep_token_reply(struct call *call);
must_check int ep_revoke_present(struct call *call);  /* ep_revoke.c; introspection too: there is a token */
must_check int ep_revoke_commit(struct call *call);
must_check int ep_leaked_end(struct call *call);      /* ep_leaked.c */
must_check int ep_introspect_answer(struct call *call); /* ep_introspect.c */
must_check int ep_bridge_begin(struct call *call);       /* ep_bridge.c */
must_check int ep_bridge_commit(struct call *call);
must_check int ep_bridge_reply(struct call *call);
must_check int ep_credentials_authorize(struct call *call); /* ep_credentials.c */
must_check int ep_credentials_create(struct call *call);
must_check int ep_credentials_list(struct call *call);
must_check int ep_credentials_one(struct call *call);
must_check int ep_par_push(struct call *call);          /* ep_par.c */
must_check int ep_userinfo_answer(struct call *call);   /* ep_userinfo.c */
must_check int ep_device_check(struct call *call);       /* ep_device.c */
must_check int ep_device_make(struct call *call);
must_check int ep_register_authorize(struct call *call); /* ep_register.c */
must_check int ep_register_create(struct call *call);
must_check int ep_register_manage(struct call *call);
must_check int ep_feed_read(struct call *call);       /* ep_feed.c */
must_check int ep_feed_wait(struct call *call);
must_check int ep_feed_mint(struct call *call);
must_check int ep_feed_reply(struct call *call);
must_check int ep_metadata_jwks(struct call *call);           /* ep_metadata.c */
must_check int ep_metadata_document(struct call *call);
must_check int ep_manage_find(struct call *call);             /* ep_manage.c */
must_check int ep_manage_authorize(struct call *call);
must_check int ep_manage_run(struct call *call);
must_check int ep_manage_description(struct call *call);
must_check int ep_status_healthz(struct call *call);        /* ep_status.c */
must_check int ep_status_readyz(struct call *call);
must_check int ep_status_metrics(struct call *call);
must_check int ep_static(struct call *call);                /* ep_static.c */

#endif
