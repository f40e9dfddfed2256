/*
 * A token that was found valid: its claims, immutable, reference-counted (atomic), shared by the cache and by whoever
 * was given it. The inside of mintmark_token. Thread-safe.
 */
#ifndef VERIFY_TOKEN_H
#define VERIFY_TOKEN_H

#include <stdatomic.h>

#include "jose/jwt.h"
#include "mintmark/verify.h"

enum { TOKEN_ARENA_MAX = 131072 };

struct token_table;

struct mintmark_token {
	_Atomic unsigned refs;
	_Atomic(struct token_table *) table; /* of all claims; made when one is asked for by name */
	_Atomic uint64_t clean;              /* feed_judge's */
	struct arena arena;                  /* what claims and payload point into */
	struct jwt_claims claims;
	struct str payload;
};

/* Empty, one reference. E_NOMEM. */
must_check int token_new(struct mintmark_token **ret_token);
struct mintmark_token *token_ref(struct mintmark_token *token);
void token_unref(struct mintmark_token *token); /* NULL is allowed */
void token_unrefp(struct mintmark_token **token); /* for _cleanup_ */

#endif
