/* Whose token is it: the issuer's userinfo endpoint (OpenID Connect Core 5.3). Blocks. Thread-safe. */
#ifndef CLIENT_WHOAMI_H
#define CLIENT_WHOAMI_H

#include "client/client.h"

/* The answer's JSON object, NUL-terminated. The codes of mintmark_client_whoami(). */
must_check int whoami_ask(struct mintmark_client *client, char *ret_json, size_t size);

#endif
