/*
 * The time-series API over HTTP: from the path to the answer (WIRE: /measurements, /statistics, /metadata, write,
 * health, its own OpenAPI document). One per process; handlers are called by daemon/daemon.h from its loops and its
 * pool. Thread-safe after series_http_new.
 */
#ifndef SERIES_SERIES_HTTP_H
#define SERIES_SERIES_HTTP_H

#include "series/series_call.h"
#include "series/series_db.h"

#define SERIES_HTTP_VERSION "2026-11-01" /* of the API: the newest, and the only one there is */

struct series_http_options {
	struct series_db *db;         /* the caller's, as is all here; outlives the service */
	mintmark_verifier *verifier;
	struct str issuer;            /* stands in the served document */
	struct str audience;          /* whom authorization_details must name */
	const char *environment;      /* a segment before every path; NULL: none */
};

struct series_http {
	struct series_http_options options;
	struct openapi *set;
	const struct series_route **routes; /* by operation */
	struct buf yaml, json;              /* the document as it is served */
};

/* E_CONFIG: the environment is no path segment, or the document and the table of routes differ; E_NOMEM. */
must_check int series_http_new(const struct series_http_options *options, struct series_http **ret_http,
			       struct buf *ret_why);
void series_http_free(struct series_http *http); /* NULL is allowed */

/* For daemon_options.handler; arg is the series_http. */
int series_http_handle(struct daemon_task *task, void *arg);
void series_http_finished(struct daemon_task *task, void *arg);

#endif
