/*
 * The world as requests see it: configuration, policy, keys and the two documents made of them. Immutable,
 * reference-counted, swapped as a whole; a request keeps the one it started with. Thread-safe.
 */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include "base/arena.h"
#include "config/config.h"
#include "oauth/call.h"

struct snapshot {
	struct config *config; /* a reference */
	struct oauth_policy policy;
	struct signing_kids kids;
	struct str jwks, jwks_etag;
	struct jwks *keys;     /* the same, to verify our own tokens with */
	struct str metadata, metadata_etag; /* RFC 8414 and OpenID Discovery */
	struct str openapi, openapi_etag;   /* the description of the management API */
	unsigned key_counts[SIG_ALGS][KEY_GONE]; /* by algorithm and enum key_state */
	/* private */
	struct arena arena;
	_Atomic unsigned refs;
};

/* What a snapshot is made of; borrowed during the call. */
struct snapshot_source {
	struct config *config;
	const struct signing_key *keys; /* those that are not gone */
	size_t n_keys;
	const struct api *apis;
	size_t n_apis;
};

/* E_NOMEM, E_CRYPTO, E_LIMIT. */
must_check int snapshot_new(const struct snapshot_source *source, struct snapshot **ret_snapshot);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
/* NULL is allowed. */
void snapshot_unref(struct snapshot *snapshot);

#endif
