/*
 * Signing in with e-mail address and password. What is answered, and how long that takes, doesn't tell whether the
 * account exists, has a password, or is disabled: one read of the account, one of its login, one hash, in each case.
 *
 * Wrong passwords are throttled by (address as it is kept, source) and, ten times wider, by source (oauth/throttle.h,
 * an instance of its own): before the hash, so that guessing costs us nothing. There is no measure by account alone, so
 * nobody can lock an owner out from elsewhere. Server process, a pool thread of LANE_HASH. Must never log a password,
 * or what was typed for an address: people put passwords there.
 */
#ifndef ACCOUNT_SIGNIN_H
#define ACCOUNT_SIGNIN_H

#include "base/secret.h"
#include "oauth/call.h"

/*
 * Sets call->signin. E_ACCESS_DENIED: address or password is wrong, or the account can't be used. E_THROTTLED:
 * call->retry_after_s. E_STORE, E_NOMEM, E_CRYPTO: nobody knows.
 */
must_check int signin_password(struct call *call, struct str email, struct secret password,
			       struct account *ret_account, struct login *ret_login);
/*
 * The same for somebody who is signed in already and says his password again; account: his. Throttled alike.
 */
must_check int signin_again(struct call *call, const struct account *account, struct secret password);

#endif
