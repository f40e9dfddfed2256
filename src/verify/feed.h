/*
 * A revocation feed and the thread that follows it; the inside of mintmark/feed.h, which says when is asked. Look-ups
 * meet no lock as long as there is no news since the same token was last looked up. Thread-safe.
 */
#ifndef VERIFY_FEED_H
#define VERIFY_FEED_H

#include "base/clock.h"
#include "mintmark/feed.h"
#include "verify/feed_table.h"
#include "verify/fetch.h"
#include "verify/keyset.h"

struct feed_timing {
	int64_t poll_ns, max_age_ns;
	uint32_t timeout_ms, skew_s;
	size_t entries_max;
	int64_t (*now_ns)(void);   /* monotonic; clock_mono_ns outside of tests */
	const struct clock *clock; /* what iat is compared with */
};

/*
 * source: issuer and, unless it is <issuer>/revocations, url; copied but for cancel, which is the feed's own. keyset is
 * referenced. E_NOMEM, E_RANDOM, E_LIMIT (URL), E_INTERNAL (no thread).
 */
must_check int feed_new(const struct fetch_source *source, struct mintmark_keyset *keyset,
			const struct feed_timing *timing, struct mintmark_feed **ret_feed);
struct mintmark_feed *feed_ref(struct mintmark_feed *feed);
void feed_unref(struct mintmark_feed *feed); /* NULL is allowed */

/*
 * VALID: as far as the feed tells now. REVOKED. STALE: not known to be revoked, but the feed is too old, or never was
 * there. *clean belongs to the token, is 0 at first, and is for this feed alone: where the token was last found clean.
 */
must_check enum verdict feed_judge(struct mintmark_feed *feed, const struct jwt_claims *claims,
				   _Atomic uint64_t *clean);

/* The first reading is still under way, so nothing is known yet. */
bool feed_is_awaited(struct mintmark_feed *feed);
/* Wait for its end, at most this long; or, 0, as long as its requests may take. */
void feed_wait(struct mintmark_feed *feed, uint32_t timeout_ms);

struct feed_state {
	size_t entries;
	bool has_feed, is_fresh;
	int64_t age_s;        /* since the request of the last good answer */
	uint64_t rounds;      /* readings to the end, and failures */
	enum fetch_cause last;
	enum verdict verdict; /* of FETCH_UNTRUSTED */
};
void feed_describe(struct mintmark_feed *feed, struct feed_state *ret_state);
/* The same as one sentence, appended. */
void feed_put_text(const struct feed_state *state, struct buf *out);
/* Why a token is revoked, as a sentence behind a blank, appended; nothing when it is not. */
void feed_put_reason(struct mintmark_feed *feed, const struct jwt_claims *claims, struct buf *out);
/* The clock of a test has moved. */
void feed_poke(struct mintmark_feed *feed);

#endif
