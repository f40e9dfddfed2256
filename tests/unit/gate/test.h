/* What every test program of this folder includes: cmocka and its prerequisites, in the order it wants them. */
#ifndef TESTS_UNIT_GATE_TEST_H
#define TESTS_UNIT_GATE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "GET /path?query HTTP/1.1" and header lines, each with "\r\n"; the rest of a head is added. text lives in mem. */
static inline struct http_request request_of(const char *line, const char *headers, char *mem, size_t size)
{
	struct http_request request = {0};
	size_t used = 0;
	int len = snprintf(mem, size, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", line, headers);
	assert_true(len > 0 && (size_t)len < size);
	assert_int_equal(http_request_head(str_mem(mem, (size_t)len), &request, &used), 0);
	return request;
}

#endif
