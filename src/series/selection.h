/*
 * What a request may have: expressions resolved to series, judged by the token's permissions, the range cut to what is
 * permitted. Everything that reads goes through here.
 *
 * Rules. Each expression of a request is judged by itself:
 *  - it matches nothing: E_SERIES_UNKNOWN, whether it has a '*' or not;
 *  - it has a '*': series that are not permitted, or not in this range, are left out, even if none is left;
 *  - it names series: all it leads to must be permitted, else E_SERIES_DENIED, and for a part of the range at least,
 *    else E_SERIES_PERIOD. A list of UUIDs: the same for each of them.
 * The first expression that fails decides. A series that several expressions name is answered once.
 *
 * Thread-safe; blocks.
 */
#ifndef SERIES_SELECTION_H
#define SERIES_SELECTION_H

#include "series/permit.h"

enum { SELECTION_MAX = 10000, SELECTION_EXPRESSIONS_MAX = 256 };

struct selection_series {
	struct catalog_match match;
	struct permit_times times; /* the range cut to what is permitted, never empty; unset without a range */
};
struct selection {
	struct selection_series *v; /* in the order of the expressions, then as catalog_resolve */
	size_t n;
};

/*
 * range NULL: for metadata, which has no time, so any permission for the series is enough. E_SERIES_UNKNOWN,
 * E_SERIES_DENIED, E_SERIES_PERIOD, E_SERIES_LIMIT (more than SELECTION_MAX series, too much work), E_INVALID_REQUEST
 * (no or too many expressions), E_STORE, E_NOMEM. In the arena, which must outlive cursors over it.
 */
struct selection_request {
	const struct permit_set *permits;
	const struct expression *expressions;
	size_t n;
	const struct range *range;
};
must_check int selection_make(struct series_db *db, const struct selection_request *request, struct arena *arena,
			      struct selection *ret_selection);

#endif
