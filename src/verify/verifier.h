/* The inside of mintmark_verifier, for its own file and for tests that set its clock. */
#ifndef VERIFY_VERIFIER_H
#define VERIFY_VERIFIER_H

#include "base/clock.h"
#include "mintmark/verify.h"
#include "verify/keyset.h"
#include "verify/token_cache.h"
#include "verify/verify.h"

struct mintmark_verifier {
	struct arena arena;          /* strings of the policy */
	struct verify_policy policy; /* without scopes: those are judged at every call */
	struct str_list scopes;      /* the policy's */
	struct mintmark_keyset *keyset;
	struct token_cache *cache;   /* NULL: switched off */
	const struct clock *clock;
};

#endif
