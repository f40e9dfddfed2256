/*
 * struct str: a borrowed run of bytes, not NUL-terminated. It owns nothing; its bytes live as long as
 * whatever it was cut from (an arena, a request buffer, a literal). Pure functions, thread-safe.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct str {
	const char *p;
	size_t len;
};

/* An array of borrowed strings. */
struct str_list {
	struct str *v;
	size_t n;
};

/* A string literal (never a pointer: the length is that of the array). */
#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
/* For printf's "%.*s"; lengths here are bounded far below INT_MAX. */
#define STR_ARG(s) (int)(s).len, (s).p

static inline struct str str_of(const char *cstr) { return (struct str){cstr, cstr ? strlen(cstr) : 0}; }
static inline struct str str_mem(const void *p, size_t len) { return (struct str){(const char *)p, len}; }

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII case-insensitive equality: header names, media types, authentication schemes. */
bool str_eq_ci(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
/* Cut leading and trailing SP and HTAB (RFC 9110 5.6.3 OWS). */
struct str str_trim_ows(struct str s);
/* Without all the bytes c that stand at its end: an issuer without its slash, to put a path behind (RFC 8414 2). */
struct str str_trim_end(struct str s, char c);
/* The path of an http or https URL without query, without its last slash; empty: it has none. */
struct str str_url_path(struct str url);
/* Index of the first byte c, or s.len when there is none. */
size_t str_find(struct str s, char c);
/* Whether a list of words between single blanks has this one, byte for byte. False for the empty word. */
bool str_has_word(struct str list, struct str word);
/* Split at the first c: *ret_head is what stands before it, *ret_tail what stands behind. False when there is no c. */
bool str_cut(struct str s, char c, struct str *ret_head, struct str *ret_tail);
/* Order of bytes, shorter first when one is a prefix of the other. */
int str_cmp(struct str a, struct str b);
/* The same of two struct str, for qsort. */
int str_order(const void *a, const void *b);
bool str_list_has(struct str_list list, struct str s);
/* Decimal digits only, no sign, no blank, no leading zeros beyond "0". E_SYNTAX, or E_LIMIT above max. */
must_check int str_to_u64(struct str s, uint64_t max, uint64_t *ret_value);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). NUL counts as valid. */
bool str_is_utf8(struct str s);
/*
 * Bytes of the character at the front of s (not empty) when it may be shown on a terminal, in a log or on a page:
 * well-formed UTF-8, no control character (C0, DEL, C1), nothing that turns text around or breaks lines (U+061C,
 * U+200E/F, U+2028-202E, U+2066-2069). Else 0.
 */
size_t str_printable(struct str s);
/* Nobody would see anything of it: empty, white space, characters without a shape of their own, no UTF-8. */
bool str_is_blank(struct str s);
/* Only bytes of RFC 3986 unreserved plus nothing else: [A-Za-z0-9._~-]. */
bool str_is_unreserved(struct str s);
/* What a bearer token may look like (RFC 6750 2.1): unreserved, '+' and '/', once or more, then any number of '='. */
bool str_is_b64token(struct str s);

#endif
