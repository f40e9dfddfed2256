/*
 * Which format an answer has: by the parameter `format`, else by the Accept header (RFC 9110 12.5.1). Pure functions,
 * thread-safe.
 */
#ifndef SERIES_ACCEPT_H
#define SERIES_ACCEPT_H

#include "base/str.h"

enum accept_format { ACCEPT_JSON, ACCEPT_NDJSON, ACCEPT_FORMATS };

/*
 * name: value of the parameter, empty when there is none. header: the values of all Accept headers, joined by commas;
 * empty accepts everything. Media types by their specificity and q; of equals JSON is taken.
 * E_INVALID_REQUEST: there is no format of this name. E_NOT_ACCEPTABLE: only formats that we don't have (Parquet).
 */
must_check int accept_choose(struct str name, struct str header, enum accept_format *ret_format);
/* "application/json" */
struct str accept_media_type(enum accept_format format);

#endif
