/* Path templates; see template.h. Any thread; no state. */
#include "openapi/template.h"

#include "openapi/openapi.h"

static size_t count(struct str text, char c)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == c;
	return n;
}

struct parse {
	struct arena *arena;
	struct template *template;
	const char **why;
	struct buf shape;
};

static int fail(struct parse *parse, const char *why)
{
	*parse->why = why;
	return E_SYNTAX;
}

/*
 * A literal by the rule for request paths: what can't be asked for can't be declared either. part: beside a parameter,
 * where "." is no dot segment.
 */
static int read_literal(struct parse *parse, struct str text, bool part, struct str *ret_piece)
{
	struct path path;
	struct str whole;
	const char *before = part ? "/_" : "/";
	char *mem = arena_alloc(parse->arena, text.len + 2);
	TRY(arena_printf(parse->arena, &whole, "%s%.*s", before, STR_ARG(text)));
	if (!mem)
		return E_NOMEM;
	if (str_find(whole, '?') < whole.len)
		return fail(parse, "a query can not be part of a path");
	if (path_parse(whole, mem, whole.len, &path) < 0)
		return fail(parse, path_explain(whole));
	*ret_piece = (struct str){path.text.p + strlen(before), path.text.len - strlen(before)};
	return 0;
}

static int add_param(struct parse *parse, struct str name)
{
	struct str_list *params = &parse->template->params;
	if (name.len == 0 || str_find(name, '{') < name.len)
		return fail(parse, "a parameter without a name");
	if (params->n == OPENAPI_PARAMS_MAX)
		return fail(parse, "too many parameters");
	if (str_list_has(*params, name))
		return fail(parse, "a parameter comes twice");
	params->v[params->n++] = name;
	buf_put(&parse->shape, STR("{}"));
	return 0;
}

/* OpenAPI 3.1.0 4.8.8.2: braces delimit parameters; what stands between them is literal. */
static int read_segment(struct parse *parse, struct str text, struct template_segment *segment)
{
	struct str literal, name, rest = text;
	*segment = (struct template_segment){arena_array(parse->arena, count(text, '{') + 1, sizeof(struct str)), 0};
	if (!segment->pieces)
		return E_NOMEM;
	for (;;) {
		bool more = str_cut(rest, '{', &literal, &rest);
		if (!more)
			literal = rest;
		if (str_find(literal, '}') < literal.len)
			return fail(parse, "a '}' without '{'");
		if (segment->n > 0 && more && literal.len == 0)
			return fail(parse, "two parameters with nothing between them");
		TRY(read_literal(parse, literal, more || segment->n > 0, &segment->pieces[segment->n]));
		segment->n++;
		buf_put(&parse->shape, literal);
		if (!more)
			return 0;
		if (!str_cut(rest, '}', &name, &rest))
			return fail(parse, "a '{' without '}' in the same segment");
		TRY(add_param(parse, name));
	}
}


static int read_segments(struct parse *parse, struct str text)
{
	struct template *template = parse->template;
	struct str segment, rest = {text.p + 1, text.len - 1};
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &segment, &rest);
		if (!more)
			segment = rest;
		if (more && segment.len == 0)
			return fail(parse, "an empty segment");
		buf_put_char(&parse->shape, '/');
		TRY(read_segment(parse, segment, &template->segments[template->n++]));
	}
	return 0;
}

int template_parse(struct str text, struct arena *arena, struct template *ret_template, const char **ret_why)
{
	struct template template = {.text = text};
	struct parse parse = {.arena = arena, .template = &template, .why = ret_why};
	if (text.len == 0 || text.p[0] != '/')
		return fail(&parse, "it does not begin with '/'");
	if (text.len > TEMPLATE_LEN_MAX || count(text, '/') > TEMPLATE_SEGMENTS_MAX)
		return fail(&parse, "it is too long");
	char *shape = arena_alloc(arena, text.len + 1);
	template.segments = arena_array(arena, count(text, '/'), sizeof(*template.segments));
	template.params.v = arena_array(arena, count(text, '{'), sizeof(struct str));
	if (!shape || !template.segments || !template.params.v)
		return E_NOMEM;
	buf_init_fixed(&parse.shape, shape, text.len + 1);
	TRY(read_segments(&parse, text));
	template.shape = buf_str(&parse.shape);
	*ret_template = template;
	return 0;
}

