/* What the tests of this folder share: sets from texts, and questions in one line. */
#ifndef TESTS_UNIT_OPENAPI_SET_H
#define TESTS_UNIT_OPENAPI_SET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fault.h"
#include "openapi/openapi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ISSUER "https://auth.example"

/* One document. why: room for OPENAPI_WHY_MAX. */
static inline int set_try(const char *name, const char *text, const char *prefix, struct openapi **ret_set, char *why)
{
	const struct openapi_source source = {name, str_of(text), prefix};
	struct buf out;
	buf_init_fixed(&out, why, OPENAPI_WHY_MAX - 1);
	int rc = openapi_load(&source, 1, STR(ISSUER), ret_set, &out);
	why[out.len] = 0;
	return rc;
}

static inline struct openapi *set_load(const char *text)
{
	char why[OPENAPI_WHY_MAX];
	struct openapi *set = NULL;
	if (set_try("test.yaml", text, NULL, &set, why) < 0)
		fail_msg("%s", why);
	return set;
}

/* "GET /path" as an operation: its line in the document, or the negative code. */
static inline int set_find(const struct openapi *set, const char *method, const char *target,
			   struct openapi_match *ret_match)
{
	static char mem[PATH_MAX_LEN];
	struct path path;
	int rc = path_parse(str_of(target), mem, sizeof(mem), &path);
	return rc < 0 ? rc : openapi_find(set, str_of(method), &path, ret_match);
}

static inline char *set_read(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	size_t len = fread(text, 1, size - 1, file);
	text[len] = 0;
	fclose(file);
	return text;
}

#endif
