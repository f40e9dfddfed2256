/*
 * The access token of a call whose check has passed: key, lifetime, claims. Hands the job to whoever signs. Server
 * process; thread-safe for different calls.
 */
#ifndef OAUTH_MINT_H
#define OAUTH_MINT_H

#include "oauth/call.h"

/* Sets call->audience and call->lifetime_s by client, call->api and policy. */
void mint_frame(struct call *call);
/*
 * CALL_SIGN with call->job filled: call->scope for call->audience, for the account, or (NULL) for the client itself;
 * call->token is set when the call goes on. E_SIGNER: no key for the API's algorithm. E_INVALID_SCOPE: too many for a
 * token. E_NOMEM, E_RANDOM.
 */
must_check int mint_access(struct call *call, const struct account *account);

#endif
