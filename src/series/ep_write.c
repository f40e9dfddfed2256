/*
 * POST /measurements: points of one request, stored together or not at all. JSON and NDJSON rows are {id, timestamp,
 * value}, CSV is that of import.h; `id` is a UUID or "{domain}/{name}" of one series. Writing again replaces, so a
 * client may repeat what it got no answer for. On pool threads.
 */
#include <math.h>

#include "json/json.h"
#include "series/catalog.h"
#include "series/import.h"
#include "series/moment.h"
#include "series/points.h"
#include "series/series_http.h"
#include "series/series_params.h"
#include "series/series_reply.h"
#include "series/series_routes.h"

enum { ROWS_MAX = 1000 };

/* Rows so far. */
struct batch {
	struct series_call *call;
	struct db *db;
	struct points_row *v;
	size_t n;
};

static int fail_row(const struct batch *batch, int code, const char *what)
{
	return series_call_fail(batch->call, code, "Row %zu: %s", batch->n + 1, what);
}

static int read_row(struct batch *batch, const struct json *object)
{
	struct points_row *row = &batch->v[batch->n];
	struct str id, timestamp;
	if (batch->n == ROWS_MAX)
		return series_call_fail(batch->call, E_INVALID_REQUEST, "There are more than %d rows.", ROWS_MAX);
	if (json_get_str(object, "id", &id) < 0 || json_get_str(object, "timestamp", &timestamp) < 0)
		return fail_row(batch, E_INVALID_REQUEST, "id and timestamp must be strings.");
	if (json_get_number(object, "value", &row->value) < 0 || !isfinite(row->value))
		return fail_row(batch, E_SERIES_VALUE, "value must be a number.");
	if (moment_parse(timestamp, &row->time_us) < 0)
		return fail_row(batch, E_RANGE_SYNTAX, "the timestamp is no ISO 8601 moment with a zone.");
	int rc = catalog_find(batch->db, id, &row->series);
	if (rc < 0)
		return err_row(rc)->fault == FAULT_PEER ? fail_row(batch, rc, err_row(rc)->text) : rc;
	batch->n++;
	return 0;
}

static int read_array(struct batch *batch, struct str body)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *object;
	int rc = json_parse_array(body, &doc);
	if (rc == E_SYNTAX || rc == E_LIMIT)
		return series_call_fail(batch->call, E_INVALID_REQUEST, "The body must be a JSON array of rows.");
	TRY(rc);
	for (size_t i = 0; i < json_array_len(doc); i++) {
		if (json_at_object(doc, i, &object) < 0)
			return fail_row(batch, E_INVALID_REQUEST, "it is no object.");
		TRY(read_row(batch, object));
	}
	return 0;
}

static int read_lines(struct batch *batch, struct str body)
{
	struct str line, rest = body;
	for (bool more = true; more;) {
		_cleanup_(json_freep) struct json *doc = NULL;
		more = str_cut(rest, '\n', &line, &rest);
		line = str_trim_ows(more ? line : rest);
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		int rc = json_parse_object(line, &doc);
		if (rc == E_SYNTAX || rc == E_LIMIT)
			return fail_row(batch, E_INVALID_REQUEST, "it is no JSON object.");
		TRY(rc);
		TRY(read_row(batch, doc));
	}
	return 0;
}

static int read_rows(struct batch *batch, int (*read)(struct batch *batch, struct str body))
{
	struct series_call *call = batch->call;
	_cleanup_(series_db_read_end) struct series_db_reader reader = {0};
	batch->v = arena_array(&call->task->arena, ROWS_MAX + 1, sizeof(*batch->v));
	if (!batch->v)
		return E_NOMEM;
	TRY(series_db_read(call->http->options.db, &reader));
	batch->db = reader.db;
	return read(batch, call->task->request->body);
}

static int write_rows(struct series_call *call, int (*read)(struct batch *batch, struct str body), uint64_t *ret_n)
{
	struct batch batch = {.call = call};
	TRY(read_rows(&batch, read));
	TRY(points_write(call->http->options.db, batch.v, batch.n));
	*ret_n = batch.n;
	return 0;
}

static int write_json(struct series_call *call, uint64_t *ret_n) { return write_rows(call, read_array, ret_n); }
static int write_ndjson(struct series_call *call, uint64_t *ret_n) { return write_rows(call, read_lines, ret_n); }

static int take_bytes(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct str *left = context;
	size_t n = left->len < size ? left->len : size;
	if (n > 0)
		memcpy(mem, left->p, n);
	*left = (struct str){left->p + n, left->len - n};
	*ret_n = n;
	return 0;
}

static int write_csv(struct series_call *call, uint64_t *ret_n)
{
	struct str left = call->task->request->body;
	struct import import = {.header = IMPORT_HEADER_AUTO};
	int rc = import_run(&import, call->http->options.db, take_bytes, &left);
	if (rc < 0 && import.bad_line > 0)
		return series_call_fail(call, rc, "Line %llu: %s", (unsigned long long)import.bad_line,
					err_row(rc)->text);
	TRY(rc);
	*ret_n = import.points;
	return 0;
}

static const struct {
	struct str media_type;
	int (*write)(struct series_call *call, uint64_t *ret_n);
} types[] = {
	{{"application/json", 16}, write_json},
	{{"application/x-ndjson", 20}, write_ndjson},
	{{"application/ndjson", 18}, write_ndjson},
	{{"application/jsonl", 17}, write_ndjson},
	{{"text/csv", 8}, write_csv},
};

static int write_body(struct series_call *call, uint64_t *ret_n)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (series_params_is_type(call, types[i].media_type))
			return types[i].write(call, ret_n);
	return series_call_fail(call, E_UNSUPPORTED_MEDIA_TYPE,
			 "The body must be application/json, application/x-ndjson or text/csv.");
}

int ep_write_measurements(struct series_call *call)
{
	uint64_t n = 0;
	int rc = write_body(call, &n);
	if (rc == E_LOCKED)
		return series_call_fail(call, E_UNAVAILABLE, "An import is running. Try again.");
	TRY(rc);
	series_reply_begin(call, STR("application/json"));
	buf_printf(&call->task->body, "{\"written\":%llu}", (unsigned long long)n);
	return 0;
}
