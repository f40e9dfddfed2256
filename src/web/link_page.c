/* See link_page.h. Server process, pool threads. */
#include "web/link_page.h"

#include "account/credential.h"

enum { STATUS_GONE = 410 };

int link_page_gone(struct call *call, const char *advice)
{
	page_text(call->web->vars, "advice", str_of(advice));
	return web_show(call, STATUS_GONE, "link_gone");
}

struct audit_note link_page_note(const struct call *call, const char *action, struct str target)
{
	return (struct audit_note){call_now_s(call), STR("link"), str_of(action), target, call->peer_addr};
}

int link_page_hash(struct call *call, const struct link_page_password *given, struct str *ret_phc,
		   struct str *ret_problem)
{
	struct secret password = secret_of(given->password);
	*ret_phc = *ret_problem = (struct str){0};
	TRY(web_to_hash_lane(call));
	enum strength strength = credential_judge(call, password, given->email, given->name);
	if (strength != STRENGTH_GOOD) {
		*ret_problem = strength_advice(strength);
		return 0;
	}
	return credential_hash(call, password, ret_phc);
}
