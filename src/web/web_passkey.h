/*
 * Pages of passkeys: /account/passkeys (list, add, rename, delete) and the way to sign in by one. The ceremonies need
 * web/mintmark.js: it fetches options, asks the browser, and posts the form. Server process, pool threads.
 */
#ifndef WEB_WEB_PASSKEY_H
#define WEB_WEB_PASSKEY_H

#include "web/web.h"

/* Somebody who signed in freshly. */
must_check int web_passkey_account(struct call *call);
must_check int web_passkey_account_options(struct call *call);
/* Anybody. The form for it is the template signin_passkey, for the sign-in page. */
must_check int web_passkey_signin(struct call *call);
must_check int web_passkey_signin_options(struct call *call);

#endif
