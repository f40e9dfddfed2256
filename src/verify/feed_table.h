/*
 * What is revoked, in memory: for each client and account the epoch below which tokens are, and single jtis. Names are
 * kept as 128 bits of keyed hashes, so an entry has a fixed size and nobody can make two names meet. Not thread-safe:
 * its owner locks.
 */
#ifndef VERIFY_FEED_TABLE_H
#define VERIFY_FEED_TABLE_H

#include "jose/jwt.h"
#include "verify/feed_page.h"

struct feed_table;

/* max: entries it may hold. E_NOMEM, E_RANDOM. */
must_check int feed_table_new(size_t max, struct feed_table **ret_table);
void feed_table_free(struct feed_table *table); /* NULL is allowed */

/* An entry of the same name becomes the stricter of both. E_LIMIT: full; E_NOMEM. */
must_check int feed_table_put(struct feed_table *table, const struct feed_entry *entry);
/* Forget what is over at now_s; without memory it stays. */
void feed_table_sweep(struct feed_table *table, int64_t now_s);
size_t feed_table_count(const struct feed_table *table);

/* Why a token is revoked. */
struct feed_finding {
	enum feed_kind kind;
	int64_t epoch; /* tokens of a lower one are */
};

/* Whether a token with these claims is revoked. ret_finding may be NULL. */
bool feed_table_revokes(const struct feed_table *table, const struct jwt_claims *claims,
			struct feed_finding *ret_finding);

#endif
