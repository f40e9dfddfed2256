/*
 * Between administration requests (admin/admin.h) and requests of the management API. Pure.
 */
#ifndef CLI_REMOTE_REQUEST_H
#define CLI_REMOTE_REQUEST_H

#include "admin/management.h"
#include "json/json.h"

/* The URL of the operation with these arguments (NULL: none): path and, without a body, query. E_ABSENT: a value of the
 * path is missing. E_LIMIT, E_NOMEM. */
must_check int remote_request_url(const struct management_row *row, const struct json *args, struct str base,
				  struct buf *out);
/* Whether arguments travel in a body. */
bool remote_request_has_body(const struct management_row *row);
/* The arguments that are not in the path, as a JSON object. */
must_check int remote_request_body(const struct management_row *row, const struct json *args, struct buf *out);
/* An answer of the API as one of admin/. E_SYNTAX: it is none. */
must_check int remote_request_answer(const struct management_row *row, int status, struct str body, struct buf *out);

#endif
