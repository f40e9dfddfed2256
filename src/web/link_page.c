/* See link_page.h. Server process, pool threads. */
#include "web/link_page.h"

#include "account/credential.h"
#include "account/mailer.h"
#include "base/log.h"
#include "oauth/throttle.h"

enum { STATUS_GONE = 410 };

int link_page_gone(struct call *call, const char *advice)
{
	page_text(call->web->vars, "advice", str_of(advice));
	return web_show(call, STATUS_GONE, "link_gone");
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

int link_page_may_mail(struct call *call)
{
	static const struct str asks = {"asks for a mail", 15};
	struct throttle *throttle = call->env->people;
	int64_t now_s = call_now_s(call);
	if (throttle_check_pair(throttle, asks, call->peer_addr, now_s, &call->retry_after_s) < 0)
		FAIL(call, THROTTLED, "too many mails asked for");
	(void)throttle_fail(throttle, asks, call->peer_addr, now_s);
	return 0;
}

void link_page_tell(struct call *call, struct str email)
{
	struct str url, issuer = str_trim_end(call->policy->issuer, '/');
	if (!call->env->mailer)
		return;
	if (arena_printf(&call->arena, &url, "%.*s/signin", STR_ARG(issuer)) < 0)
		return;
	const struct mailer_order order = {.kind = MAIL_CHANGED, .to = email, .url = url};
	if (mailer_send(call->env->mailer, &order) < 0)
		LOG(LOG_WARN, "mail_not_queued", F("request_id", call->request_id));
}
