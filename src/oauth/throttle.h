/*
 * Slows down guessing of client secrets: failures are counted by (client id, source address) and, ten times wider, by
 * source address alone (one address trying many client ids). In memory, of fixed size; a restart forgets. Server
 * process; no I/O, no log.
 *
 * It must never lock the owner out (CC-22), so the caller keeps this order:
 *   1. A generated secret is compared first (one SHA-256). If it is right, the throttle is not asked at all.
 *   2. Before Argon2id of a chosen secret: throttle_check_pair. It can refuse a right secret, but only of this client
 *      and only from this address; other clients at the same address are heard.
 *   3. Before answering a wrong secret or an unknown id: throttle_check decides between "wrong" and "slow down",
 *      throttle_fail counts; a "slow down" counts only when a chosen secret was compared, see 2.
 *   4. A right chosen secret: throttle_success.
 *
 * Each pair is a leaky bucket: it holds `failures` and drains within `window_s`. When it is full, the next attempt is
 * due after window_s / failures. IPv6 addresses count by their /64 (RFC 4291 2.5.1: one subscriber's interface
 * identifiers are free to choose).
 *
 * Memory: 16 bytes for each of `entries` pairs, and for each of a quarter as many addresses, in buckets of eight that
 * SipHash under a random key chooses. In a bucket without a free entry the one nearest to drained makes room, and the
 * newcomer starts at its level. What a flood can gain:
 *   - A full pair is forgotten only when the seven others of its bucket are at least as full. Nobody knows which pairs
 *     share a bucket, so that takes about `entries` pairs with `failures` wrong secrets each. A forgotten pair gets
 *     one guess, then it is full again.
 *   - Those single guesses still meet the address's own measure, which pairs can't displace. To displace addresses,
 *     about entries / 4 of them are needed, and so many may make entries / 4 * 10 * failures guesses per window anyway.
 *     (Guesses at chosen secrets are held by their pair only, see 2; each costs an Argon2id, whose number is bounded.)
 *   - The price is paid by wrong secrets: during such a flood a pair's first failure may already be followed by a wait
 *     of window_s / failures. Whoever has not failed is not in the table, and is heard.
 *
 * Thread-safe: one mutex per 1/64 of the buckets, held for a scan of eight entries. While nothing has failed within a
 * window, check and success are one atomic load.
 */
#ifndef OAUTH_THROTTLE_H
#define OAUTH_THROTTLE_H

#include "base/str.h"

struct throttle;

struct throttle_limits {
	uint32_t failures; /* 1 .. 1000000 within the window, per pair */
	uint32_t window_s; /* 1 .. 86400 */
};

enum { THROTTLE_ADDR_FACTOR = 10 }; /* an address alone may fail this many times as often */

/* What a failure made full; each is told once until the bucket has drained, so that each is worth one audit entry. */
enum { THROTTLE_CROSSED_PAIR = 1, THROTTLE_CROSSED_ADDR = 2 };

/* entries: 8 .. 16777216, rounded up to a power of two. E_NOMEM, E_RANDOM. */
must_check int throttle_new(const struct throttle_limits *limits, uint32_t entries, struct throttle **ret_throttle);
/* NULL is allowed. */
void throttle_free(struct throttle *throttle);
/* New limits after a reload; what was counted stays. */
void throttle_set_limits(struct throttle *throttle, const struct throttle_limits *limits);

/*
 * Reads only. client: as the peer sent it, known or not; addr: numeric ("unix" and other texts count as they are).
 * 0, or E_THROTTLED and the seconds (1 .. window_s) after which the next attempt is heard.
 */
must_check int throttle_check(struct throttle *throttle, struct str client, struct str addr, int64_t now_s,
	uint32_t *ret_retry_after_s);
/* The same of the pair alone. */
must_check int throttle_check_pair(struct throttle *throttle, struct str client, struct str addr, int64_t now_s,
	uint32_t *ret_retry_after_s);
/* Counts one failure. Returns THROTTLE_CROSSED_... flags, mostly 0. */
unsigned throttle_fail(struct throttle *throttle, struct str client, struct str addr, int64_t now_s);
/*
 * Forgets the pair's failures; those of the address stay, or one known secret would buy any number of guesses at
 * others.
 */
void throttle_success(struct throttle *throttle, struct str client, struct str addr, int64_t now_s);
/* Bytes of memory taken, all of it from the start. */
size_t throttle_memory(const struct throttle *throttle);

#endif
