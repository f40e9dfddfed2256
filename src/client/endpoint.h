/*
 * An issuer's endpoints: given, kept from the last discovery, or discovered now (RFC 8414 3, OpenID Connect Discovery
 * 4). Metadata must name the issuer byte for byte. Kept for a day in $XDG_CACHE_HOME/app. Blocks. Thread-safe as long
 * as one thread uses an arena.
 */
#ifndef CLIENT_ENDPOINT_H
#define CLIENT_ENDPOINT_H

#include "base/arena.h"
#include "client/moment.h"
#include "client/private_folder.h"
#include "client/settings.h"

struct endpoint_set {
	struct str token, authorization, device, userinfo, revocation; /* "": there is none */
	bool checks_iss; /* authorization_response_iss_parameter_supported (RFC 9207 3) */
	bool is_given;   /* the program or the environment named the token endpoint */
};

struct endpoint_request {
	const struct settings *settings;
	struct str issuer;
	const struct private_folder *folder; /* its fd may be -1: nothing is kept */
	const struct moment *now;
	uint32_t timeout_ms;
};

/* Everything is in the arena. MINTMARK_ERROR_ISSUER, _NETWORK, _STATUS, _SYNTAX, _LIMIT, _REFUSED, _TIMEOUT, ... */
must_check int endpoint_find(const struct endpoint_request *request, struct arena *arena, struct endpoint_set *ret_set,
			     struct trouble *trouble);
/* Forget what is kept: the endpoints are not there any more. */
void endpoint_forget(const struct private_folder *folder, struct str issuer);

#endif
