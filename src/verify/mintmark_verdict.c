/* Public verdicts: their numbers never change, whatever the order of jose/verdict.def. Constant data. */
#include "verify/mintmark_verdict.h"

static const enum mintmark_verdict numbers[VERDICTS] = {
#define VERDICT(sym, name, code, text) [VERDICT_##sym] = MINTMARK_VERDICT_##sym,
#include "jose/verdict.def"
#undef VERDICT
};

enum mintmark_verdict mintmark_verdict_of(enum verdict verdict)
{
	return verdict < VERDICTS ? numbers[verdict] : MINTMARK_VERDICT_UNCHECKED;
}

static enum verdict inner_of(enum mintmark_verdict verdict)
{
	for (enum verdict inner = VERDICT_UNCHECKED; inner < VERDICTS; inner++)
		if (numbers[inner] == verdict)
			return inner;
	return VERDICT_UNCHECKED;
}

const char *mintmark_verdict_name(enum mintmark_verdict verdict) { return verdict_name(inner_of(verdict)); }
const char *mintmark_verdict_text(enum mintmark_verdict verdict) { return verdict_text(inner_of(verdict)); }

int mintmark_verdict_status(enum mintmark_verdict verdict)
{
	int code = verdict_code(inner_of(verdict));
	return code == 0 ? 200 : err_row(code)->status;
}
