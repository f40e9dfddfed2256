/*
 * Grants in three beats: check() reads and decides, mint() builds and has it signed, commit() is at most one store
 * verb. The steps of the token endpoint behind client authentication. RFC 6749 4, 5.
 */
#ifndef OAUTH_GRANT_H
#define OAUTH_GRANT_H

#include "oauth/call.h"

struct grant {
	const char *type;            /* grant_type, compared exactly */
	enum client_grant_type app;  /* what a CLIENT_APP must have been given to use it */
	bool is_public;              /* clients without a secret may use it */
	call_step *check;
	call_step *mint;
	call_step *mint_id;          /* a second signature, over what the first one made; NULL: none */
	call_step *commit;           /* NULL: nothing to write */
};

/* grant_type is there: E_INVALID_REQUEST. Before authentication: a request without it is malformed whoever sends it. */
must_check int grant_step_present(struct call *call);
/* grant_type -> call->grant. E_UNSUPPORTED_GRANT_TYPE. */
must_check int grant_step_find(struct call *call);
/* May this client use it? E_UNAUTHORIZED_CLIENT; only after authentication. */
must_check int grant_step_allowed(struct call *call);
must_check int grant_step_check(struct call *call);
/* CALL_SIGN on success: call->token is set when the call goes on. */
must_check int grant_step_mint(struct call *call);
/* CALL_SIGN when the grant gives an id token too. */
must_check int grant_step_mint_id(struct call *call);
/* After the signature: E_SIGNER when there is none. */
must_check int grant_step_commit(struct call *call);

/* The table's rows, for discovery: NULL beyond the last. */
const char *grant_type_at(size_t index);

extern const struct grant grant_client;  /* grant_client.c: client_credentials */
extern const struct grant grant_code;    /* grant_code.c: authorization_code */
extern const struct grant grant_device;  /* grant_device.c: RFC 8628 */
extern const struct grant grant_refresh; /* grant_refresh.c: refresh_token */

#endif
