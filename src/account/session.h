/*
 * How long a browser stays signed in: until it was idle for long, and never longer than a maximum since the sign-in.
 * Pure functions of the clock reading that is handed in, thread-safe.
 */
#ifndef ACCOUNT_SESSION_H
#define ACCOUNT_SESSION_H

#include "model/model.h"
#include "oauth/call.h"

enum { SESSION_TOUCH_S = 60, SESSION_FRESH_S = 900 };

/* Until when it lives if it is used now. */
int64_t session_expires_s(const struct people_policy *policy, int64_t created_s, int64_t now_s);
/* Whether it is time to note that it is used: at most once a minute. */
bool session_is_touch_due(const struct session *session, int64_t now_s);
/*
 * Whether the person proved who he is within the last 15 minutes. A sign-in that lies ahead (the clock was set back)
 * proves nothing, nor does one of which nobody says when it was.
 */
bool session_is_fresh(const struct session *session, int64_t now_s);

#endif
