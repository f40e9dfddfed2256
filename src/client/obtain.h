/*
 * Getting a token for one client on one host: from the cache, from another process that is asking already, or from the
 * server. Exactly one process at a time asks (a lock beside the cache file); what it got or failed with is there for
 * all. Blocks, bounded by the settings' time limit twice: once for others, once for the server. Thread-safe.
 */
#ifndef CLIENT_OBTAIN_H
#define CLIENT_OBTAIN_H

#include "client/grant.h"
#include "client/moment.h"
#include "client/settings.h"

struct obtain_request {
	const struct settings *settings;
	moment_fn *now;
	struct str rejected;  /* an API refused this one; empty: none */
	bool has_usable;      /* the caller has one that is valid: don't wait for anybody, ask once */
	int64_t failures;     /* of this process in a row, for a client without cache */
	bool fresh;           /* no token that was kept will do */
};

struct obtain_result {
	struct grant grant;
	char warning[TROUBLE_MAX]; /* the token is good, but could not be kept; "" else */
	int64_t rest_s;            /* after a failure: nobody should ask for so long */
};

/*
 * The codes of mintmark_client_token(), and MINTMARK_ERROR_REJECTED: the API refuses even a renewed token.
 * ret_result->rest_s is set on failure too.
 */
must_check int obtain_token(const struct obtain_request *request, struct obtain_result *ret_result,
			    struct trouble *trouble);
/* What became of a login. */
struct obtain_login {
	enum storage_place storage; /* where it is kept */
	char note[TROUBLE_MAX];     /* what is worth telling besides; "" else */
};

/*
 * A person has logged in to this client: keep the login and its first token; tokens of an earlier login go. The codes
 * of mintmark_client_login() that are about files and places.
 */
must_check int obtain_keep_login(const struct settings *settings, moment_fn *now, struct str issuer,
				 struct grant *grant, struct obtain_login *ret_login, struct trouble *trouble);
/* Drop what is kept of this client's token. */
void obtain_forget(const struct settings *settings);
/* Seconds to rest after so many failures in a row: the server's wish, or growing, with jitter. */
int64_t obtain_rest_s(const struct trouble *trouble, int64_t failures);

#endif
