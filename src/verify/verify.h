/*
 * Checking an access token offline against a key set in memory: form, algorithm, key, signature, typ, iss, aud, times,
 * scopes (RFC 9068 4, RFC 8725 3). No network, no clock of its own, no state: thread-safe.
 * The core of libmintmark's verifier (mintmark/verify.h) and of `mintmark verify`.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "base/arena.h"
#include "base/buf.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/jwt.h"
#include "jose/verdict.h"

/* Everything but scopes is required unless it is waived by name. */
struct verify_policy {
	struct str issuer;      /* iss, byte by byte */
	struct str audience;    /* one of aud */
	unsigned algs;          /* a sum of JWK_ALG(); JWK_ALGS_ALL is every algorithm there is */
	unsigned waive;         /* a sum of enum jwt_waive: iss, aud, exp */
	unsigned optional;      /* a sum of enum jwt_require: of these claims none is demanded */
	bool any_typ;           /* not at+jwt alone */
	bool may_be_bound;      /* cnf is somebody else's to check */
	int64_t skew_s;         /* 0 .. JWT_SKEW_MAX_S */
	struct str_list scopes; /* all of them must be in scope; none: no scope is asked for */
};

/* What was found out on the way; strings are in the arena or the token. */
struct verify_report {
	enum verdict verdict;
	struct jws jws;          /* when has_header; not trustworthy unless the signature fitted */
	struct jwt_claims claims; /* when has_claims; then the signature fitted */
	bool has_header, has_claims;
	int64_t now_s;
	size_t n_keys, n_keys_skipped;
};

/* Whether it names issuer, audience and algorithms, as far as they are not waived. */
bool verify_policy_is_usable(const struct verify_policy *policy);

/* Whether scope holds all of them; RFC 6750 3.1. */
bool verify_has_scopes(struct str scope, const struct str_list *wanted);

/*
 * now_s: seconds since 1970. arena: 128 KiB of maximum are enough for any token. The report is always filled (that is
 * its purpose), and its verdict is what is returned: VERDICT_VALID and nothing else means that the token may be
 * honoured.
 */
must_check enum verdict verify_token(const struct verify_policy *policy, const struct jwks *keys, struct str token,
				     int64_t now_s, struct arena *arena, struct verify_report *ret_report);

/*
 * One sentence for a person, appended: which check failed, what was found, what would mend it. The token's strings are
 * quoted and escaped.
 */
void verify_explain(const struct verify_policy *policy, const struct verify_report *report, struct buf *out);

#endif
