/*
 * Verified tokens of one verifier (whose policy never changes), found by the SHA-256 of the token's text, so that a
 * known token costs no signature. Bounded; what a call demands (scopes, time) is the caller's to judge each time. Only
 * tokens that verified get in, so nobody can fill it with inventions. Thread-safe.
 */
#ifndef VERIFY_TOKEN_CACHE_H
#define VERIFY_TOKEN_CACHE_H

#include "crypto/digest.h"
#include "verify/token.h"

struct token_cache;

/* Room for at least n tokens, 1 .. 2^20. E_NOMEM. */
must_check int token_cache_new(unsigned n, struct token_cache **ret_cache);
void token_cache_free(struct token_cache *cache); /* NULL is allowed */

/*
 * Referenced, or NULL. One that was verified with another generation of keys, or whose exp is dead_s (now less the
 * tolerated skew) or earlier, is thrown out instead.
 */
struct mintmark_token *token_cache_find(struct token_cache *cache, const unsigned char digest[SHA256_LEN],
					uint64_t generation, int64_t dead_s);
/* Takes a reference of its own. The least recently used one of a full set goes. */
void token_cache_put(struct token_cache *cache, const unsigned char digest[SHA256_LEN], uint64_t generation,
		     struct mintmark_token *token);

#endif
