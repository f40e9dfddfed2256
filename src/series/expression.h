/*
 * Names of series and expressions over them. A name belongs to a domain and has levels separated by '/'; empty levels
 * count, and so does a slash at the end (jsmea, ISO 19848). In an expression '*' stands for any characters, also none,
 * within exactly one level: it never matches '/'. So "a/<star>" matches "a/b" and "a/", and neither "a" nor "a/b/c".
 *
 * Input is decoded already: the path by openapi/path.h, a scope by permit.h, JSON by its parser. In the domain `id` an
 * expression is "*" or a list of UUIDs, separated by commas.
 *
 * Pure functions, no allocation, thread-safe. Fuzzed.
 */
#ifndef SERIES_EXPRESSION_H
#define SERIES_EXPRESSION_H

#include "series/uuid.h"

enum { EXPRESSION_MAX = 1024, EXPRESSION_LIST_MAX = 65536, EXPRESSION_STARS_MAX = 32, EXPRESSION_UUIDS_MAX = 256 };

enum expression_domain {
	EXPRESSION_ID,
	EXPRESSION_RAALABS,    /* vessel/tag */
	EXPRESSION_PARAMETERS, /* vessel/group/tag */
	EXPRESSION_MAKER,      /* vessel/maker/tag */
	EXPRESSION_JSMEA,      /* ISO 19848 */
	EXPRESSION_VIS,        /* vis-3-8a */
	EXPRESSION_DOMAINS
};

struct expression {
	enum expression_domain domain;
	struct str text; /* borrowed */
	bool glob;       /* has a '*': what is not permitted is left out instead of refused */
};

/* "raalabs" and so on; E_SERIES_UNKNOWN for another one. */
must_check int expression_find_domain(struct str name, enum expression_domain *ret_domain);
const char *expression_domain_name(enum expression_domain domain);

/*
 * A domain and an expression in it; text is borrowed. E_SERIES_UNKNOWN: no such domain. E_SERIES_EXPRESSION: empty, too
 * long, too many stars, not UTF-8, control or text-direction characters, a backslash, a level "." or ".."; in the
 * domain id anything but "*" or 1 to EXPRESSION_UUIDS_MAX UUIDs.
 */
must_check int expression_parse(struct str domain, struct str text, struct expression *ret_expression);
/* The same from "{domain}/{expression}". Without a slash E_SERIES_EXPRESSION. */
must_check int expression_parse_joined(struct str text, struct expression *ret_expression);
/* A name: what expression_parse accepts without '*', at most EXPRESSION_MAX bytes. For id exactly one UUID. */
must_check int expression_check_name(enum expression_domain domain, struct str name);

/*
 * Whether a name (of the expression's domain, not id) matches. Every comparison of a character takes one from *work; at
 * 0 the answer is false and *work stays 0, which the caller takes for E_SERIES_LIMIT. Never more than
 * text.len * name.len of them.
 */
bool expression_matches(const struct expression *expression, struct str name, int64_t *work);
/* The part before the first '*': every name that matches begins with it. */
struct str expression_prefix(const struct expression *expression);

/* The UUIDs of an id expression: start with *at = 0; false at the end. */
bool expression_next_uuid(const struct expression *expression, size_t *at, struct uuid *ret_uuid);

#endif
