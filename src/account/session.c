/* See session.h. */
#include "account/session.h"

int64_t session_expires_s(const struct people_policy *policy, int64_t created_s, int64_t now_s)
{
	int64_t idle = now_s + policy->session_idle_s, last = created_s + policy->session_max_s;
	return idle < last ? idle : last;
}

bool session_is_touch_due(const struct session *session, int64_t now_s)
{
	return now_s - session->seen_s >= SESSION_TOUCH_S;
}

bool session_is_fresh(const struct session *session, int64_t now_s)
{
	return !(session->methods & AUTH_UNDATED) && session->auth_s <= now_s &&
	       now_s - session->auth_s <= SESSION_FRESH_S;
}
