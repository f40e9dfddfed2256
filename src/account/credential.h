/*
 * Changing the password of an account that is there. Other browsers are signed out with it; a reset also ends every
 * token that acts for the account, since whoever knew the old password may hold some. Server process, pool threads of
 * LANE_HASH.
 */
#ifndef ACCOUNT_CREDENTIAL_H
#define ACCOUNT_CREDENTIAL_H

#include "account/strength.h"
#include "oauth/call.h"

/* Whether the policy takes it for this person. */
enum strength credential_judge(const struct call *call, struct secret password, struct str email, struct str name);
/* The PHC string of a password, in the call's arena. E_NOMEM, E_RANDOM, E_CRYPTO. */
must_check int credential_hash(struct call *call, struct secret password, struct str *ret_phc);

struct credential_change {
	struct str account_id;
	struct str phc;
	const unsigned char *except; /* hash of the session that goes on; NULL: none */
	bool everything;             /* tokens and families end too */
	const struct store_once_key *taken; /* the link that lets it, used up with it; all sessions end. NULL: none */
	const char *how;             /* the audit trail's action: "password.change", "password.reset" */
};
/*
 * Durable, and known to everybody here who judges tokens, when it returns 0. E_ABSENT: the account is gone. E_REUSED:
 * the link is not good any more. E_STORE, E_NOMEM: nothing was changed, or it is not known everywhere yet.
 */
must_check int credential_change(struct call *call, const struct credential_change *change);

#endif
