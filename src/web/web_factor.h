/* The second step of a sign-in, /signin/factor; the rules are account/factor.h's. Server process, pool threads. */
#ifndef WEB_WEB_FACTOR_H
#define WEB_WEB_FACTOR_H

#include "web/web.h"

/* Its secret: for a few minutes, between the two steps. */
#define WEB_COOKIE_FACTOR "mintmark-factor"

/*
 * What every sign-in by one proof (password, link, upstream) ends with instead of web_sign_in: an account with a second
 * factor is asked for it first. Sets the answer. Errors of web_sign_in, and E_CRYPTO.
 */
must_check int web_factor_sign_in(struct call *call, const struct account *account, unsigned methods,
				  struct str continue_to);
/* /signin/factor: asks, and goes on. */
must_check int web_factor_step(struct call *call);

#endif
