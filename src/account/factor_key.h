/* What the files of the second factor share: the sealed key, the throttle, audit notes. Pool threads. */
#ifndef ACCOUNT_FACTOR_KEY_H
#define ACCOUNT_FACTOR_KEY_H

#include "account/totp.h"
#include "oauth/call.h"
#include "store/store.h"

/* A new key's sealed form for this account, in the call's arena. E_RANDOM, E_SIGNER, E_NOMEM. */
must_check int factor_key_new(struct call *call, struct str account_id, struct str *ret_sealed);
/* The caller wipes the key. E_SIGNER: keyd is not there, or it is the key of another account. */
must_check int factor_key_open(struct call *call, struct str account_id, struct str sealed,
			       unsigned char ret_key[TOTP_KEY_LEN]);

/* Before a code is looked at. E_THROTTLED: call->retry_after_s. */
must_check int factor_key_guess(struct call *call, struct str account_id);
/* After it: counts what rc says, audits a burst, and gives rc back. */
must_check int factor_key_guessed(struct call *call, struct str account_id, int rc);

/*
 * The same of an app's code, by account alone: six digits are few for whoever knows the password and has many
 * addresses. Recovery codes are not counted here, so the owner gets in whatever others try. E_THROTTLED:
 * call->retry_after_s.
 */
must_check int factor_key_guess_code(struct call *call, struct str account_id);
/* It was wrong. */
void factor_key_wrong_code(struct call *call, struct str account_id);

/* A note of something that the account itself did. E_NOMEM. */
must_check int factor_key_note(struct call *call, struct str account_id, const char *action,
			       struct audit_note *ret_note);

#endif
