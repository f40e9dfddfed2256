/*
 * The management API as an API in the store: an audience, and scopes that clients are granted like any others. Its
 * audience is the issuer without a slash at the end, then "/api/v1"; so is its address.
 */
#ifndef ADMIN_MANAGE_API_H
#define ADMIN_MANAGE_API_H

#include "base/buf.h"
#include "store/store.h"

#define MANAGE_API_PREFIX "mintmark:" /* of its scopes, and of no others */
#define MANAGE_API_PATH   "/api/v1"

/* Whether audience is that of the management API at this issuer; false for an empty issuer. */
bool manage_api_is(struct str issuer, struct str audience);
/* Append the audience. */
void manage_api_put(struct str issuer, struct buf *out);

/* alg, lifetime_s: of its tokens, when it is made now. */
struct manage_api_options {
	struct str issuer, alg;
	int64_t lifetime_s, now_s;
};
/*
 * Makes the API, or adds the scopes that it lacks, noted in the audit chain as done by "system". Changes nothing when
 * all is there. Blocks. The store's errors.
 */
must_check int manage_api_ensure(struct store *store, const struct manage_api_options *options);

#endif
