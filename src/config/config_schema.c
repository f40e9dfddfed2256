/*
 * The second pass: libcyaml reads the values into one slot per option, by a schema that is built from the rows. Its
 * log is caught, so that its own errors reach the user with file, line and column. Runs at start and at reload, in
 * one thread.
 */
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "config/config_rows.h"

/* libcyaml's schema in our memory; fields of all sections stand in one array, each section's ended by an empty one. */
struct schema {
	cyaml_schema_value_t top;
	cyaml_schema_value_t item;
	cyaml_schema_field_t fields[CONFIG_ROWS + 2 * CONFIG_SECTIONS_MAX];
	cyaml_strval_t words[CONFIG_ROWS * 8];
	size_t n_fields, n_words;
};

struct caught {
	char text[512]; /* the first line that is no backtrace */
	struct config_mark at;
};

static void *reallocate(void *ctx, void *p, size_t size)
{
	(void)ctx;
	if (size == 0) {
		free(p);
		return NULL;
	}
	return fault_hit(FAULT_ALLOC) ? NULL : realloc(p, size);
}

/* What follows "(line: ", such as "3, column: 5)". E_SYNTAX, E_LIMIT. */
static int parse_place(struct str text, struct config_mark *ret_at)
{
	struct str line, column, rest;
	uint64_t at_line, at_column;
	if (!str_cut(text, ',', &line, &rest) || !str_cut(rest, ':', &rest, &column))
		return E_SYNTAX;
	if (!str_cut(column, ')', &column, &rest))
		return E_SYNTAX;
	TRY(str_to_u64(line, CONFIG_TEXT_MAX, &at_line));
	TRY(str_to_u64(str_trim_ows(column), CONFIG_TEXT_MAX, &at_column));
	*ret_at = (struct config_mark){(unsigned)at_line, (unsigned)at_column};
	return 0;
}

/* libcyaml logs "Load: <problem>", then a backtrace whose first place is the innermost: "... (line: 3, column: 5)". */
static printf_like(3, 0) void catch_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct caught *caught = ctx;
	char line[512];
	(void)level;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	const char *place = strstr(line, "(line: ");
	if (place && caught->at.line == 0 && parse_place(str_of(place + strlen("(line: ")), &caught->at) < 0)
		caught->at = (struct config_mark){0};
	if (!place && caught->text[0] == '\0')
		snprintf(caught->text, sizeof(caught->text), "%s", strncmp(line, "Load: ", 6) == 0 ? line + 6 : line);
}

static void add_words(struct schema *schema, const struct config_names *names, cyaml_schema_value_t *value)
{
	value->enumeration.strings = &schema->words[schema->n_words];
	value->enumeration.count = names->n;
	for (unsigned i = 0; i < names->n; i++)
		schema->words[schema->n_words++] = (cyaml_strval_t){.str = names->v[i], .val = i};
}

static void add_option(struct schema *schema, unsigned index)
{
	static const struct {
		cyaml_type_e type;
		cyaml_flag_e flags;
		uint32_t size;
	} kinds[] = {
		[CONFIG_UINT] = {CYAML_UINT, CYAML_FLAG_OPTIONAL, sizeof(uint32_t)},
		[CONFIG_BOOL] = {CYAML_BOOL, CYAML_FLAG_OPTIONAL, sizeof(bool)},
		[CONFIG_ENUM] = {CYAML_ENUM, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, sizeof(uint32_t)},
		[CONFIG_TEXT] = {CYAML_STRING, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, sizeof(char)},
		[CONFIG_PATH] = {CYAML_STRING, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, sizeof(char)},
		[CONFIG_LIST] = {CYAML_SEQUENCE, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, sizeof(char *)},
	};
	const struct config_row *row = &config_rows[index];
	size_t slot = index * sizeof(union config_slot);
	cyaml_schema_field_t *field = &schema->fields[schema->n_fields++];
	*field = (cyaml_schema_field_t){.key = row->name,
		.data_offset = (uint32_t)slot,
		.value = {.type = kinds[row->kind].type,
			.flags = kinds[row->kind].flags,
			.data_size = kinds[row->kind].size}};
	if (row->kind == CONFIG_ENUM)
		add_words(schema, row->names, &field->value);
	if (row->kind == CONFIG_TEXT || row->kind == CONFIG_PATH)
		field->value.string.max = CONFIG_VALUE_MAX;
	if (row->kind != CONFIG_LIST)
		return;
	field->value.sequence.entry = &schema->item;
	field->value.sequence.max = CONFIG_LIST_MAX;
	field->count_offset = (uint32_t)(slot + offsetof(union config_slot, list.n));
	field->count_size = sizeof(uint32_t);
}

