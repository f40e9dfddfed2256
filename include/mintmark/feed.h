/**
 * @file
 * Revocation feeds: what an issuer says about tokens that are no longer to be honoured although they have not expired:
 * those of a client whose secret was regenerated, of a client or account that was disabled or deleted, and single ones.
 * A verifier (mintmark/verify.h) asks its feed at every call, for kept tokens too.
 *
 * A feed has one thread, which alone talks to the network. It asks ISSUER/revocations (or your URL) for what is new
 * since its last answer; the server holds the request until there is something, at most poll_s, so that a revocation is
 * known within a moment. An answer is a JWT signed by a key of the issuer (typ revocations+jwt), and it counts from the
 * moment when it was asked for, and only if the issuer made it after that. A failed request is repeated after a quarter
 * of a second, then after twice as long each time up to 2 × poll_s, less a random part.
 *
 * When there has been no good answer for max_age_s, nobody can tell what was revoked meanwhile, and every token is
 * refused until there is one again (MINTMARK_OFF_REVOCATION_AGE: accepted, unless it is known to be revoked). At most
 * entries_max entries are kept, each until the last token that it concerns has expired; a feed with more of them counts
 * as too old at once.
 *
 * Where may be fetched from: as mintmark/keyset.h says of a key set's URL.
 *
 * fork(2): the thread doesn't exist in a child. Make feeds after forking.
 *
 * Thread-safety: any thread may use a feed at any time; mintmark_feed_free() is the last call of its owner.
 */
#ifndef MINTMARK_FEED_H
#define MINTMARK_FEED_H

#include <stddef.h>
#include <stdint.h>

#include <mintmark/error.h>
#include <mintmark/keyset.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A revocation feed; opaque. Several verifiers of one issuer may share it. */
typedef struct mintmark_feed mintmark_feed;

/** Switches; a sum of them is struct mintmark_feed_options.flags. */
enum mintmark_feed_flags {
	MINTMARK_FEED_PLAIN_HTTP = 1 /**< Plain http from any address: whoever is on the way can hold answers back. */
};

/** How a feed is followed. Zero everywhere but in size means the defaults. Strings are copied. */
struct mintmark_feed_options {
	size_t size;          /**< sizeof(struct mintmark_feed_options) */
	const char *url;      /**< Of the feed; NULL: ISSUER/revocations. */
	uint32_t poll_s;      /**< How long the server may hold a request, and the shortest time between two requests
				   without news, seconds, 1 to 30, never more than a third of max_age_s; default 5. */
	uint32_t max_age_s;   /**< How old the last good answer may get, seconds, 1 to 86400; default 60. */
	uint32_t timeout_ms;  /**< For one request beyond poll_s, 1 to 60000; default 5000. */
	uint32_t skew_s;      /**< Tolerated difference of clocks, seconds, 1 to 60; default 10. */
	uint32_t entries_max; /**< How many entries are kept (up to 128 bytes each), 1 to 4194304; default 131072. */
	unsigned flags;       /**< A sum of enum mintmark_feed_flags. */
	const char *ca_file;  /**< PEM file of certificates to trust instead of the system's; NULL: the system's. */
};

/**
 * Follow an issuer's feed. Returns at once; mintmark_feed_wait() says whether it can be had.
 *
 * @param issuer    iss of its answers, compared byte by byte; at most 1900 bytes
 * @param keyset    the issuer's keys; the feed holds the set for itself
 * @param options   NULL: the defaults
 * @param ret_feed  free it with mintmark_feed_free()
 * @retval MINTMARK_ERROR_ARGUMENT  no issuer, no key set, a wrong size, or an option out of its range
 * @retval MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_feed_new(const char *issuer, mintmark_keyset *keyset,
						       const struct mintmark_feed_options *options,
						       mintmark_feed **ret_feed);

/**
 * Wait until the feed was read for the first time, or could not be: a start-up check. Nothing else needs it.
 *
 * @param feed        the feed
 * @param timeout_ms  how long to wait at most
 * @retval MINTMARK_OK             there is a feed, and it is not too old
 * @retval MINTMARK_ERROR_TIMEOUT  no request has ended in time
 * @return otherwise why the last request failed: MINTMARK_ERROR_NETWORK, _STATUS, _SYNTAX, _LIMIT, _REFUSED,
 *         _TIMEOUT, _UNTRUSTED, _MEMORY
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_feed_wait(mintmark_feed *feed, uint32_t timeout_ms);

/**
 * What the feed is and how its last request went, one sentence for logs and status pages: NUL-terminated, cut to size.
 *
 * @param feed      the feed
 * @param ret_text  room for size bytes; 512 are enough
 * @param size      of ret_text, at least 1
 * @retval MINTMARK_OK, MINTMARK_ERROR_ARGUMENT
 */
MINTMARK_API int mintmark_feed_explain(mintmark_feed *feed, char *ret_text, size_t size);

/**
 * Give up the caller's hold; verifiers that use the feed keep theirs. With the last one its thread ends; a request that
 * is under way is given up, which can take about a second. NULL is allowed.
 *
 * @param feed  the feed
 */
MINTMARK_API void mintmark_feed_free(mintmark_feed *feed);

#ifdef __cplusplus
}
#endif
#endif
