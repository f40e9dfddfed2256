/*
 * The inside of mintmark_verifier: its checks, for the public functions and for our own event loops. Thread-safe as
 * mintmark/verify.h says.
 */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/clock.h"
#include "mintmark/verify.h"
#include "verify/feed.h"
#include "verify/keyset.h"
#include "verify/token_cache.h"
#include "verify/verify.h"

struct mintmark_verifier {
	struct arena arena;          /* strings of the policy */
	struct verify_policy policy; /* without scopes: those are judged at every call */
	struct str_list scopes;      /* the policy's */
	struct mintmark_keyset *keyset;
	struct mintmark_feed *feed;  /* NULL: switched off */
	bool feed_may_be_old;
	struct token_cache *cache;   /* NULL: switched off */
	const struct clock *clock;
};

/* mintmark_verifier_check; may wait for a fetch. */
must_check enum verdict verifier_check(struct mintmark_verifier *verifier, struct str token, const char *scopes,
				       struct mintmark_token **ret_token);
/*
 * The same for event loops: never waits for the network (a token that is not kept costs a signature check, some 20 to
 * 110 us). 0: *ret_verdict and *ret_token are what mintmark_verifier_check would have given. E_WOULD_BLOCK, outputs
 * untouched: that call would wait for a fetch; make it on a thread that may. While there has never been an answer that
 * is so for every token; later for one token with an unknown kid per interval of the key set (ATTACKS 36), so a flood
 * of them stays on the loop.
 */
must_check int verifier_check_nowait(struct mintmark_verifier *verifier, struct str token, const char *scopes,
				     enum mintmark_verdict *ret_verdict, struct mintmark_token **ret_token);
/* mintmark_verifier_explain, appended. */
enum verdict verifier_explain(struct mintmark_verifier *verifier, struct str text, const char *scopes,
			      struct arena *arena, struct buf *out);

#endif
