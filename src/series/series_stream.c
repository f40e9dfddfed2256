/*
 * Rows on the wire; see series_stream.h. A JSON answer is one array (metadata: one object); NDJSON is a line per row.
 * An answer that can't go on is cut short, so that nobody takes a part for the whole (RFC 9112 8).
 */
#include "series/series_stream.h"

#include "json/json.h"
#include "series/moment.h"
#include "series/series_http.h"
#include "series/series_reply.h"

enum { PIECE = 64 * 1024, BATCH = 512, DESCRIBE_MAX = 1 << 20 };

int series_stream_new(struct series_call *call, struct series_stream **ret_stream)
{
	struct series_stream *stream = arena_alloc(&call->task->arena, sizeof(*stream));
	if (!stream)
		return E_NOMEM;
	stream->at = SIZE_MAX;
	*ret_stream = call->stream = stream;
	return 0;
}

/* What stands before a row: the bracket or the comma. */
static void put_before(const struct series_call *call, char bracket, struct buf *out)
{
	struct series_stream *stream = call->stream;
	if (call->format == ACCEPT_JSON)
		buf_put_char(out, stream->started ? ',' : bracket);
	stream->started = true;
}

static void put_after(const struct series_call *call, struct buf *out)
{
	if (call->format == ACCEPT_NDJSON)
		buf_put_char(out, '\n');
}

/* The end of all rows, also of none. */
static void put_end(const struct series_call *call, const char brackets[2], struct buf *out)
{
	if (call->format != ACCEPT_JSON)
		return;
	if (!call->stream->started)
		buf_put_char(out, brackets[0]);
	buf_put_char(out, brackets[1]);
}

static struct str id_of(struct series_stream *stream, size_t series)
{
	if (stream->at != series) {
		uuid_write(&stream->selection.v[series].match.id, stream->id);
		stream->at = series;
	}
	return str_mem(stream->id, UUID_TEXT_LEN);
}

static void put_time(int64_t us, struct buf *out)
{
	char *text = buf_reserve(out, MOMENT_TEXT_LEN);
	if (!text)
		return;
	moment_write(us, text);
	out->len += MOMENT_TEXT_LEN;
}

static void put_point(const struct series_call *call, const struct cursor_point *point, struct buf *out)
{
	put_before(call, '[', out);
	buf_put(out, STR("{\"id\":\""));
	buf_put(out, id_of(call->stream, point->series));
	buf_put(out, STR("\",\"timestamp\":\""));
	put_time(point->time_us, out);
	buf_put(out, STR("\",\"value\":"));
	json_put_number(out, point->value);
	buf_put_char(out, '}');
	put_after(call, out);
}

/* DAEMON_MORE, 0 at the end, as all put functions below. */
static int put_points(struct series_call *call, struct buf *out)
{
	struct cursor_point points[BATCH];
	size_t n;
	TRY(cursor_points(&call->stream->cursor, points, BATCH, &n));
	for (size_t i = 0; i < n; i++)
		put_point(call, &points[i], out);
	return n > 0 ? DAEMON_MORE : 0;
}

static void put_window(const struct series_call *call, const struct cursor_window *window, struct buf *out)
{
	const struct series_functions *functions = &call->stream->functions;
	put_before(call, '[', out);
	buf_put_char(out, '{');
	for (size_t i = 0; i < functions->n; i++) {
		buf_put_char(out, '"');
		buf_put(out, id_of(call->stream, window->series));
		buf_printf(out, ":%s\":", cursor_function_name(functions->v[i]));
		json_put_number(out, cursor_value(window, functions->v[i]));
		buf_put_char(out, ',');
	}
	buf_put(out, STR("\"timestamp\":\""));
	put_time(window->start_us, out);
	buf_put(out, STR("\"}"));
	put_after(call, out);
}

static int put_windows(struct series_call *call, struct buf *out)
{
	struct cursor_window windows[BATCH / 4];
	size_t n;
	TRY(cursor_windows(&call->stream->cursor, windows, BATCH / 4, &n));
	for (size_t i = 0; i < n; i++)
		put_window(call, &windows[i], out);
	return n > 0 || cursor_has_windows(&call->stream->cursor) ? DAEMON_MORE : 0;
}

static void put_text(struct json_out *out, const char *name, struct str text)
{
	if (text.p)
		json_str(out, name, text);
	else
		json_raw(out, name, STR("null"));
}

static void put_number(struct json_out *out, const char *name, bool has, double value)
{
	if (has)
		json_number(out, name, value);
	else
		json_raw(out, name, STR("null"));
}

