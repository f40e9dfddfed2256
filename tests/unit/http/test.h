/* What every test program of this folder includes: cmocka and its prerequisites, in the order it wants them. */
#ifndef TESTS_UNIT_HTTP_TEST_H
#define TESTS_UNIT_HTTP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Bytes of a literal that may hold NULs. */
#define BYTES(lit) {(lit), sizeof(lit) - 1}

static inline void expect_str(struct str got, struct str want)
{
	if (!str_eq(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", STR_ARG(got), STR_ARG(want));
}

#endif
