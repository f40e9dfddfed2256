/*
 * Path templates (OpenAPI 3.1.0 4.8.8.2) cut into segments. A segment is a literal ("pets"), a parameter ("{id}"), or
 * partly literal ("{id}:cancel", "{name}.{format}"). Literals are read by the rule of path.h, so they can be compared
 * with what path_parse gives. Pure functions; templates live in the arena.
 */
#ifndef OPENAPI_TEMPLATE_H
#define OPENAPI_TEMPLATE_H

#include "base/arena.h"

enum { TEMPLATE_SEGMENTS_MAX = 64, TEMPLATE_PIECES_MAX = 17, TEMPLATE_LEN_MAX = 2048 };

/* n pieces of literal text with n - 1 parameters between them; n == 1: a literal. */
struct template_segment {
	struct str *pieces;
	size_t n;
};

struct template {
	struct str text;  /* as it was written, with prefix */
	struct str shape; /* without the parameters' names */
	struct template_segment *segments; /* at least one; the last one may be the empty literal */
	size_t n;
	struct str_list params;
	bool rest;        /* the last segment matches all that is left */
};

/*
 * text: prefix and path template, beginning with '/'. *ret_why: a few words, on E_SYNTAX only. rest is false in what
 * comes out. E_SYNTAX, E_NOMEM.
 */
must_check int template_parse(struct str text, struct arena *arena, struct template *ret_template,
			      const char **ret_why);
/* Make the last segment, which must be a parameter alone (else E_SYNTAX), match all that is left. E_NOMEM. */
must_check int template_set_rest(struct template *template, struct arena *arena);

static inline bool template_is_literal(const struct template_segment *segment) { return segment->n == 1; }
static inline bool template_is_param(const struct template_segment *segment)
{
	return segment->n == 2 && segment->pieces[0].len == 0 && segment->pieces[1].len == 0;
}

/* Whether a segment of a path fits, each parameter with at least one byte; values: room for n - 1. No allocation. */
bool template_fits(const struct template_segment *segment, struct str text, struct str *ret_values);
/* Whether some text fits both. */
bool template_overlap(const struct template_segment *a, const struct template_segment *b);

#endif
