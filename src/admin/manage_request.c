/* Reading requests of the management API; see manage_request.h. OpenAPI 3.0.3 style deepObject, RFC 8259. */
#include "admin/manage_request.h"

#include <stdarg.h>
#include <stdio.h>

#include "admin/admin.h"
#include "base/enc.h"
#include "json/json.h"

struct pair {
	struct str name, value;
	bool filter; /* name is "field[op]" */
};

struct reading {
	const struct manage_request *request;
	struct arena *arena;
	struct json_out out;
	struct pair pairs[MANAGE_QUERY_MAX];
	size_t n_pairs;
	char *why;
};

static int refuse(struct reading *reading, const char *fmt, ...) printf_like(2, 3);
static int refuse(struct reading *reading, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(reading->why, MANAGE_WHY_MAX, fmt, args);
	va_end(args);
	return E_INVALID_REQUEST;
}

static bool in_path(const struct manage_request *request, struct str name)
{
	for (size_t i = 0; i < request->n; i++)
		if (str_eq(request->names[i], name))
			return true;
	return false;
}

static int decode(struct reading *reading, struct str text, struct str *ret_text)
{
	int rc = enc_form_decode(text, reading->arena, ret_text);
	return rc == E_SYNTAX ? refuse(reading, "The query is not well encoded.") : rc;
}

static int take_pair(struct reading *reading, struct str text)
{
	struct str name, value;
	if (!str_cut(text, '=', &name, &value)) {
		name = text;
		value = (struct str){0};
	}
	if (reading->n_pairs == MANAGE_QUERY_MAX)
		return refuse(reading, "The query has more than %d parameters.", MANAGE_QUERY_MAX);
	struct pair *pair = &reading->pairs[reading->n_pairs];
	TRY(decode(reading, name, &pair->name));
	TRY(decode(reading, value, &pair->value));
	pair->filter = pair->name.len > 0 && pair->name.p[pair->name.len - 1] == ']';
	for (size_t i = 0; i < reading->n_pairs; i++)
		if (str_eq(reading->pairs[i].name, pair->name))
			return refuse(reading, "A parameter of the query stands there twice.");
	reading->n_pairs++;
	return 0;
}

static int split(struct reading *reading)
{
	struct str text, rest = reading->request->query;
	for (bool more = true; more;) {
		more = str_cut(rest, '&', &text, &rest);
		text = more ? text : rest;
		if (text.len > 0)
			TRY(take_pair(reading, text));
	}
	return 0;
}

static int put_typed(struct reading *reading, const struct pair *pair, const char *name)
{
	uint64_t number;
	bool truth = str_eq(pair->value, STR("true"));
	switch (admin_param_of(reading->request->op, pair->name)) {
	case ADMIN_PARAM_TEXT:
		json_str(&reading->out, name, pair->value);
		return 0;
	case ADMIN_PARAM_NUMBER:
		if (str_to_u64(pair->value, INT64_MAX, &number) < 0)
			return refuse(reading, "%s must be a whole number.", name);
		json_int(&reading->out, name, (int64_t)number);
		return 0;
	case ADMIN_PARAM_BOOLEAN:
		if (!truth && !str_eq(pair->value, STR("false")))
			return refuse(reading, "%s must be true or false.", name);
		json_bool(&reading->out, name, truth);
		return 0;
	default:
		return refuse(reading, "There is a parameter in the query that %s does not know.",
			      reading->request->op);
	}
}

static int put_pair(struct reading *reading, const struct pair *pair)
{
	struct str name;
	if (in_path(reading->request, pair->name))
		return refuse(reading, "A parameter of the path stands in the query too.");
	TRY(arena_str(reading->arena, pair->name, &name));
	return put_typed(reading, pair, name.p);
}

/* "field[op]" */
static int put_filter(struct reading *reading, const struct pair *pair)
{
	struct str field, op, rest;
	if (!str_cut(pair->name, '[', &field, &op) || field.len == 0 || !str_cut(op, ']', &op, &rest) || rest.len > 0)
		return refuse(reading, "A filter is field[op]=value.");
	json_open(&reading->out, NULL, '{');
	json_str(&reading->out, "field", field);
	json_str(&reading->out, "op", op);
	json_str(&reading->out, "value", pair->value);
	json_close(&reading->out, '}');
	return 0;
}

static int put_query(struct reading *reading)
{
	bool filters = false;
	TRY(split(reading));
	for (size_t i = 0; i < reading->n_pairs; i++) {
		filters = filters || reading->pairs[i].filter;
		if (!reading->pairs[i].filter)
			TRY(put_pair(reading, &reading->pairs[i]));
	}
	if (!filters)
		return 0;
	if (admin_param_of(reading->request->op, STR("filter")) == ADMIN_NO_PARAM)
		return refuse(reading, "%s has no filters.", reading->request->op);
	json_open(&reading->out, "filter", '[');
	for (size_t i = 0; i < reading->n_pairs; i++)
		if (reading->pairs[i].filter)
			TRY(put_filter(reading, &reading->pairs[i]));
	json_close(&reading->out, ']');
	return 0;
}

/* Types and bounds of members are checked by the operation. */
static int put_member(struct reading *reading, struct str name, const struct json *value)
{
	_cleanup_(buf_done) struct buf text;
	struct str copy;
	buf_init(&text, JSON_SIZE_MAX);
	if (in_path(reading->request, name))
		return refuse(reading, "A parameter of the path stands in the body too.");
	if (admin_param_of(reading->request->op, name) == ADMIN_NO_PARAM)
		return refuse(reading, "There is a member in the body that %s does not know.", reading->request->op);
	TRY(arena_str(reading->arena, name, &copy));
	json_dump(value, &text);
	TRY(buf_status(&text));
	json_raw(&reading->out, copy.p, buf_str(&text));
	return 0;
}

static int put_body(struct reading *reading)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str name;
	const struct json *value;
	if (reading->request->body.len == 0)
		return 0;
	int rc = json_parse_object(reading->request->body, &doc);
	if (rc < 0)
		return rc == E_NOMEM ? rc : refuse(reading, "The body is no valid JSON object.");
	for (void *iter = NULL; json_each(doc, &iter, &name, &value);)
		TRY(put_member(reading, name, value));
	return 0;
}

static int put_arguments(struct reading *reading)
{
	const struct manage_request *request = reading->request;
	if (request->takes_query && request->body.len > 0)
		return refuse(reading, "%s takes no body.", request->op);
	if (!request->takes_query && request->query.len > 0)
		return refuse(reading, "%s takes no query.", request->op);
	for (size_t i = 0; i < request->n; i++) {
		struct str name;
		TRY(arena_str(reading->arena, request->names[i], &name));
		json_str(&reading->out, name.p, request->values[i]);
	}
	return request->takes_query ? put_query(reading) : put_body(reading);
}

int manage_request_put(const struct manage_request *request, struct arena *arena, struct buf *out,
		       char ret_why[MANAGE_WHY_MAX])
{
	struct reading reading = {.request = request, .arena = arena, .why = ret_why};
	json_out_init(&reading.out, out);
	json_open(&reading.out, NULL, '{');
	json_str(&reading.out, "op", str_of(request->op));
	json_open(&reading.out, "args", '{');
	TRY(put_arguments(&reading));
	json_close(&reading.out, '}');
	json_close(&reading.out, '}');
	return buf_status(out);
}
