/*
 * Whose tokens are believed: the verifier with its key set and its revocation feed. Thread-safe after trust_init.
 */
#ifndef GATE_TRUST_H
#define GATE_TRUST_H

#include "gate/gate.h"
#include "mintmark/verify.h"

struct trust {
	mintmark_keyset *keyset;
	mintmark_feed *feed; /* NULL: nobody is asked for revocations */
	mintmark_verifier *verifier;
};

/* Starts the threads that fetch. E_CONFIG: the key set's file or an option is unusable; E_NOMEM, E_INTERNAL. */
must_check int trust_init(struct trust *trust, const struct gate_options *options, struct buf *ret_why);
void trust_done(struct trust *trust);
/*
 * 0: *ret_verdict, and for MINTMARK_VERDICT_VALID *ret_token, which the caller frees. E_WOULD_BLOCK, outputs untouched:
 * only when !may_block; ask again where blocking is allowed.
 */
must_check int trust_check(struct trust *trust, struct str token, bool may_block, enum mintmark_verdict *ret_verdict,
			   mintmark_token **ret_token);
/* For the log: what is known of keys and feed, in sentences, appended. */
void trust_put_state(const struct trust *trust, struct buf *out);
/* How often the keys were fetched. */
uint64_t trust_fetches(const struct trust *trust);

#endif
