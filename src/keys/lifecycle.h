/*
 * When signing keys change: next (published, not used) -> active -> retiring (published until its last token has
 * ended) -> gone. A pure function of the keys, the policy and the clock: run it at start, every minute and when the
 * operator asks; whatever moment a process died at, the next run goes on from what the store has. Server process;
 * thread-safe.
 *
 * What it keeps: every algorithm in use has an active key from the first run on; a key signs only after it was
 * published for prepublish_s (but for the first key and when the operator orders it); a key stays published for
 * retire_after_s after its last use.
 */
#ifndef KEYS_LIFECYCLE_H
#define KEYS_LIFECYCLE_H

#include "model/model.h"

enum { LIFECYCLE_ALGS_MAX = 8, LIFECYCLE_MOVES_MAX = 64 };

struct lifecycle_policy {
	struct str algs[LIFECYCLE_ALGS_MAX]; /* in use; keys of others retire */
	size_t n_algs;
	int64_t rotate_every_s;              /* life of an active key */
	int64_t prepublish_s;                /* at least what JWKS caches keep an answer */
	int64_t retire_after_s;              /* longest lifetime of a token, and allowance for clocks */
	bool rotate_now;                     /* the operator's order: replace every active key at once */
};

/*
 * Either keys to make and store (as KEY_NEXT), one for each algorithm of generate, after which the caller plans
 * again; or moves to apply in one transaction. An order to rotate_now is fulfilled when a plan with moves was
 * applied. Kids and algs are borrowed from keys and policy.
 */
struct lifecycle_plan {
	struct str generate[LIFECYCLE_ALGS_MAX];
	size_t n_generate;
	struct key_move moves[LIFECYCLE_MOVES_MAX]; /* what does not fit comes with the next plan */
	size_t n_moves;
};

bool lifecycle_uses(const struct lifecycle_policy *policy, struct str alg);
/* keys: all that are not gone (others are ignored), in any order. */
void lifecycle_plan(const struct lifecycle_policy *policy, const struct signing_key *keys, size_t n, int64_t now_s,
		    struct lifecycle_plan *ret_plan);

#endif
