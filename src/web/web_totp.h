/* The account's second factor, /account/totp; the rules are account/factor.h's. Server process, pool threads. */
#ifndef WEB_WEB_TOTP_H
#define WEB_WEB_TOTP_H

#include "web/web.h"

/* Somebody who signed in freshly: on, confirm, new recovery codes, off. */
must_check int web_totp_step(struct call *call);
/* The key of an enrolment under way as a picture, image/svg+xml. */
must_check int web_totp_picture(struct call *call);

#endif
