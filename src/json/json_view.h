/*
 * Reading a small object once, fast: what headers and claims of tokens are. An object in its usual form (compact; plain
 * ASCII strings without escapes, whole numbers, true, false, null) is read where it stands, without allocating; every
 * other text goes through json_parse_object. The answers are the same, only the way differs: fuzz_json compares them.
 * Not thread-safe: one owner.
 */
#ifndef JSON_JSON_VIEW_H
#define JSON_JSON_VIEW_H

#include "json/json.h"

enum { JSON_VIEW_MEMBERS_MAX = 24 };

struct json_view_member {
	struct str name, text; /* text: of a string */
	int64_t number;
	enum { JSON_VIEW_STR, JSON_VIEW_INT, JSON_VIEW_OTHER } kind;
};

struct json_view {
	struct json *doc; /* NULL: members instead */
	size_t n;
	struct json_view_member members[JSON_VIEW_MEMBERS_MAX];
};

/* Borrows text until json_view_done. Errors of json_parse_object; then there is nothing to release. */
must_check int json_view_parse(struct str text, struct json_view *ret_view);
void json_view_done(struct json_view *view);

/* As their namesakes of json.h: E_ABSENT, E_SYNTAX. */
must_check int json_view_str(const struct json_view *view, const char *name, struct str *ret_value);
must_check int json_view_int(const struct json_view *view, const char *name, int64_t *ret_value);
must_check int json_view_array(const struct json_view *view, const char *name, const struct json **ret_value);
bool json_view_has(const struct json_view *view, const char *name);

#endif
