/*
 * The second factor: whether an account has one, setting it up, and the step of a sign-in that asks for it. TOTP with
 * recovery codes; a passkey is two factors by itself and never comes here.
 *
 * The TOTP key is sealed by keyd together with its account's id: nobody who writes into the database can move it to
 * another account. Codes are good once (RFC 6238 5.2). Wrong ones are throttled by (account, source) and by source;
 * and, three times wider, an app's codes by account alone (RFC 4226 7.3), which only who knows the password can set
 * off, and which holds no recovery code up. Server process, pool threads. Must never log a key, a code, or the cookie's
 * secret.
 */
#ifndef ACCOUNT_FACTOR_H
#define ACCOUNT_FACTOR_H

#include "account/recovery.h"
#include "account/totp.h"
#include "oauth/call.h"
#include "oauth/id.h"

enum { FACTOR_WAIT_S = 300 };

/* --- signing in --- */
/*
 * Whether one proof (password, link, somebody else's word) is not enough for this account. E_STORE, E_NOMEM; E_ABSENT:
 * no such account.
 */
must_check int factor_needed(struct call *call, struct str account_id, bool *ret_needed);
/* Somebody who stands before the second step. */
struct factor_wait {
	struct str account_id;
	unsigned methods;       /* what he has shown (enum auth_method) */
	struct str continue_to; /* as web_continue gave it */
};
/* Notes it for FACTOR_WAIT_S; the text goes into a cookie, then the caller wipes it. E_RANDOM, E_CRYPTO, E_STORE ... */
must_check int factor_begin(struct call *call, const struct factor_wait *wait, char ret_text[ID_SECRET_LEN + 1]);
/* E_ABSENT: no such text, or it is used or expired. */
must_check int factor_peek(struct call *call, struct str text, struct factor_wait *ret_wait);
/*
 * code: six digits, or a recovery code. ret_wait's methods then have AUTH_TOTP or AUTH_RECOVERY too, and the text is
 * used up. E_ABSENT as above. E_ACCESS_DENIED: wrong, or used before. E_THROTTLED: call->retry_after_s. E_SIGNER: keyd
 * is not there. E_STORE, E_NOMEM, E_CRYPTO.
 */
must_check int factor_finish(struct call *call, struct str text, struct str code, struct factor_wait *ret_wait);

/* --- setting it up; the account is the caller's own, signed in freshly --- */
/* A new key, not in use before factor_confirm. E_CONFLICT: it is on. E_RANDOM, E_SIGNER, E_STORE, E_ABSENT. */
must_check int factor_enrol(struct call *call, struct str account_id);
/* The key of an enrolment that is under way; the caller wipes it. E_ABSENT: none is. E_SIGNER: it can't be opened. */
must_check int factor_pending(struct call *call, struct str account_id, unsigned char ret_key[TOTP_KEY_LEN]);
/*
 * It is on from now on. The caller wipes the codes. E_ACCESS_DENIED, E_THROTTLED as above. E_ABSENT: none is due.
 */
must_check int factor_confirm(struct call *call, struct str account_id, struct str code,
			      struct recovery *ret_recovery);
/* New recovery codes; the old ones are worth nothing. E_ABSENT: TOTP is not on. */
must_check int factor_renew(struct call *call, struct str account_id, struct recovery *ret_recovery);
/* Off, with key and codes. One that is off stays off. */
must_check int factor_off(struct call *call, struct str account_id);

#endif
