/* oauth/own_token.h for a call of the server: with the snapshot's keys and the call's clock reading. Any thread. */
#ifndef SERVER_OWN_H
#define SERVER_OWN_H

#include "oauth/own_token.h"
#include "server/task.h"

/* As own_token_check; the strings live in the call's arena. */
must_check int own_check(struct call *call, struct str token, struct own_token *ret_token, const char **ret_why);

#endif
