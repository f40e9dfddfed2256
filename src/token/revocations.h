/*
 * The claims of one answer of the revocation feed (typ revocations+jwt, docs/revocation.md). Builds claims; signing is
 * the signer's. Pure; thread-safe.
 */
#ifndef TOKEN_REVOCATIONS_H
#define TOKEN_REVOCATIONS_H

#include "base/arena.h"
#include "keys/signer.h"
#include "model/model.h"

/* A verifier counts an answer as fresh by its iat; nothing of it is worth anything after this. */
enum { TOKEN_REVOCATIONS_LIFE_S = 300 };

struct token_revocations {
	struct str kid, issuer;
	struct str feed;       /* the feed's identity */
	int64_t since, seq;    /* answered from there; the newest entry contained */
	bool more;             /* there is more behind seq */
	const struct revocation *revocations; /* in the order of seq */
	size_t n;
	int64_t iat_s;
};

/* E_NOMEM; E_LIMIT: more than SIGNER_FEED_EXTRA_MAX bytes. The claims borrow from *revocations and the arena. */
must_check int token_revocations_claims(const struct token_revocations *revocations, struct arena *arena,
					struct sign_claims *ret_claims);

#endif
