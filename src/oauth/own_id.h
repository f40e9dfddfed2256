/*
 * Id tokens that this server issued, coming back as a hint (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2). Good
 * for knowing whom somebody means, for nothing else. Thread-safe for different calls.
 */
#ifndef OAUTH_OWN_ID_H
#define OAUTH_OWN_ID_H

#include "oauth/call.h"

struct own_id {
	struct str account_id, client_id; /* in the call's arena */
};

/* Signed by a key that we publish; expired ones too (RP-Initiated Logout 4). E_INVALID_TOKEN, E_NOMEM. */
must_check int own_id_check(struct call *call, struct str token, struct own_id *ret_id);

#endif
