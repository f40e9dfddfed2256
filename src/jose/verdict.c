/* The table of verdicts; see verdict.h. */
#include "jose/verdict.h"

struct row {
	const char *name, *text;
	int code;
};

static const struct row rows[VERDICTS] = {
	[VERDICT_UNCHECKED] = {"unchecked", "The token was not checked.", E_INTERNAL},
#define VERDICT(sym, name, code, text) [VERDICT_##sym] = {name, text, code},
#include "jose/verdict.def"
#undef VERDICT
};

static const struct row *row_of(enum verdict verdict)
{
	return &rows[verdict < VERDICTS ? verdict : VERDICT_UNCHECKED];
}

const char *verdict_name(enum verdict verdict) { return row_of(verdict)->name; }
const char *verdict_text(enum verdict verdict) { return row_of(verdict)->text; }
int verdict_code(enum verdict verdict) { return row_of(verdict)->code; }
