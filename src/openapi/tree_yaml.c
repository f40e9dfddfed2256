/*
 * YAML to a tree by libyaml's events. libyaml reads YAML 1.1; what OpenAPI demands (YAML 1.2, core schema, names are
 * strings; OpenAPI 3.1.0 4.2) differs in how plain words are understood, which is decided here: "no" is a text, 0o17 a
 * number. One thread; no network, no files.
 */
#include <yaml.h>

#include "openapi/tree_build.h"

struct anchor {
	struct str name;
	struct tree *node;
};

struct scan {
	struct tree_build *build;
	yaml_parser_t parser;
	yaml_event_t event; /* the present one */
	bool has_event;
	struct anchor anchors[TREE_ANCHORS_MAX];
	size_t n_anchors;
};

static struct tree_mark mark(const yaml_mark_t *at)
{
	return (struct tree_mark){(unsigned)at->line + 1, (unsigned)at->column + 1};
}

static struct tree_mark here(const struct scan *scan) { return mark(&scan->event.start_mark); }

static int fail(const struct scan *scan, const char *what)
{
	return tree_fail(scan->build->file, here(scan), "%s", what);
}

static void drop_event(struct scan *scan)
{
	if (scan->has_event)
		yaml_event_delete(&scan->event);
	scan->has_event = false;
}

static int fail_syntax(const struct scan *scan)
{
	const yaml_parser_t *parser = &scan->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		return E_NOMEM;
	return tree_fail(scan->build->file, mark(&parser->problem_mark), "%s%s%s",
			 parser->context ? parser->context : "", parser->context ? ", " : "",
			 parser->problem ? parser->problem : "malformed YAML");
}

static int next(struct scan *scan)
{
	drop_event(scan);
	if (!yaml_parser_parse(&scan->parser, &scan->event))
		return fail_syntax(scan);
	scan->has_event = true;
	return 0;
}

/* --- YAML 1.2 10.3.2: how plain scalars are understood --- */

static bool is_one_of(struct str text, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(text, str_of(*words)))
			return true;
	return false;
}

static size_t digits(struct str text, size_t i, const char *set)
{
	size_t start = i;
	while (i < text.len && strchr(set, text.p[i]))
		i++;
	return i - start;
}

