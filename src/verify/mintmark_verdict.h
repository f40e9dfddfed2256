/* From the verdicts of jose/verdict.def to the public ones. */
#ifndef VERIFY_MINTMARK_VERDICT_H
#define VERIFY_MINTMARK_VERDICT_H

#include "jose/verdict.h"
#include "mintmark/verify.h"

/* UNCHECKED for whatever is no verdict. */
enum mintmark_verdict mintmark_verdict_of(enum verdict verdict);

#endif
