/*
 * What keyd agrees to sign: per kind of token its header's type, mandatory and forbidden claims, and the longest
 * life; and the claims' JSON, written by keyd itself. keyd only. Pure functions, thread-safe.
 */
#ifndef KEYS_KEYD_POLICY_H
#define KEYS_KEYD_POLICY_H

#include "base/buf.h"
#include "keys/signer.h"

enum { KEYD_CLAIMS_MAX = 36864, KEYD_SKEW_S = 120 };

struct keyd_policy {
	struct str issuer;
	int64_t cap_s[TOKEN_KINDS];
};

/* The `typ` of a kind; RFC 9068 2.1 for access tokens. */
const char *keyd_policy_typ(enum token_kind kind);
/*
 * Judge the claims and append their JSON. E_INVALID_REQUEST: refused, *ret_why (a literal) tells the log why.
 * E_LIMIT, E_NOMEM. The buffer has undefined content after a failure.
 */
must_check int keyd_policy_emit(const struct keyd_policy *policy, const struct sign_claims *claims, int64_t now_s,
				struct buf *out, const char **ret_why);

#endif