/* 0x1F, 0o17 */
static bool is_based(struct str text)
{
	const char *set = str_has_prefix(text, STR("0x")) ? "0123456789abcdefABCDEF"
			: str_has_prefix(text, STR("0o")) ? "01234567"
							  : NULL;
	return set && text.len > 2 && digits(text, 2, set) == text.len - 2;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(struct str text)
{
	size_t i = text.len > 0 && (text.p[0] == '-' || text.p[0] == '+');
	size_t whole = digits(text, i, "0123456789"), fraction = 0;
	i += whole;
	if (i < text.len && text.p[i] == '.') {
		fraction = digits(text, i + 1, "0123456789");
		i += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (i == text.len)
		return true;
	if (text.p[i] != 'e' && text.p[i] != 'E')
		return false;
	i += 1;
	i += i < text.len && (text.p[i] == '-' || text.p[i] == '+');
	size_t power = digits(text, i, "0123456789");
	return power > 0 && i + power == text.len;
}

static enum tree_kind understand(struct str text)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const truth[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
	static const char *const odd[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
					  ".nan", ".NaN", ".NAN", NULL};
	if (is_one_of(text, nothing))
		return TREE_NULL;
	if (is_one_of(text, truth))
		return TREE_BOOL;
	return is_decimal(text) || is_based(text) || is_one_of(text, odd) ? TREE_NUMBER : TREE_STR;
}

/* --- nodes --- */

/* Tags that say what is understood anyway; others would give a value another meaning than the one we see. */
static int check_tag(const struct scan *scan, const yaml_char_t *tag, const char *expected)
{
	if (!tag || strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, expected) == 0)
		return 0;
	return fail(scan, "tags are not allowed here");
}

/* The node that was put last goes by this name from now on. */
static int name_anchor(struct scan *scan, const yaml_char_t *name)
{
	struct str copy;
	if (!name)
		return 0;
	if (scan->n_anchors == TREE_ANCHORS_MAX)
		return fail(scan, "too many anchors");
	TRY(arena_str(scan->build->arena, str_of((const char *)name), &copy));
	scan->anchors[scan->n_anchors++] = (struct anchor){copy, tree_build_last(scan->build)};
	return 0;
}

static int put_alias(struct scan *scan)
{
	struct str name = str_of((const char *)scan->event.data.alias.anchor);
	if (tree_build_wants_key(scan->build))
		return fail(scan, "an alias can not be the name of a member");
	for (size_t i = scan->n_anchors; i > 0; i--) { /* YAML 1.2 3.2.2.2: the latest anchor of this name */
		const struct anchor *anchor = &scan->anchors[i - 1];
		if (!str_eq(anchor->name, name))
			continue;
		if (anchor->node->open)
			return fail(scan, "an alias of a value that it is part of");
		return tree_build_again(scan->build, here(scan), anchor->node);
	}
	return fail(scan, "an alias without an anchor");
}

static int put_key(struct scan *scan, struct str text, bool plain)
{
	if (scan->event.data.scalar.anchor)
		return fail(scan, "the name of a member can not be an anchor");
	if (plain && str_eq(text, STR("<<")))
		return fail(scan, "merge keys are not part of YAML 1.2");
	return tree_build_key(scan->build, here(scan), text);
}

static int put_scalar(struct scan *scan)
{
	const yaml_char_t *tag = scan->event.data.scalar.tag;
	bool plain = scan->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag;
	struct str text;
	TRY(check_tag(scan, tag, YAML_STR_TAG));
	TRY(arena_str(scan->build->arena,
		      str_mem(scan->event.data.scalar.value, scan->event.data.scalar.length), &text));
	if (str_find(text, '\0') < text.len)
		return fail(scan, "a NUL character");
	if (tree_build_wants_key(scan->build))
		return put_key(scan, text, plain);
	TRY(tree_build_scalar(scan->build, here(scan), plain ? understand(text) : TREE_STR, text));
	return name_anchor(scan, scan->event.data.scalar.anchor);
}

static int put_open(struct scan *scan, bool map)
{
	const yaml_event_t *event = &scan->event;
	if (tree_build_wants_key(scan->build))
		return fail(scan, "the name of a member must be a text");
	if (map)
		TRY(check_tag(scan, event->data.mapping_start.tag, YAML_MAP_TAG));
	else
		TRY(check_tag(scan, event->data.sequence_start.tag, YAML_SEQ_TAG));
	TRY(tree_build_open(scan->build, here(scan), map ? TREE_MAP : TREE_LIST));
	return name_anchor(scan, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor);
}

static int put_event(struct scan *scan)
{
	switch (scan->event.type) {
	case YAML_ALIAS_EVENT:
		return put_alias(scan);
	case YAML_SCALAR_EVENT:
		return put_scalar(scan);
	case YAML_SEQUENCE_START_EVENT:
		return put_open(scan, false);
	case YAML_MAPPING_START_EVENT:
		return put_open(scan, true);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return tree_build_close(scan->build);
	default:
		return fail(scan, "malformed YAML");
	}
}

/* OpenAPI 3.1.0 4.2: YAML 1.2 and no other. */
static int check_version(const struct scan *scan)
{
	const yaml_version_directive_t *version = scan->event.data.document_start.version_directive;
	if (version && (version->major != 1 || version->minor != 2))
		return fail(scan, "expected YAML 1.2");
	return 0;
}

static int read_stream(struct scan *scan)
{
	TRY(next(scan)); /* the stream's start */
	TRY(next(scan));
	if (scan->event.type != YAML_DOCUMENT_START_EVENT)
		return fail(scan, "the document is empty");
	TRY(check_version(scan));
	do {
		TRY(next(scan));
		TRY(put_event(scan));
	} while (scan->build->depth > 0);
	TRY(next(scan)); /* the document's end */
	TRY(next(scan));
	return scan->event.type == YAML_STREAM_END_EVENT ? 0 : fail(scan, "a second document starts; expected one");
}

int tree_yaml_parse(struct tree_build *build, struct str text)
{
	struct scan scan = {.build = build};
	if (!yaml_parser_initialize(&scan.parser))
		return E_NOMEM;
	yaml_parser_set_encoding(&scan.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&scan.parser, (const unsigned char *)text.p, text.len);
	int rc = read_stream(&scan);
	drop_event(&scan);
	yaml_parser_delete(&scan.parser);
	return rc;
}
