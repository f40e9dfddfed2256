/*
 * One request to a token endpoint (RFC 6749 3.2) and what its answer means. Sends the secret, so it judges where to:
 * the scheme, the address, never along a redirect. Blocks. Thread-safe.
 */
#ifndef CLIENT_TOKEN_REQUEST_H
#define CLIENT_TOKEN_REQUEST_H

#include "client/grant.h"
#include "client/settings.h"

enum { TOKEN_REQUEST_FORM_MAX = 32768, TOKEN_REQUEST_ANSWER_MAX = 65536 };

struct token_request {
	const struct settings *settings;
	struct str endpoint;
	bool is_own;       /* the operator named it, or it is at the issuer's origin: it may be in a private network */
	struct str id, secret; /* no secret: a public client, its id goes into the body (RFC 6749 3.2.1) */
	struct str form;   /* grant_type and what belongs to it, encoded */
	uint32_t timeout_ms;
	int64_t now_s;     /* wall clock */
};

/* Append &name=value, encoded; nothing where value is empty. */
void token_request_put(struct buf *form, const char *name, struct str value);

/*
 * The grant; or MINTMARK_ERROR_CREDENTIALS, _SCOPE, _BUSY, _STATUS, _SYNTAX, _LIMIT, _NETWORK, _TIMEOUT, _REFUSED,
 * _LOGIN (invalid_grant), _CANCELLED, _MEMORY. ret_error: the server's error code, NUL-terminated, or "".
 */
must_check int token_request_send(const struct token_request *request, struct grant *ret_grant, char ret_error[64],
				  struct trouble *trouble);

/* The same for another endpoint that clients authenticate to: the text of its answer with 200, appended. */
must_check int token_request_post(const struct token_request *request, struct buf *out, char ret_error[64],
				  struct trouble *trouble);

/* The trouble of a failed http_out call to this URL. Returns its code. */
int token_request_network(struct trouble *trouble, int rc, struct str url, const char *why,
			  const struct settings *settings);

#endif
