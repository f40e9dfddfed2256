/* What the pages behind links share. See account/link.h. */
#ifndef WEB_LINK_PAGE_H
#define WEB_LINK_PAGE_H

#include "account/link.h"
#include "account/strength.h"
#include "web/web.h"

/* Sets the answer: this link is good no more, and what to do. */
must_check int link_page_gone(struct call *call, const char *advice);
/*
 * Judges the new password of a form and hashes it, both on the lane for it. ret_phc empty: it is refused, ret_problem
 * says why. E_WOULD_BLOCK: the step runs again. E_NOMEM, E_RANDOM, E_CRYPTO.
 */
struct link_page_password {
	struct str password, email, name;
};
must_check int link_page_hash(struct call *call, const struct link_page_password *given, struct str *ret_phc,
			      struct str *ret_problem);
/*
 * Before something is mailed that somebody asked for: from one source only so often. E_THROTTLED:
 * call->retry_after_s.
 */
must_check int link_page_may_mail(struct call *call);
/* Tells an address that password or address was changed. Best effort. */
void link_page_tell(struct call *call, struct str email);

#endif