int template_set_rest(struct template *template, struct arena *arena)
{
	struct str shape = template->shape;
	if (!template_is_param(&template->segments[template->n - 1]))
		return E_SYNTAX;
	TRY(arena_printf(arena, &template->shape, "%.*s{+}", (int)shape.len - 2, shape.p));
	template->rest = true;
	return 0;
}

/* The first place at or behind `from` where piece stands in text; SIZE_MAX when there is none. */
static size_t find_piece(struct str text, size_t from, struct str piece)
{
	for (size_t i = from; i + piece.len <= text.len; i++)
		if (memcmp(text.p + i, piece.p, piece.len) == 0)
			return i;
	return SIZE_MAX;
}

bool template_fits(const struct template_segment *segment, struct str text, struct str *ret_values)
{
	struct str first = segment->pieces[0], last = segment->pieces[segment->n - 1];
	if (template_is_literal(segment))
		return str_eq(first, text);
	if (!str_has_prefix(text, first) || text.len < first.len + last.len + segment->n - 1)
		return false;
	size_t at = first.len, end = text.len - last.len;
	if (last.len > 0 && memcmp(text.p + end, last.p, last.len) != 0)
		return false;
	/* The pieces between at their first places: if they fit anywhere, they fit there. */
	for (size_t i = 1; i + 1 < segment->n; i++) {
		size_t next = find_piece((struct str){text.p, end}, at + 1, segment->pieces[i]);
		if (next == SIZE_MAX)
			return false;
		ret_values[i - 1] = (struct str){text.p + at, next - at};
		at = next + segment->pieces[i].len;
	}
	if (at >= end)
		return false;
	ret_values[segment->n - 2] = (struct str){text.p + at, end - at};
	return true;
}

/* --- whether two segments can meet: both as rows of bytes and "any byte, once or more" --- */

enum { ANY = 256, FLAT_MAX = TEMPLATE_LEN_MAX + TEMPLATE_PIECES_MAX };

static size_t flatten(const struct template_segment *segment, unsigned short *flat)
{
	size_t n = 0;
	for (size_t i = 0; i < segment->n; i++) {
		if (i > 0)
			flat[n++] = ANY;
		for (size_t k = 0; k < segment->pieces[i].len; k++)
			flat[n++] = (unsigned char)segment->pieces[i].p[k];
	}
	return n;
}

static bool meet(unsigned a, unsigned b) { return a == ANY || b == ANY || a == b; }

/*
 * now[j]: some text takes the first i elements of a and j of b. A step takes one byte by one element of each; an ANY
 * may stay to take more.
 */
static void step(const unsigned short *b, size_t n_b, unsigned a, const bool *now, bool *next)
{
	for (size_t j = 0; j < n_b; j++) {
		if (!meet(a, b[j]))
			continue;
		bool from = now[j] || (a == ANY && next[j]) || (b[j] == ANY && now[j + 1]);
		if (from)
			next[j + 1] = true;
	}
}

bool template_overlap(const struct template_segment *a, const struct template_segment *b)
{
	unsigned short flat_a[FLAT_MAX], flat_b[FLAT_MAX];
	bool rows[2][FLAT_MAX + 1] = {{true}};
	size_t n_a = flatten(a, flat_a), n_b = flatten(b, flat_b);
	for (size_t i = 0; i < n_a; i++) {
		bool *now = rows[i % 2], *next = rows[(i + 1) % 2];
		memset(next, 0, n_b + 1);
		step(flat_b, n_b, flat_a[i], now, next);
	}
	return rows[n_a % 2][n_b];
}
