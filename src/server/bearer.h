/*
 * Bearer tokens of requests: RFC 6750 2.1 (the header, nothing else) and 3 (the challenge). Server process, any thread.
 */
#ifndef SERVER_BEARER_H
#define SERVER_BEARER_H

#include "server/task.h"

/* E_INVALID_TOKEN, with its challenge: there is none. E_INVALID_REQUEST: two Authorization fields. E_NOMEM. */
must_check int bearer_read(struct call *call, struct str *ret_token);
/* E_INVALID_TOKEN, with its challenge. why: a literal, for the log. */
must_check int bearer_refuse(struct call *call, const char *why);

#endif
