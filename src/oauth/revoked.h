/*
 * What ended before its time, in memory: the feed of the store (store_revocation_*), which answers introspection at
 * once and GET /revocations without a store access. It is brought up to date inside each change, after its commit and
 * before its acknowledgement. Thread-safe; a look never waits for the store.
 */
#ifndef OAUTH_REVOKED_H
#define OAUTH_REVOKED_H

#include "base/arena.h"
#include "model/model.h"

struct revoked;
struct store;

enum {
	/*
	 * How long the feed names a client or an account: longer than any access token lives. tokens.lifetime_max_s may
	 * have been any allowed value (604800 at most) when a token was issued; on top what is said of REVOKED_SKEW_S.
	 */
	REVOKED_KEEP_S = 604800 + 4200,
	/*
	 * The same on top of one token's exp. What is forgotten while a clock stands an hour ahead does not come back
	 * when it is set right, but the token would (ATTACKS 48); and clocks differ by up to ten minutes anyway.
	 */
	REVOKED_SKEW_S = 4200,
	/* Entries of one page: with ids of the greatest length they still fit 32 KiB of claims. */
	REVOKED_PAGE_MAX = 160,
};

/* Reads all of the feed; blocks. E_NOMEM, E_STORE. */
must_check int revoked_new(struct store *store, struct revoked **ret_revoked);
/* NULL is allowed. */
void revoked_free(struct revoked *revoked);

/*
 * Reads what is new in the store; blocks. On failure (E_NOMEM, E_STORE) the table counts as stale, and everybody who
 * asks it gets E_STORE, until a later refresh succeeds: what is not known must not pass for "not revoked".
 */
must_check int revoked_refresh(struct revoked *revoked);
bool revoked_is_stale(const struct revoked *revoked);
/* Forgets what ended by now_s; gives how many. */
size_t revoked_sweep(struct revoked *revoked, int64_t now_s);

/* Whether this token was revoked. E_STORE: stale. */
must_check int revoked_jti(struct revoked *revoked, struct str jti, bool *ret_is_revoked);

/* A page of the feed. */
struct revoked_page {
	struct revocation_feed feed; /* seq: the newest entry there is */
	int64_t since;               /* answered from here: what was asked, or 0 when that lies ahead of the feed */
	int64_t seq;                 /* the newest entry contained, or the feed's when there is none left */
	bool more;
	struct revocation *revocations;
	size_t n;
};
/* since >= 0. Strings are copied into the arena. E_NOMEM; E_STORE: stale. */
must_check int revoked_page(struct revoked *revoked, int64_t since, struct arena *arena, struct revoked_page *ret_page);
/* The newest entry's number; cheap, for those who wait for news. */
int64_t revoked_seq(const struct revoked *revoked);
/* How many entries are kept, for metrics. */
size_t revoked_count(struct revoked *revoked);

#endif
