/*
 * Recovery codes: what opens an account whose second factor is lost. 80 random bits each, so that their SHA-256 is
 * enough in the store. Thread-safe.
 */
#ifndef ACCOUNT_RECOVERY_H
#define ACCOUNT_RECOVERY_H

#include "base/str.h"
#include "crypto/digest.h"

/* "xxxx-xxxx-xxxx-xxxx", of digits and letters that look like no other. */
enum { RECOVERY_CODES = 10, RECOVERY_LEN = 19 };

struct recovery {
	char codes[RECOVERY_CODES][RECOVERY_LEN + 1]; /* for one page, then wiped */
	unsigned char sha256[RECOVERY_CODES][SHA256_LEN];
};

/* New ones; the caller wipes them. E_RANDOM, E_CRYPTO. */
must_check int recovery_new(struct recovery *ret_recovery);
/*
 * The hash by which the store knows a code that somebody typed: case, blanks and dashes do not matter, nor do O for 0,
 * I and L for 1. E_SYNTAX: it is no such code. E_CRYPTO.
 */
must_check int recovery_parse(struct str text, unsigned char ret_sha256[SHA256_LEN]);

#endif