static const cyaml_schema_field_t *add_section(struct schema *schema, const char *name)
{
	const cyaml_schema_field_t *first = &schema->fields[schema->n_fields];
	for (unsigned i = 0; i < CONFIG_ROWS; i++)
		if (strcmp(config_rows[i].section, name) == 0)
			add_option(schema, i);
	schema->n_fields++; /* zero: the end */
	return first;
}

/* Sections are mappings at offset 0: the offsets of their fields count from the first slot. */
static void build(struct schema *schema)
{
	const cyaml_schema_field_t *inner[CONFIG_SECTIONS_MAX];
	for (unsigned i = 1; i < config_rows_n_sections; i++)
		inner[i] = add_section(schema, config_rows_sections[i].name);
	schema->item = (cyaml_schema_value_t){.type = CYAML_STRING,
		.flags = CYAML_FLAG_POINTER,
		.data_size = sizeof(char),
		.string = {.max = CONFIG_VALUE_MAX}};
	schema->top = (cyaml_schema_value_t){.type = CYAML_MAPPING, .flags = CYAML_FLAG_POINTER,
		.data_size = CONFIG_ROWS * sizeof(union config_slot)};
	schema->top.mapping.fields = add_section(schema, "");
	schema->n_fields--;
	for (unsigned i = 1; i < config_rows_n_sections; i++)
		schema->fields[schema->n_fields++] = (cyaml_schema_field_t){.key = config_rows_sections[i].name,
			.value = {.type = CYAML_MAPPING,
				.flags = CYAML_FLAG_OPTIONAL,
				.data_size = schema->top.data_size,
				.mapping = {.fields = inner[i]}}};
}

static cyaml_config_t settings(struct caught *caught)
{
	return (cyaml_config_t){.log_fn = caught ? catch_log : NULL, .log_ctx = caught, .log_level = CYAML_LOG_ERROR,
		.mem_fn = reallocate, .flags = CYAML_CFG_NO_ALIAS};
}

/* The option whose key or value stands nearest before the place that libcyaml names. */
static unsigned row_at(const struct config_source *source, struct config_mark at)
{
	unsigned best = CONFIG_ROWS;
	struct config_mark best_at = {0};
	for (unsigned i = 0; i < CONFIG_ROWS; i++) {
		struct config_mark key = source->places[i].key;
		bool before = key.line > 0 && (key.line < at.line || (key.line == at.line && key.column <= at.column));
		bool later = key.line > best_at.line || (key.line == best_at.line && key.column > best_at.column);
		if (before && later) {
			best = i;
			best_at = key;
		}
	}
	return best;
}

static int fail(const struct config_source *source, cyaml_err_t err, const struct caught *caught)
{
	if (err == CYAML_ERR_OOM)
		return E_NOMEM;
	unsigned row = row_at(source, caught->at);
	if (row < CONFIG_ROWS)
		return config_rows_fail_value(source, row, caught->at, str_of(caught->text));
	return config_rows_fail(source, caught->at, "%s", caught->text[0] ? caught->text : cyaml_strerror(err));
}

int config_schema_load(const struct config_source *source, union config_slot **ret_slots)
{
	struct schema *schema = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*schema));
	if (!schema)
		return E_NOMEM;
	struct caught caught = {0};
	cyaml_config_t config = settings(&caught);
	cyaml_data_t *slots = NULL;
	build(schema);
	cyaml_err_t err = cyaml_load_data((const uint8_t *)source->text.p, source->text.len, &config, &schema->top,
		&slots, NULL);
	free(schema);
	if (err != CYAML_OK)
		return fail(source, err, &caught);
	*ret_slots = slots;
	return 0;
}

/* By hand rather than by cyaml_free: that needs the schema, hence memory, to give memory back. */
void config_schema_free(union config_slot *slots)
{
	for (unsigned i = 0; slots && i < CONFIG_ROWS; i++) {
		if (config_rows[i].kind == CONFIG_TEXT || config_rows[i].kind == CONFIG_PATH)
			free(slots[i].text);
		if (config_rows[i].kind != CONFIG_LIST)
			continue;
		for (uint32_t k = 0; k < slots[i].list.n; k++)
			free(slots[i].list.v[k]);
		free(slots[i].list.v);
	}
	free(slots);
}
