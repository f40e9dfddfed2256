/*
 * The code that a person reads from a device and types into a browser: RFC 8628 3.3, 6.1. Eight letters without vowels
 * (no words come about) and without letters that look like digits: 20^8, 34 bits. Pure functions but for the entropy of
 * user_code_new; thread-safe.
 */
#ifndef OAUTH_USER_CODE_H
#define OAUTH_USER_CODE_H

#include "base/str.h"

enum { USER_CODE_LEN = 8, USER_CODE_SHOWN_LEN = USER_CODE_LEN + 1 };

/* A new one, as it is compared and kept; NUL behind it. Each letter is equally likely. E_RANDOM. */
must_check int user_code_new(char ret_code[USER_CODE_LEN + 1]);
/* As people see it: XXXX-XXXX. code: as user_code_new and user_code_parse give it. */
void user_code_show(const char code[USER_CODE_LEN + 1], char ret_shown[USER_CODE_SHOWN_LEN + 1]);
/*
 * What somebody typed, in either case, with blanks and punctuation of ASCII anywhere (RFC 8628 6.1), into the form that
 * is compared. E_SYNTAX: it can't be a code. Fuzzed.
 */
must_check int user_code_parse(struct str typed, char ret_code[USER_CODE_LEN + 1]);

#endif
