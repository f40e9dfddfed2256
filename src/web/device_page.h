/*
 * The pages on which people decide about what waits beside them: a device with its user code (RFC 8628 3.3), and a
 * program with the bridge login. Steps of server/route.c behind web_step_begin and web_step_signed_in.
 */
#ifndef WEB_DEVICE_PAGE_H
#define WEB_DEVICE_PAGE_H

#include "oauth/call.h"

/* GET and POST /device. */
must_check int device_page_step(struct call *call);
/* GET and POST /connect/authorize/external?clientId=&scope=&writeKey= */
must_check int device_page_bridge_step(struct call *call);

#endif
