/* What a request says in its query string and its headers. Thread-safe. */
#ifndef SERIES_SERIES_PARAMS_H
#define SERIES_SERIES_PARAMS_H

#include "series/cursor.h"
#include "series/series_call.h"

/*
 * Read the query into call->params. Unknown parameters are ignored. E_INVALID_REQUEST: malformed, one twice, one
 * without a value. E_NOMEM.
 */
must_check int series_params_read(struct series_call *call);
/* x-api-version: a date, which chooses the version in force on that day. E_INVALID_REQUEST: it is no date. */
must_check int series_params_version(struct series_call *call);
/* call->format by `format` or Accept. E_INVALID_REQUEST, E_NOT_ACCEPTABLE, E_NOMEM. */
must_check int series_params_format(struct series_call *call);
/* Codes of range_parse. */
must_check int series_params_range(struct series_call *call, struct range *ret_range);
/* `verbose`: true unless it is "false". E_INVALID_REQUEST. */
must_check int series_params_verbose(struct series_call *call, bool *ret_verbose);

struct series_functions {
	enum cursor_function v[CURSOR_FUNCTIONS];
	size_t n;
};
/* `functions`, each once, in their order, and `window`; avg and 1m. E_STATISTICS_FUNCTION, E_STATISTICS_WINDOW. */
must_check int series_params_statistics(struct series_call *call, struct series_functions *ret_functions,
					int64_t *ret_window_us);
/* Whether the body's media type is this one, whatever its parameters. Case-insensitive. */
bool series_params_is_type(const struct series_call *call, struct str media_type);

#endif
