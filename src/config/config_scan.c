/*
 * The first pass over a configuration file, by libyaml's events: its shape, and where everything stands. libcyaml
 * (the second pass, config_schema.c) keeps no positions, takes any word for "true", reads 010 as eight, ignores a
 * second document and lets a key come twice; all that is refused here. Depth and size are bounded before anything is
 * built. Runs at start and at reload, in one thread.
 */
#include <yaml.h>

#include "config/config_rows.h"

enum { DEPTH_MAX = 8 };

struct scan {
	yaml_parser_t parser;
	yaml_event_t event; /* the present one */
	bool has_event;
	int depth;
	struct config_source *source;
	bool sections[CONFIG_SECTIONS_MAX];
};

static struct config_mark mark(const yaml_mark_t *at)
{
	return (struct config_mark){(unsigned)at->line + 1, (unsigned)at->column + 1};
}

static struct config_mark here(const struct scan *scan) { return mark(&scan->event.start_mark); }

static struct str scalar(const struct scan *scan)
{
	return str_mem(scan->event.data.scalar.value, scan->event.data.scalar.length);
}

static void drop_event(struct scan *scan)
{
	if (scan->has_event)
		yaml_event_delete(&scan->event);
	scan->has_event = false;
}

/*
 * Whether the event carries an anchor or a tag: neither has a use here, and both let small files mean something large
 * or odd.
 */
static bool is_decorated(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag;
	default:
		return false;
	}
}

static int check_event(struct scan *scan)
{
	yaml_event_type_t type = scan->event.type;
	if (type == YAML_ALIAS_EVENT || is_decorated(&scan->event))
		return config_rows_fail(scan->source, here(scan), "aliases, anchors and tags are not allowed");
	if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
		scan->depth++;
	if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
		scan->depth--;
	if (scan->depth > DEPTH_MAX)
		return config_rows_fail(scan->source, here(scan), "nested too deep");
	return 0;
}

static int fail_syntax(struct scan *scan)
{
	const yaml_parser_t *parser = &scan->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		return E_NOMEM;
	const char *problem = parser->problem ? parser->problem : "malformed YAML";
	return config_rows_fail(scan->source, mark(&parser->problem_mark), "%s%s%s",
		parser->context ? parser->context : "", parser->context ? ", " : "", problem);
}

static int next(struct scan *scan)
{
	drop_event(scan);
	if (!yaml_parser_parse(&scan->parser, &scan->event))
		return fail_syntax(scan);
	scan->has_event = true;
	return check_event(scan);
}

/* Read to the end of the node whose first event is the present one. */
static int skip_node(struct scan *scan)
{
	int open = 0;
	for (;;) {
		yaml_event_type_t type = scan->event.type;
		open += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
		open -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
		if (open <= 0)
			return 0;
		TRY(next(scan));
	}
}

static bool is_null(struct str text)
{
	return text.len == 0 || str_eq(text, STR("~")) || str_eq_ci(text, STR("null"));
}

static bool is_decimal(struct str text)
{
	uint64_t value;
	return str_to_u64(text, UINT64_MAX, &value) == 0;
}

static bool is_bool(struct str text) { return str_eq(text, STR("true")) || str_eq(text, STR("false")); }

static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7F)
			return true;
	return false;
}

/* What libcyaml would let pass about one scalar. */
static int check_scalar(struct scan *scan, unsigned row)
{
	struct str text = scalar(scan);
	bool plain = scan->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	enum config_kind kind = config_rows[row].kind;
	const char *what = NULL;
	if (plain && is_null(text))
		what = "the value is missing";
	else if (has_control(text))
		what = "control characters are not allowed";
	else if (kind == CONFIG_UINT && !(plain && is_decimal(text)))
		what = "not a decimal integer";
	else if (kind == CONFIG_BOOL && !(plain && is_bool(text)))
		what = "not a truth value";
	return what ? config_rows_fail_value(scan->source, row, here(scan), str_of(what)) : 0;
}

static int scan_items(struct scan *scan, unsigned row)
{
	struct config_place *place = &scan->source->places[row];
	TRY(next(scan));
	for (size_t n = 0; scan->event.type != YAML_SEQUENCE_END_EVENT; n++) {
		if (n == CONFIG_LIST_MAX)
			return config_rows_fail_value(scan->source, row, here(scan), STR("too many items"));
		place->items[n] = here(scan);
		if (scan->event.type != YAML_SCALAR_EVENT)
			return config_rows_fail_value(scan->source, row, here(scan),
				STR("a list or mapping stands where an item is due"));
		TRY(check_scalar(scan, row));
		TRY(next(scan));
	}
	return 0;
}

