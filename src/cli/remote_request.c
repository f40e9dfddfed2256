/* Administration requests as HTTP requests, answers back; see remote_request.h. RFC 3986 2.1. */
#include "cli/remote_request.h"

#include "admin/admin.h"
#include "base/enc.h"

/* slashes: they stay. */
static void put_encoded(struct buf *out, struct str text, bool slashes)
{
	struct str head;
	while (slashes && str_cut(text, '/', &head, &text)) {
		enc_url(out, head);
		buf_put_char(out, '/');
	}
	enc_url(out, text);
}

static bool in_path(const struct management_row *row, struct str name)
{
	struct str head, rest = str_of(row->path), found;
	while (str_cut(rest, '{', &head, &rest) && str_cut(rest, '}', &found, &rest))
		if (str_eq(found, name))
			return true;
	return false;
}

/* x-mintmark-rest in management.yaml: an audience is a URL. A slash anywhere else would name another operation. */
static bool takes_slashes(struct str name) { return str_eq(name, STR("api")); }

static int put_path(const struct management_row *row, const struct json *args, struct buf *out)
{
	struct str head, name, value, rest = str_of(row->path);
	while (str_cut(rest, '{', &head, &rest) && str_cut(rest, '}', &name, &rest)) {
		char member[64];
		struct buf text;
		buf_init_fixed(&text, member, sizeof(member));
		buf_put(&text, name);
		buf_put_char(&text, '\0');
		TRY(buf_status(&text));
		TRY(args ? json_get_str(args, member, &value) : E_ABSENT);
		if (value.len == 0)
			return E_ABSENT;
		buf_put(out, head);
		put_encoded(out, value, takes_slashes(name));
	}
	buf_put(out, rest);
	return buf_status(out);
}

bool remote_request_has_body(const struct management_row *row) { return row->method[0] == 'P'; }

static int put_query(const struct management_row *row, const struct json *args, struct buf *out)
{
	struct str name, text;
	const struct json *value;
	char mark = '?';
	for (void *iter = NULL; args && json_each(args, &iter, &name, &value);) {
		_cleanup_(buf_done) struct buf dump;
		buf_init(&dump, ADMIN_REQUEST_MAX);
		if (in_path(row, name))
			continue;
		if (!json_is_str(value, &text)) {
			json_dump(value, &dump);
			text = buf_str(&dump);
		}
		buf_put_char(out, mark);
		enc_url(out, name);
		buf_put_char(out, '=');
		enc_url(out, text);
		mark = '&';
	}
	/* without a cursor there would be pages */
	if (row->list[0] && (!args || (!json_has(args, "limit") && !json_has(args, "after"))))
		buf_printf(out, "%climit=%d", mark, ADMIN_LIST_MAX);
	return buf_status(out);
}

int remote_request_url(const struct management_row *row, const struct json *args, struct str base, struct buf *out)
{
	buf_put(out, base);
	TRY(put_path(row, args, out));
	return remote_request_has_body(row) ? buf_status(out) : put_query(row, args, out);
}

/* Every member but those of the path; renamed: "items" gets this name. */
static int put_members(const struct management_row *row, const struct json *object, const char *renamed,
		       struct json_out *out)
{
	struct str name;
	const struct json *value;
	for (void *iter = NULL; object && json_each(object, &iter, &name, &value);) {
		_cleanup_(buf_done) struct buf text, member;
		buf_init(&text, ADMIN_ANSWER_MAX);
		buf_init(&member, 256);
		if (row && in_path(row, name))
			continue;
		buf_put(&member, renamed && str_eq(name, STR("items")) ? str_of(renamed) : name);
		buf_put_char(&member, '\0');
		json_dump(value, &text);
		TRY(buf_status(&text));
		TRY(buf_status(&member));
		json_raw(out, member.p, buf_str(&text));
	}
	return 0;
}

int remote_request_body(const struct management_row *row, const struct json *args, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	TRY(put_members(row, args, NULL, &json));
	json_close(&json, '}');
	return buf_status(out);
}

static int put_failure(const struct json *doc, struct json_out *json)
{
	struct str error, text, code;
	TRY(json_get_str(doc, "error", &error));
	TRY(json_get_str(doc, "error_description", &text));
	TRY(json_get_str(doc, "code", &code));
	json_bool(json, "ok", false);
	json_str(json, "error", error);
	json_str(json, "error_description", text);
	json_str(json, "code", code);
	return 0;
}

int remote_request_answer(const struct management_row *row, int status, struct str body, struct buf *out)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct json_out json;
	size_t start = out->len;
	TRY(json_parse_object_max(body, ADMIN_ANSWER_MAX, &doc));
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	int rc = 0;
	if (status >= 200 && status < 300) {
		json_bool(&json, "ok", true);
		json_open(&json, "result", '{');
		rc = put_members(NULL, doc, row->list[0] ? row->list : NULL, &json);
		json_close(&json, '}');
	} else {
		rc = put_failure(doc, &json);
	}
	if (rc < 0) {
		out->len = start;
		return rc == E_ABSENT ? E_SYNTAX : rc;
	}
	json_close(&json, '}');
	return buf_status(out);
}
