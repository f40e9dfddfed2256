/*
 * What a provider says about itself (OpenID Connect Discovery 3 and 4) and its keys, fetched and kept for a while.
 * Immutable and reference-counted once made; the keeper of it is thread-safe. Blocks where it fetches.
 */
#ifndef ACCOUNT_UPSTREAM_SITE_H
#define ACCOUNT_UPSTREAM_SITE_H

#include "account/upstream.h"
#include "base/arena.h"
#include "http/http_out.h"
#include "jose/jwk.h"

enum { UPSTREAM_DOCUMENT_MAX = 262144, UPSTREAM_TIMEOUT_MS = 5000, UPSTREAM_KEEP_S = 3600, UPSTREAM_AGAIN_S = 5 };

struct upstream_site {
	struct str authorization, token, userinfo, jwks_uri; /* userinfo may be empty */
	unsigned algs;         /* JWK_ALG of what it signs id tokens with; never none, never HMAC */
	bool sends_iss;        /* RFC 9207 3 */
	bool takes_basic, takes_post;
	struct jwks *jwks;
	int64_t fetched_s;
	struct arena arena;
	_Atomic unsigned refs;
};

/* The issuer's metadata. E_SYNTAX: malformed, of another issuer, or without what is needed. Pure; fuzzed. */
must_check int upstream_site_parse(struct str issuer, struct str text, struct upstream_site *site);

struct upstream_keep;
must_check int upstream_keep_new(struct upstream_keep **ret_keep);
void upstream_keep_free(struct upstream_keep *keep);
/*
 * One reference. newer_than_s: not one that was fetched before; so a key that is unknown is looked for again, at most
 * every UPSTREAM_AGAIN_S. E_UNAVAILABLE: it can't be fetched, now or within the last UPSTREAM_AGAIN_S.
 */
must_check int upstream_keep_get(struct upstream_keep *keep, const struct upstream_options *options,
				 int64_t newer_than_s, int64_t now_s, struct upstream_site **ret_site);
void upstream_site_unref(struct upstream_site *site);
void upstream_site_unrefp(struct upstream_site **site);

/* What requests to this URL may do. */
struct http_out_limits upstream_site_limits(const struct upstream_options *options, struct str url);

#endif