/* The present event starts the value of an option. Wrong kinds of nodes are left to libcyaml. */
static int scan_value(struct scan *scan, unsigned row)
{
	scan->source->places[row].value = here(scan);
	if (scan->event.type == YAML_SCALAR_EVENT && config_rows[row].kind != CONFIG_LIST)
		return check_scalar(scan, row);
	if (scan->event.type == YAML_SEQUENCE_START_EVENT && config_rows[row].kind == CONFIG_LIST)
		return scan_items(scan, row);
	return skip_node(scan);
}

static int scan_mapping(struct scan *scan, struct str section);

static int scan_section(struct scan *scan, unsigned section, struct config_mark at)
{
	if (scan->sections[section])
		return config_rows_fail(scan->source, at, "%s stands here a second time",
			config_rows_sections[section].name);
	scan->sections[section] = true;
	TRY(next(scan));
	if (scan->event.type != YAML_MAPPING_START_EVENT)
		return config_rows_fail(scan->source, here(scan), "%s: expected a mapping of options",
			config_rows_sections[section].name);
	return scan_mapping(scan, str_of(config_rows_sections[section].name));
}

static int scan_option(struct scan *scan, unsigned row, struct config_mark at)
{
	struct config_place *place = &scan->source->places[row];
	if (place->key.line > 0)
		return config_rows_fail(scan->source, at, "%s%s%s stands here a second time", config_rows[row].section,
			config_rows[row].section[0] ? "." : "", config_rows[row].name);
	place->key = at;
	TRY(next(scan));
	return scan_value(scan, row);
}

/* Names of unknown keys are shown cut and only when they are harmless to print. */
static int fail_unknown(struct scan *scan, struct str section, struct str key)
{
	bool show = key.len <= 64 && str_is_unreserved(key);
	return config_rows_fail(scan->source, here(scan),
		"unknown option %.*s%s%.*s; expected one of docs/configuration.md", STR_ARG(section),
		section.len > 0 ? "." : "", show ? (int)key.len : 3, show ? key.p : "...");
}

/* The present event is the mapping's start; on return it is its end. section: empty at the top level. */
static int scan_mapping(struct scan *scan, struct str section)
{
	TRY(next(scan));
	while (scan->event.type != YAML_MAPPING_END_EVENT) {
		if (scan->event.type != YAML_SCALAR_EVENT)
			return config_rows_fail(scan->source, here(scan), "expected the name of an option");
		struct config_mark at = here(scan);
		unsigned row = config_rows_find(section, scalar(scan));
		unsigned inner = section.len == 0 ? config_rows_find_section(scalar(scan)) : config_rows_n_sections;
		if (row < CONFIG_ROWS)
			TRY(scan_option(scan, row, at));
		else if (inner < config_rows_n_sections)
			TRY(scan_section(scan, inner, at));
		else
			return fail_unknown(scan, section, scalar(scan));
		TRY(next(scan));
	}
	return 0;
}

static int scan_stream(struct scan *scan)
{
	TRY(next(scan)); /* the stream's start */
	TRY(next(scan));
	if (scan->event.type != YAML_DOCUMENT_START_EVENT)
		return config_rows_fail(scan->source, here(scan), "the file is empty; expected at least issuer");
	TRY(next(scan));
	if (scan->event.type != YAML_MAPPING_START_EVENT)
		return config_rows_fail(scan->source, here(scan), "expected a mapping of options");
	TRY(scan_mapping(scan, STR("")));
	TRY(next(scan)); /* the document's end */
	TRY(next(scan));
	if (scan->event.type != YAML_STREAM_END_EVENT)
		return config_rows_fail(scan->source, here(scan), "a second document starts; expected one");
	return 0;
}

int config_scan(struct config_source *source)
{
	struct scan scan = {.source = source};
	if (!yaml_parser_initialize(&scan.parser))
		return E_NOMEM;
	yaml_parser_set_encoding(&scan.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&scan.parser, (const unsigned char *)source->text.p, source->text.len);
	int rc = scan_stream(&scan);
	drop_event(&scan);
	yaml_parser_delete(&scan.parser);
	return rc;
}
