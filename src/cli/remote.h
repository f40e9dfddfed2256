/*
 * Administration requests to another machine's server, by its management API (openapi/management.yaml): discovery, a
 * token by client credentials for the scopes that the operation needs, the call. RFC 8414 3, RFC 6749 4.4, RFC 8707.
 * Plain http goes to loopback addresses only. Single-threaded.
 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "base/buf.h"

enum { REMOTE_URL_MAX = 1024, REMOTE_TOKEN_MAX = 16384, REMOTE_CREDENTIAL_MAX = 1024 };

struct remote {
	const char *server;  /* the issuer, byte for byte */
	const char *ca_file; /* NULL: the system's certificates */
	uint32_t timeout_ms; /* of each request */
	char token_endpoint[REMOTE_URL_MAX];
	struct buf id, secret, token;
	const char *token_scopes; /* what the token was asked for; "": everything; NULL: there is none */
	char why[512];       /* why a call failed; safe to print */
	int status;          /* the exit status that belongs to it */
};

/*
 * Credentials from $MINTMARK_CLIENT_ID and $MINTMARK_CLIENT_SECRET (or the files named by ..._FILE), then discovery.
 * Fill server, ca_file and timeout_ms before. What fails is printed. Exit status; remote_close is due in any case.
 */
int remote_open(struct remote *remote);
/* request and answer as in admin/admin.h. E_IO: see why and status. */
must_check int remote_call(struct remote *remote, struct str request, struct buf *answer);
void remote_close(struct remote *remote);

#endif
