/* Parameters; see series_params.h. RFC 9110 8.3.1 (media types), 12.5.1 (Accept). Series process. */
#include "series/series_params.h"

#include <string.h>

#include "series/moment.h"
#include "series/series_http.h"

static const struct form_param names[PARAM_COUNT] = {
	[PARAM_FROM] = {"from", false},
	[PARAM_TO] = {"to", false},
	[PARAM_FROM_EPOCH] = {"from_epoch", false},
	[PARAM_TO_EPOCH] = {"to_epoch", false},
	[PARAM_SINCE] = {"since", false},
	[PARAM_LAST] = {"last", false},
	[PARAM_YEAR] = {"year", false},
	[PARAM_MONTH] = {"month", false},
	[PARAM_DAY] = {"day", false},
	[PARAM_WINDOW] = {"window", false},
	[PARAM_FUNCTIONS] = {"functions", false},
	[PARAM_VERBOSE] = {"verbose", false},
	[PARAM_FORMAT] = {"format", false},
	[PARAM_ACCESS_TOKEN] = {"access_token", false},
};

static const struct form_table table = {names, PARAM_COUNT};

int series_params_read(struct series_call *call)
{
	struct daemon_task *task = call->task;
	int rc = form_parse(task->request->query, &table, &task->arena, call->params);
	if (rc == E_INVALID_REQUEST)
		return series_call_fail(call, rc, "The query is malformed, or a parameter is there twice.");
	TRY(rc);
	uint64_t present = form_names_present(task->request->query, &table);
	for (size_t i = 0; i < PARAM_COUNT; i++)
		if ((present >> i & 1) && !call->params[i].present)
			return series_call_fail(call, E_INVALID_REQUEST, "%s has no value.", names[i].name);
	return 0;
}

int series_params_version(struct series_call *call)
{
	struct str version;
	int64_t day_us;
	int rc = http_header_one(call->task->request, STR("X-Api-Version"), &version);
	if (rc == E_ABSENT)
		return 0;
	/* Whoever was written for an earlier or a later day gets the one version there is; the answer names it. */
	if (rc == 0 && version.len == strlen(SERIES_HTTP_VERSION) && moment_parse(version, &day_us) == 0)
		return 0;
	return series_call_fail(call, E_INVALID_REQUEST,
				"x-api-version is a date such as " SERIES_HTTP_VERSION ", the newest version.");
}

/* RFC 9110 5.3: several Accept lines are one list. */
static int join_accept(struct series_call *call, struct str *ret_text)
{
	const struct http_request *request = call->task->request;
	struct buf text;
	size_t len = 0;
	for (size_t i = 0; i < request->n_headers; i++)
		len += str_eq_ci(request->headers[i].name, STR("Accept")) ? request->headers[i].value.len + 1 : 0;
	char *mem = arena_alloc(&call->task->arena, len + 1);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, len + 1);
	for (size_t i = 0; i < request->n_headers; i++) {
		if (!str_eq_ci(request->headers[i].name, STR("Accept")))
			continue;
		buf_put(&text, request->headers[i].value);
		buf_put_char(&text, ',');
	}
	*ret_text = (struct str){text.p, text.len > 0 ? text.len - 1 : 0};
	return buf_status(&text);
}

int series_params_format(struct series_call *call)
{
	struct str accept;
	TRY(join_accept(call, &accept));
	int rc = accept_choose(call_param(call, PARAM_FORMAT), accept, &call->format);
	if (rc == E_NOT_ACCEPTABLE)
		return series_call_fail(call, rc, "Only JSON (application/json) and NDJSON (application/x-ndjson) are "
						  "served here; Parquet is not.");
	return rc < 0 ? series_call_fail(call, rc, "format must be json or ndjson.") : 0;
}

static struct str absent_or(const struct series_call *call, enum series_param param)
{
	return call->params[param].present ? call->params[param].value : (struct str){0};
}

int series_params_range(struct series_call *call, struct range *ret_range)
{
	const struct range_params params = {
		.from = absent_or(call, PARAM_FROM),
		.to = absent_or(call, PARAM_TO),
		.from_epoch = absent_or(call, PARAM_FROM_EPOCH),
		.to_epoch = absent_or(call, PARAM_TO_EPOCH),
		.since = absent_or(call, PARAM_SINCE),
		.last = absent_or(call, PARAM_LAST),
		.year = absent_or(call, PARAM_YEAR),
		.month = absent_or(call, PARAM_MONTH),
		.day = absent_or(call, PARAM_DAY),
	};
	return range_parse(&params, call->task->now_us, ret_range);
}

int series_params_verbose(struct series_call *call, bool *ret_verbose)
{
	struct str text = call_param(call, PARAM_VERBOSE);
	if (text.len > 0 && !str_eq(text, STR("true")) && !str_eq(text, STR("false")))
		return series_call_fail(call, E_INVALID_REQUEST, "verbose must be true or false.");
	*ret_verbose = !str_eq(text, STR("false"));
	return 0;
}

static int add_function(struct series_functions *functions, struct str name)
{
	enum cursor_function function;
	TRY(cursor_find_function(name, &function));
	for (size_t i = 0; i < functions->n; i++)
		if (functions->v[i] == function)
			return 0;
	functions->v[functions->n++] = function;
	return 0;
}

int series_params_statistics(struct series_call *call, struct series_functions *ret_functions, int64_t *ret_window_us)
{
	struct series_functions functions = {.n = 0};
	struct str word, rest = call_param(call, PARAM_FUNCTIONS), window = call_param(call, PARAM_WINDOW);
	if (rest.len == 0)
		rest = STR("avg");
	for (bool more = true; more;) {
		more = str_cut(rest, ',', &word, &rest);
		TRY(add_function(&functions, str_trim_ows(more ? word : rest)));
	}
	TRY(cursor_parse_window(window.len > 0 ? window : STR("1m"), ret_window_us));
	*ret_functions = functions;
	return 0;
}

bool series_params_is_type(const struct series_call *call, struct str media_type)
{
	struct str value, head, rest;
	if (http_header_one(call->task->request, STR("Content-Type"), &value) < 0)
		return false;
	head = str_cut(value, ';', &head, &rest) ? head : value;
	return str_eq_ci(str_trim_ows(head), media_type);
}