/* Of several names in a domain the first. */
static void put_names(struct json_out *out, const struct catalog_names *names)
{
	json_open(out, "mapsTo", '{');
	for (size_t i = 0; i < names->n; i++)
		if (i == 0 || names->v[i].domain != names->v[i - 1].domain)
			json_str(out, expression_domain_name(names->v[i].domain), names->v[i].name);
	json_close(out, '}');
}

/* A name that leads to several series can't be the key of each of them: those go by their UUIDs. */
static struct str key_of(struct series_stream *stream, size_t series)
{
	const struct selection_series *v = stream->selection.v;
	struct str name = v[series].match.name;
	bool shared = (series > 0 && str_eq(v[series - 1].match.name, name)) ||
		      (series + 1 < stream->selection.n && str_eq(v[series + 1].match.name, name));
	return shared ? id_of(stream, series) : name;
}

static void put_info(struct series_stream *stream, size_t series, const struct catalog_info *info,
		     const struct catalog_names *names, struct buf *buf)
{
	struct json_out out;
	json_put_quoted(buf, key_of(stream, series));
	buf_put_char(buf, ':');
	json_out_init(&out, buf);
	json_open(&out, NULL, '{');
	put_text(&out, "name", info->name);
	put_text(&out, "description", info->description);
	put_text(&out, "source", info->source);
	put_number(&out, "scale", info->has_scale, info->scale);
	put_text(&out, "uom", info->uom);
	put_number(&out, "rangeHigh", info->has_range_high, info->range_high);
	put_number(&out, "rangeLow", info->has_range_low, info->range_low);
	json_str(&out, "timeSeriesId", id_of(stream, series));
	put_text(&out, "vesselImo", info->vessel_imo);
	put_text(&out, "vesselName", info->vessel_name);
	if (stream->is_verbose)
		put_names(&out, names);
	json_close(&out, '}');
}

static int put_description(struct series_call *call, struct db *db, struct arena *arena, struct buf *out)
{
	struct series_stream *stream = call->stream;
	struct catalog_info info;
	struct catalog_names names = {0};
	size_t series = stream->next++;
	int rc = catalog_describe(db, stream->selection.v[series].match.n, arena, &info);
	if (rc == E_ABSENT) /* deleted meanwhile */
		return 0;
	TRY(rc);
	if (stream->is_verbose)
		TRY(catalog_names(db, stream->selection.v[series].match.n, arena, &names));
	put_before(call, '{', out);
	if (call->format == ACCEPT_NDJSON)
		buf_put_char(out, '{');
	put_info(stream, series, &info, &names, out);
	if (call->format == ACCEPT_NDJSON)
		buf_put_char(out, '}');
	put_after(call, out);
	return 0;
}

static int put_descriptions(struct series_call *call, struct buf *out)
{
	struct series_stream *stream = call->stream;
	_cleanup_(series_db_read_end) struct series_db_reader reader = {0};
	_cleanup_(arena_done) struct arena arena;
	arena_init(&arena, DESCRIBE_MAX);
	if (stream->next == stream->selection.n)
		return 0;
	TRY(series_db_read(call->http->options.db, &reader));
	while (stream->next < stream->selection.n && out->len < PIECE) {
		TRY(put_description(call, reader.db, &arena, out));
		arena_reset(&arena);
	}
	return DAEMON_MORE;
}

static const struct {
	int (*put)(struct series_call *call, struct buf *out); /* DAEMON_MORE; 0: nothing was left */
	char brackets[2];
} kinds[] = {
	[STREAM_POINTS] = {put_points, {'[', ']'}},
	[STREAM_STATISTICS] = {put_windows, {'[', ']'}},
	[STREAM_METADATA] = {put_descriptions, {'{', '}'}},
};

/* A turn that found nothing to show yet ends the piece: long searches let others have the thread, and can be cut. */
static int next(struct daemon_task *task, struct buf *out)
{
	struct series_call *call = task->data;
	enum series_stream_kind kind = call->stream->kind;
	int rc = DAEMON_MORE;
	for (bool found = true; rc == DAEMON_MORE && found && out->len < PIECE;) {
		size_t before = out->len;
		rc = kinds[kind].put(call, out);
		found = out->len > before;
	}
	if (rc == 0)
		put_end(call, kinds[kind].brackets, out);
	return rc;
}

void series_stream_begin(struct series_call *call, enum series_stream_kind kind)
{
	call->stream->kind = kind;
	series_reply_begin(call, accept_media_type(call->format));
	call->task->next = next;
}
