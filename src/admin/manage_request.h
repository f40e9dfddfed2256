/*
 * From a request of the management API to a request of admin/: values of the path, the query and the JSON body
 * become the operation's arguments by its table of parameters. `field[op]=value` (OpenAPI: deepObject) becomes an
 * element of `filter`. Pure; reads strangers' bytes; fuzzed.
 */
#ifndef ADMIN_MANAGE_REQUEST_H
#define ADMIN_MANAGE_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"

enum { MANAGE_QUERY_MAX = 64 /* parameters in one query */, MANAGE_WHY_MAX = 160 };

struct manage_request {
	const char *op;
	const struct str *names, *values; /* of the path, decoded */
	size_t n;
	struct str query;                 /* as sent */
	bool takes_query;                 /* GET, DELETE: arguments stand there, a body is refused; else the reverse */
	struct str body;                  /* JSON, or empty */
};

/*
 * Append {"op":...,"args":{...}} to out, which may then hold a secret. E_INVALID_REQUEST with the reason in ret_why:
 * an unknown or repeated parameter, a value of the wrong kind, a body that is no JSON object or is not expected.
 * E_NOMEM, E_LIMIT.
 */
must_check int manage_request_put(const struct manage_request *request, struct arena *arena, struct buf *out,
				  char ret_why[MANAGE_WHY_MAX]);

#endif
