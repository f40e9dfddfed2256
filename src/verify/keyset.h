/*
 * The keys a verifier trusts, as an immutable snapshot that is swapped when a fetch brings another set; the inside of
 * mintmark/keyset.h, which says when is fetched. A fetched set owns one thread; it alone does network. Thread-safe.
 */
#ifndef VERIFY_KEYSET_H
#define VERIFY_KEYSET_H

#include "mintmark/keyset.h"
#include "verify/fetch.h"

struct keyset_snapshot {
	_Atomic unsigned refs;
	uint64_t generation; /* changes with the document; never 0 */
	struct jwks *jwks;
};

struct keyset_timing {
	uint32_t refresh_s, interval_s, max_age_s, timeout_ms;
	int64_t (*now_ns)(void); /* monotonic; clock_mono_ns outside of tests */
};

/* Takes jwks. E_NOMEM, E_INTERNAL; then jwks is still the caller's. */
must_check int keyset_new_fixed(struct jwks *jwks, struct mintmark_keyset **ret_keyset);
/* source is copied but for cancel, which is the set's own. E_NOMEM, E_INTERNAL (no thread). */
must_check int keyset_new_fetched(const struct fetch_source *source, const struct keyset_timing *timing,
				  struct mintmark_keyset **ret_keyset);
struct mintmark_keyset *keyset_ref(struct mintmark_keyset *keyset);
/* NULL is allowed. */
void keyset_unref(struct mintmark_keyset *keyset);

/* How it is fetched; all zero for a fixed one. Lives as long as the set, which the caller holds. */
const struct fetch_source *keyset_source(const struct mintmark_keyset *keyset);

/* The generation of the set that may be used now; 0: none. Takes no lock. */
uint64_t keyset_generation(struct mintmark_keyset *keyset);
/*
 * The present set, referenced; NULL when there is none or it is too old. wait: for the first fetch, at most the
 * timeouts of its documents.
 */
struct keyset_snapshot *keyset_get(struct mintmark_keyset *keyset, bool wait);
void keyset_snapshot_unref(struct keyset_snapshot *snapshot); /* NULL is allowed */
/*
 * A token named a key that generation `seen` lacks. True: there is another generation now. Fetches at most once per
 * interval; only the caller that caused the fetch waits for it.
 */
bool keyset_ask(struct mintmark_keyset *keyset, uint64_t seen);
/*
 * The same without waiting: true when keyset_ask, called soon by a thread that may wait, can bring another generation.
 * So that is true for one caller per interval; the fetch has begun then, and that one keyset_ask waits for its end.
 */
bool keyset_ask_nowait(struct mintmark_keyset *keyset, uint64_t seen);
/* The first fetch is still under way, so keyset_get would wait for it. */
bool keyset_is_awaited(struct mintmark_keyset *keyset);

struct keyset_state {
	size_t n_keys;
	bool has_set, is_fixed;
	int64_t age_s;              /* since the last good fetch */
	uint64_t fetches;           /* that ended */
	enum fetch_cause last;      /* how the last one ended */
	const char *what;           /* which document it was about */
};
void keyset_describe(struct mintmark_keyset *keyset, struct keyset_state *ret_state);
/* The same as one sentence, appended. */
void keyset_put_text(const struct keyset_state *state, struct buf *out);
/* Wait for the end of the first fetch, at most this long. */
void keyset_wait(struct mintmark_keyset *keyset, uint32_t timeout_ms);
/* The clock of a test has moved. */
void keyset_poke(struct mintmark_keyset *keyset);

#endif
