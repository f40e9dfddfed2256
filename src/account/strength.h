/*
 * Which new passwords are taken. Their length counts in characters, whatever they are: nothing is demanded of their
 * kinds, nothing is trimmed or folded (NIST SP 800-63B 5.1.1.2). Commonly used and guessable ones are refused by
 * zxcvbn's estimate, which knows the person's own name and address too. Thread-safe; takes milliseconds: pool threads.
 */
#ifndef ACCOUNT_STRENGTH_H
#define ACCOUNT_STRENGTH_H

#include "base/secret.h"

enum {
	STRENGTH_BYTES_MAX = 1024, /* all of them count: nothing is cut before it is hashed */
	STRENGTH_SCORED_MAX = 100, /* bytes that are judged: the cost grows faster than the length */
};

enum strength { STRENGTH_GOOD, STRENGTH_SHORT, STRENGTH_LONG, STRENGTH_GUESSABLE };

struct strength_rules {
	uint32_t characters_min;
	uint32_t score_min; /* 0..4 of zxcvbn: 3 means more than 10^8 guesses, 4 more than 10^10 */
};

/* words: what everybody knows of the person (address, name); n_words at most 8. */
enum strength strength_check(const struct strength_rules *rules, struct secret password, const struct str *words,
			     size_t n_words);
/* What to tell the person; a sentence. Empty for STRENGTH_GOOD. */
struct str strength_advice(enum strength strength);

#endif
