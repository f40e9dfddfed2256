/*
 * application/x-www-form-urlencoded against a table of known parameters (WHATWG URL 5.1, RFC 6749 appendix B). Pure;
 * fuzzed.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/arena.h"
#include "base/form_value.h"

enum { FORM_PARAMS_MAX = 64, FORM_REPEATS_MAX = 256 }; /* known parameters in a table; scopes that a form ticks */

struct form_param {
	const char *name;
	bool repeats; /* may stand there several times: RFC 8707 2 */
};

struct form_table {
	const struct form_param *params;
	size_t n;
};

/*
 * values: table->n elements, one per row, zeroed by this call. Unknown parameters are ignored, however often they come.
 * E_INVALID_REQUEST: malformed percent sequence, invalid UTF-8, NUL, a known parameter twice (even with empty or
 * equal values).
 * E_NOMEM.
 */
must_check int form_parse(struct str body, const struct form_table *table, struct arena *arena,
			  struct form_value *values);
/*
 * The names of known parameters that stand in a query string, as a bit per table row. Malformed names count as
 * unknown. Never fails.
 */
uint64_t form_names_present(struct str query, const struct form_table *table);
/* "application/x-www-form-urlencoded", case-insensitive, parameters tolerated. */
bool form_is_media_type(struct str content_type);

#endif
