/* The token endpoint's answer and what it proves; see upstream.h. Blocks, pool threads. */
#ifndef ACCOUNT_UPSTREAM_TOKEN_H
#define ACCOUNT_UPSTREAM_TOKEN_H

#include "account/upstream_site.h"

struct upstream_exchange {
	const struct upstream_options *options;
	const struct upstream_site *site;
	struct str code, verifier, nonce, redirect_uri;
	int64_t now_s;
};

/* What the token endpoint gave; in the arena. */
struct upstream_tokens {
	struct str id_token, access_token;
};

/* E_INVALID_GRANT: it said no, or nothing of RFC 6749 5.1. E_UNAVAILABLE: it didn't answer. E_NOMEM. */
must_check int upstream_token_redeem(const struct upstream_exchange *exchange, struct arena *arena,
				     struct upstream_tokens *ret_tokens);
/*
 * OpenID Connect Core 3.1.3.7 and 3.1.3.8. E_INVALID_GRANT: it does not hold, and *ret_why says what (constant).
 * E_ABSENT: its key is not in the set: worth another look. E_NOMEM, E_CRYPTO. Pure; fuzzed.
 */
must_check int upstream_token_check(const struct upstream_exchange *exchange, const struct upstream_tokens *tokens,
				    struct arena *arena, struct upstream_person *ret_person, const char **ret_why);
/*
 * What the userinfo endpoint adds where the id token names no address: OpenID Connect Core 5.3. Nothing when there is
 * no such endpoint, or it says something about somebody else (5.3.2). E_NOMEM.
 */
must_check int upstream_token_userinfo(const struct upstream_exchange *exchange, const struct upstream_tokens *tokens,
				       struct arena *arena, struct upstream_person *person);

#endif
