/*
 * The demo's part in the time-series API: scopes of the demo API, those that the demo service client is granted, and
 * which paths show the difference. Single-threaded.
 */
#ifndef CLI_DEMO_SERIES_H
#define CLI_DEMO_SERIES_H

#include "cli/transport.h"

/* What the service client is granted: three operation scopes, and data scopes for some of the demo's series. */
extern const char demo_series_granted[];
/* Paths of the series API that its token may read, and may not. */
extern const char demo_series_allowed[], demo_series_denied[];

/* Give the API the scopes that it lacks. What else it has stays. Codes of ask(). */
must_check int demo_series_complete_api(struct transport *transport, const char *audience);
/* Give the client what it lacks of demo_series_granted. What else it has stays. Codes of ask(). */
must_check int demo_series_complete_client(struct transport *transport, const char *audience, const char *client_id);

#endif
