/*
 * What came out of checking a token, typed. Zero is no verdict at all and never success, so a forgotten check reads as
 * a refusal: compare with VERDICT_VALID, nothing else. Thread-safe: constant data.
 */
#ifndef JOSE_VERDICT_H
#define JOSE_VERDICT_H

#include "base/str.h"

enum verdict {
	VERDICT_UNCHECKED = 0,
#define VERDICT(sym, name, code, text) VERDICT_##sym,
#include "jose/verdict.def"
#undef VERDICT
	VERDICTS
};

/* Short name for programs: "signature". "unchecked" for anything that is no verdict. */
const char *verdict_name(enum verdict verdict);
/* One sentence, safe to show: which check failed and what would mend it. */
const char *verdict_text(enum verdict verdict);
/*
 * 0 for VERDICT_VALID, otherwise a code of base/err.def: E_INVALID_TOKEN, E_INSUFFICIENT_SCOPE, E_UNAVAILABLE,
 * E_INTERNAL.
 */
must_check int verdict_code(enum verdict verdict);

#endif
