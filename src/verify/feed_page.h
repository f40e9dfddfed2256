/*
 * One answer of a revocation feed: a JWT of typ revocations+jwt whose claims say what was revoked between two sequence
 * numbers. Reads strangers' bytes. Pure functions, thread-safe.
 */
#ifndef VERIFY_FEED_PAGE_H
#define VERIFY_FEED_PAGE_H

#include "base/arena.h"
#include "jose/jwk.h"
#include "jose/verdict.h"

enum { FEED_PAGE_MAX = 65536, FEED_ID_MAX = 128, FEED_NAME_MAX = 512, FEED_PAGE_ENTRIES_MAX = 4096 };

enum feed_kind { FEED_CLIENT, FEED_ACCOUNT, FEED_JTI, FEED_KINDS };

struct feed_entry {
	enum feed_kind kind;
	struct str name;  /* client_id, account or jti */
	int64_t seq;      /* above the page's since, ascending, at most the page's seq */
	int64_t epoch;    /* tokens of a lower one are revoked; 0 for a jti */
	int64_t until_s;  /* no token that it concerns lives longer */
};

struct feed_page {
	struct str feed; /* id: another one is another history */
	int64_t since;   /* what it was answered from; 0: the beginning */
	int64_t seq;     /* newest one contained */
	int64_t iat_s;
	bool more;       /* ask again from seq */
	struct feed_entry *entries;
	size_t n;
};

/*
 * The claims of a page whose signature fitted. Strings are in the arena. E_SYNTAX: malformed, out of order, more
 * without progress, or an entry that names none or several of client_id, account and jti (whoever skipped what he does
 * not understand would honour what was revoked). E_LIMIT: too many entries. E_NOMEM.
 */
must_check int feed_page_parse(struct str claims, struct arena *arena, struct feed_page *ret_page);

struct feed_rules {
	struct str issuer; /* byte by byte */
	int64_t skew_s, now_s;
};

/*
 * Signature, typ, iss, exp and iat of an answer. VERDICT_VALID and the claims' text in the arena, or the verdict of the
 * check that failed.
 */
must_check enum verdict feed_page_verify(struct str text, const struct jwks *keys, const struct feed_rules *rules,
					 struct arena *arena, struct str *ret_claims);

#endif
