/*
 * The fast way through a usual object; see json_view.h. RFC 8259. Must never accept what json_parse_object refuses:
 * whatever is not certain goes there.
 */
#include "json/json_view.h"

enum { DIGITS_MAX = 18 }; /* below 2^63 */

struct scan {
	const char *at, *end;
};

static bool take(struct scan *scan, char c)
{
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static bool take_string(struct scan *scan, struct str *ret_text)
{
	if (!take(scan, '"'))
		return false;
	const char *start = scan->at;
	while (scan->at < scan->end && *scan->at >= 0x20 && *scan->at < 0x7f && *scan->at != '"' && *scan->at != '\\')
		scan->at++;
	*ret_text = str_mem(start, (size_t)(scan->at - start));
	return take(scan, '"');
}

/* No sign, no leading zero, no fraction, no exponent: what follows must be a comma or the end. */
static bool take_number(struct scan *scan, int64_t *ret_number)
{
	const char *start = scan->at;
	int64_t number = 0;
	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9' && scan->at - start < DIGITS_MAX)
		number = number * 10 + (*scan->at++ - '0');
	*ret_number = number;
	return scan->at > start && (*start != '0' || scan->at - start == 1);
}

static bool take_word(struct scan *scan)
{
	static const struct str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
	struct str rest = str_mem(scan->at, (size_t)(scan->end - scan->at));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_has_prefix(rest, words[i])) {
			scan->at += words[i].len;
			return true;
		}
	return false;
}

static bool take_value(struct scan *scan, struct json_view_member *member)
{
	char first = scan->at < scan->end ? *scan->at : '\0';
	if (first == '"') {
		member->kind = JSON_VIEW_STR;
		return take_string(scan, &member->text);
	}
	if (first >= '0' && first <= '9') {
		member->kind = JSON_VIEW_INT;
		return take_number(scan, &member->number);
	}
	member->kind = JSON_VIEW_OTHER;
	return take_word(scan);
}

static const struct json_view_member *find(const struct json_view *view, struct str name)
{
	for (size_t i = 0; i < view->n; i++)
		if (str_eq(view->members[i].name, name))
			return &view->members[i];
	return NULL;
}

static bool take_member(struct scan *scan, struct json_view *view)
{
	if (view->n == JSON_VIEW_MEMBERS_MAX)
		return false;
	struct json_view_member *member = &view->members[view->n];
	if (!take_string(scan, &member->name) || !take(scan, ':') || !take_value(scan, member) ||
	    find(view, member->name)) /* RFC 7515 4, RFC 7519 4: a name twice */
		return false;
	view->n++;
	return true;
}

static bool take_object(struct scan *scan, struct json_view *view)
{
	if (!take(scan, '{'))
		return false;
	do
		if (!take_member(scan, view))
			return false;
	while (take(scan, ','));
	return take(scan, '}') && scan->at == scan->end;
}

int json_view_parse(struct str text, struct json_view *ret_view)
{
	struct scan scan = {text.p, text.p + text.len};
	ret_view->doc = NULL;
	ret_view->n = 0;
	if (text.len > 0 && text.len <= JSON_SIZE_MAX && take_object(&scan, ret_view))
		return 0;
	return json_parse_object(text, &ret_view->doc);
}

void json_view_done(struct json_view *view) { json_free(view->doc); }

/* The member of this kind. */
static int get(const struct json_view *view, const char *name, int kind, const struct json_view_member **ret_member)
{
	const struct json_view_member *member = find(view, str_of(name));
	if (!member)
		return E_ABSENT;
	if ((int)member->kind != kind)
		return E_SYNTAX;
	*ret_member = member;
	return 0;
}

int json_view_str(const struct json_view *view, const char *name, struct str *ret_value)
{
	const struct json_view_member *member;
	if (view->doc)
		return json_get_str(view->doc, name, ret_value);
	TRY(get(view, name, JSON_VIEW_STR, &member));
	*ret_value = member->text;
	return 0;
}

int json_view_int(const struct json_view *view, const char *name, int64_t *ret_value)
{
	const struct json_view_member *member;
	if (view->doc)
		return json_get_int(view->doc, name, ret_value);
	TRY(get(view, name, JSON_VIEW_INT, &member));
	*ret_value = member->number;
	return 0;
}

int json_view_array(const struct json_view *view, const char *name, const struct json **ret_value)
{
	if (view->doc)
		return json_get_array(view->doc, name, ret_value);
	return json_view_has(view, name) ? E_SYNTAX : E_ABSENT; /* an object with an array is never read the fast way */
}

bool json_view_has(const struct json_view *view, const char *name)
{
	return view->doc ? json_has(view->doc, name) : find(view, str_of(name)) != NULL;
}
