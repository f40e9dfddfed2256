/*
 * GET and POST of measurements, statistics and metadata; see series_routes.h. All of them decide by selection.h alone
 * which series may be read, so no way of asking gives more than another. On pool threads.
 */
#include "json/json.h"
#include "series/series_http.h"
#include "series/series_routes.h"
#include "series/series_stream.h"

/* Expressions of a request; in the arena. */
struct wanted {
	struct expression *v;
	size_t n;
};

/* {domain}/{expression}, or id/{uuids}. */
static int read_path(struct series_call *call, struct wanted *ret_wanted)
{
	const struct openapi_match *match = &call->match;
	bool by_id = match->operation->params.n == 1;
	struct expression *expression = arena_alloc(&call->task->arena, sizeof(*expression));
	if (!expression)
		return E_NOMEM;
	TRY(expression_parse(by_id ? STR("id") : match->values[0], match->values[by_id ? 0 : 1], expression));
	*ret_wanted = (struct wanted){expression, 1};
	return 0;
}

static int read_expressions(struct series_call *call, const struct json *array, struct wanted *ret_wanted)
{
	size_t n = json_array_len(array);
	struct str text;
	if (n == 0 || n > SELECTION_EXPRESSIONS_MAX)
		return series_call_fail(call, E_INVALID_REQUEST, "There must be 1 to %d expressions.",
					SELECTION_EXPRESSIONS_MAX);
	struct wanted wanted = {arena_array(&call->task->arena, n, sizeof(*wanted.v)), n};
	if (!wanted.v)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (json_at_str(array, i, &text) < 0)
			return series_call_fail(call, E_INVALID_REQUEST, "Expression %zu is no string.", i + 1);
		TRY(arena_str(&call->task->arena, text, &text));
		TRY(expression_parse_joined(text, &wanted.v[i]));
	}
	*ret_wanted = wanted;
	return 0;
}

/* A JSON array of "{domain}/{expression}". */
static int read_body(struct series_call *call, struct wanted *ret_wanted)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	if (!series_params_is_type(call, STR("application/json")))
		return series_call_fail(call, E_UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.");
	int rc = json_parse_array(call->task->request->body, &doc);
	if (rc == E_SYNTAX || rc == E_LIMIT)
		return series_call_fail(call, E_INVALID_REQUEST,
					"The body must be a JSON array of \"{domain}/{expression}\".");
	TRY(rc);
	return read_expressions(call, doc, ret_wanted);
}

static int read_permits(struct series_call *call, struct permit_set *ret_permits)
{
	struct str details = str_of(mintmark_token_claim_json(call->token, "authorization_details"));
	return permit_parse(str_of(mintmark_token_scopes(call->token)), details, call->http->options.audience,
			    &call->task->arena, ret_permits);
}

/* range NULL: metadata. */
static int select_series(struct series_call *call, const struct wanted *wanted, const struct range *range)
{
	struct permit_set permits;
	struct series_stream *stream;
	TRY(series_stream_new(call, &stream));
	int rc = read_permits(call, &permits);
	if (rc == E_INVALID_TOKEN) {
		call->has_token_error = true;
		return series_call_fail(call, rc, "The token's authorization_details are not understood.");
	}
	TRY(rc);
	const struct selection_request request = {&permits, wanted->v, wanted->n, range};
	return selection_make(call->http->options.db, &request, &call->task->arena, &stream->selection);
}

static int answer_points(struct series_call *call, const struct wanted *wanted)
{
	struct range range;
	TRY(series_params_range(call, &range));
	TRY(select_series(call, wanted, &range));
	cursor_init(&call->stream->cursor, call->http->options.db, &call->stream->selection);
	series_stream_begin(call, STREAM_POINTS);
	return 0;
}

static int answer_statistics(struct series_call *call, const struct wanted *wanted)
{
	struct series_functions functions;
	struct range range;
	int64_t window_us;
	TRY(series_params_statistics(call, &functions, &window_us));
	TRY(series_params_range(call, &range));
	TRY(select_series(call, wanted, &range));
	call->stream->functions = functions;
	cursor_init_windows(&call->stream->cursor, call->http->options.db, &call->stream->selection, window_us);
	series_stream_begin(call, STREAM_STATISTICS);
	return 0;
}

static int answer_metadata(struct series_call *call, const struct wanted *wanted)
{
	bool is_verbose;
	TRY(series_params_verbose(call, &is_verbose));
	TRY(select_series(call, wanted, NULL));
	call->stream->is_verbose = is_verbose;
	series_stream_begin(call, STREAM_METADATA);
	return 0;
}

struct reading {
	int (*parse)(struct series_call *call, struct wanted *ret_wanted);
	int (*answer)(struct series_call *call, const struct wanted *wanted);
};

static int run(struct series_call *call, struct reading reading)
{
	struct wanted wanted;
	TRY(reading.parse(call, &wanted));
	return reading.answer(call, &wanted);
}

static const struct reading points_by_path = {read_path, answer_points}, points_by_body = {read_body, answer_points};
static const struct reading statistics_by_path = {read_path, answer_statistics};
static const struct reading statistics_by_body = {read_body, answer_statistics};
static const struct reading metadata_by_path = {read_path, answer_metadata};

int ep_read_measurements(struct series_call *call) { return run(call, points_by_path); }
int ep_read_measurements_query(struct series_call *call) { return run(call, points_by_body); }
int ep_read_statistics(struct series_call *call) { return run(call, statistics_by_path); }
int ep_read_statistics_query(struct series_call *call) { return run(call, statistics_by_body); }
int ep_read_metadata(struct series_call *call) { return run(call, metadata_by_path); }
