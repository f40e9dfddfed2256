/*
 * Strict JSON at the edges (RFC 8259), the only user of jansson. Parsing refuses: duplicate members, depth above 16,
 * more than 64 KiB, invalid UTF-8, NUL in strings, trailing bytes, a top level that is not the kind asked for.
 * Thread-safe as long as one thread uses one document.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/buf.h"
#include "base/str.h"

enum { JSON_DEPTH_MAX = 16, JSON_SIZE_MAX = 65536 };

struct json; /* a value inside a document; borrowed from it */

/* A document whose top level is an object. E_SYNTAX, E_LIMIT, E_NOMEM. Free with json_free. */
must_check int json_parse_object(struct str text, struct json **ret_doc);
/* The same with room for larger documents (JWKS files, answers of servers): max bytes, still depth 16. */
must_check int json_parse_object_max(struct str text, size_t max, struct json **ret_doc);
/* A document whose top level is an array. Errors of json_parse_object. */
must_check int json_parse_array(struct str text, struct json **ret_doc);
void json_free(struct json *doc);
void json_freep(struct json **doc); /* for _cleanup_ */

/*
 * Members of an object: E_ABSENT when there is none, E_SYNTAX when it has another type. Strings live as long as the
 * document.
 */
must_check int json_get_str(const struct json *object, const char *name, struct str *ret_value);
must_check int json_get_bool(const struct json *object, const char *name, bool *ret_value);
/* Whole numbers in the int64 range that were written without fraction and exponent. */
must_check int json_get_int(const struct json *object, const char *name, int64_t *ret_value);
/* Any number; a double is always finite here. */
must_check int json_get_number(const struct json *object, const char *name, double *ret_value);
must_check int json_get_object(const struct json *object, const char *name, const struct json **ret_value);
must_check int json_get_array(const struct json *object, const char *name, const struct json **ret_value);
bool json_has(const struct json *object, const char *name);
/* The same, and it is not null. */
bool json_has_value(const struct json *object, const char *name);
size_t json_array_len(const struct json *array);
/* index < json_array_len(). E_SYNTAX when the element has another type. */
must_check int json_at_str(const struct json *array, size_t index, struct str *ret_value);
must_check int json_at_object(const struct json *array, size_t index, const struct json **ret_value);
/* Members in document order: start with *iter = NULL; false at the end. */
bool json_each(const struct json *object, void **iter, struct str *ret_name, const struct json **ret_value);
/* Whether the object has no members but these. */
bool json_has_only(const struct json *object, const char *const *names, size_t n);
bool json_is_str(const struct json *value, struct str *ret_value);
/* The value as compact JSON text, appended. */
void json_dump(const struct json *value, struct buf *out);

/*
 * Emitting, straight into a buffer: commas are put by the emitter. Open and close must pair; depth at most 16.
 *   struct json_out j; json_out_init(&j, &buf);
 *   json_open(&j, NULL, '{'); json_str(&j, "token_type", STR("Bearer")); json_close(&j, '}');
 * name is NULL for array elements and the top level. Strings must be UTF-8; an invalid byte becomes U+FFFD.
 */
struct json_out {
	struct buf *buf;
	bool comma; /* the next value needs one */
};
void json_out_init(struct json_out *out, struct buf *buf);
void json_open(struct json_out *out, const char *name, char bracket); /* '{' or '[' */
void json_close(struct json_out *out, char bracket);                  /* '}' or ']' */
void json_str(struct json_out *out, const char *name, struct str value);
void json_int(struct json_out *out, const char *name, int64_t value);
void json_bool(struct json_out *out, const char *name, bool value);
void json_raw(struct json_out *out, const char *name, struct str json_text); /* trusted, already JSON */
void json_strs(struct json_out *out, const char *name, struct str_list values);
/* The shortest text of 15 to 17 digits that reads back as the same number; what is not finite becomes null. */
void json_put_number(struct buf *out, double value);
void json_number(struct json_out *out, const char *name, double value);
/* A string with its quotes and escapes, without name or comma. */
void json_put_quoted(struct buf *out, struct str value);

#endif
