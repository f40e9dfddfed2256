/* Sample objects for the contract tests of the verbs for people. Those of number n differ from others in all keys. */
#ifndef TESTS_CONTRACT_STORE_PEOPLE_H
#define TESTS_CONTRACT_STORE_PEOPLE_H

#include "store_test.h"

/* store_test's world and in it accounts 1 and 2, API 1, apps 1 and 2. */
int people_setup(void **state);

/* 32 bytes that belong to n, in the arena. */
const unsigned char *hash_of(struct world *world, unsigned n);
/* The first hashes that were asked for since forget_hashes, for the dump; returns how many. */
enum { HASHES_MAX = 12 };
void forget_hashes(void);
size_t recent_hashes(unsigned char hashes[HASHES_MAX][32]);

struct client an_app(struct world *world, unsigned n);
/* Of account 1, for app 1, created at NOW_S; codes live for a minute, sessions and families for an hour. */
struct session a_session(struct world *world, unsigned n);
struct passkey a_passkey(struct world *world, unsigned n);
struct upstream_link a_link(struct world *world, unsigned n);
struct once a_once(struct world *world, enum once_kind kind, unsigned n);
struct code a_code(struct world *world, unsigned n);
struct device a_device(struct world *world, unsigned n); /* its user code is "CODE" and n */
struct device a_decision(enum device_state decision);
struct consent a_consent(struct world *world, unsigned n); /* for app n */
/* A refresh token with the hash 1000 + n and the access token "jti-n"; first: of the new family n. */
struct issue an_issue(struct world *world, unsigned n, bool first);

/* Code n is there and redeemed: family n lives, with refresh token 1000 + n. */
void a_family_lives(struct world *world, unsigned n);
/* Whether the feed names this access token, of app 1. */
bool is_revoked(struct world *world, struct str jti);
struct family get_family(struct world *world, unsigned n);

#endif
