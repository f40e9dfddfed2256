/* Expressions, permissions and range become what may be read; see selection.h. */
#include "series/selection.h"

struct make {
	const struct selection_request *request;
	struct db *db;
	struct arena *arena;
	struct selection selection;
	struct catalog_set seen;
	int64_t work;
};

/* Cut permitted times, which are ordered, to the range; in place. */
static void cut(struct permit_times *times, const struct range *range)
{
	size_t n = 0;
	for (size_t i = 0; i < times->n; i++) {
		struct range one = times->v[i];
		if (one.from_us < range->from_us)
			one.from_us = range->from_us;
		if (one.to_us > range->to_us)
			one.to_us = range->to_us;
		if (one.from_us < one.to_us)
			times->v[n++] = one;
	}
	times->n = n;
}

/* 0; or why nothing of this series may be read. */
static int judge(struct make *make, const struct catalog_match *match, struct permit_times *ret_times)
{
	TRY(permit_times_of(make->request->permits, make->db, match, make->arena, ret_times, &make->work));
	if (ret_times->n == 0)
		return E_SERIES_DENIED;
	if (!make->request->range)
		return 0;
	cut(ret_times, make->request->range);
	return ret_times->n > 0 ? 0 : E_SERIES_PERIOD;
}

static int append(struct make *make, const struct catalog_match *match, const struct permit_times *times)
{
	struct selection *selection = &make->selection;
	bool is_new;
	TRY(catalog_set_add(&make->seen, match->n, make->arena, &is_new));
	if (!is_new)
		return 0;
	if (selection->n == SELECTION_MAX)
		return E_SERIES_LIMIT;
	TRY(query_grow(make->arena, &selection->v, selection->n, sizeof(*selection->v)));
	selection->v[selection->n++] = (struct selection_series){*match, *times};
	return 0;
}

static int add_expression(struct make *make, const struct expression *expression)
{
	struct catalog_matches matches;
	TRY(catalog_resolve(make->db, expression, make->arena, &matches, &make->work));
	for (size_t i = 0; i < matches.n; i++) {
		struct permit_times times;
		int rc = judge(make, &matches.v[i], &times);
		if (expression->glob && (rc == E_SERIES_DENIED || rc == E_SERIES_PERIOD))
			continue;
		TRY(rc);
		TRY(append(make, &matches.v[i], &times));
	}
	return 0;
}

int selection_make(struct series_db *db, const struct selection_request *request, struct arena *arena,
		   struct selection *ret_selection)
{
	_cleanup_(series_db_read_end) struct series_db_reader reader = {0};
	if (request->n == 0 || request->n > SELECTION_EXPRESSIONS_MAX)
		return E_INVALID_REQUEST;
	TRY(series_db_read(db, &reader));
	struct make make = {.request = request, .db = reader.db, .arena = arena, .work = CATALOG_WORK_MAX};
	for (size_t i = 0; i < request->n; i++)
		TRY(add_expression(&make, &request->expressions[i]));
	*ret_selection = make.selection;
	return 0;
}
