/* The option table made from config.def, and the wording of messages about a row; see config_rows.h. */
#include "config/config_rows.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const words_log_level[] = {"debug", "info", "warn", "error", "off"};
static const char *const words_log_format[] = {"text", "json"};
static const char *const words_config_access[] = {"loopback", "all", "off"};
static const char *const words_config_signup[] = {"invite", "open", "off"};
static const char *const words_config_family[] = {"oauth2", "connect"};
static const char *const words_config_registration[] = {"token", "open", "off"};

#define NAMES(words) {words, sizeof(words) / sizeof((words)[0])}
static const struct config_names config_names_log_level = NAMES(words_log_level);
static const struct config_names config_names_log_format = NAMES(words_log_format);
static const struct config_names config_names_config_access = NAMES(words_config_access);
static const struct config_names config_names_config_signup = NAMES(words_config_signup);
static const struct config_names config_names_config_family = NAMES(words_config_family);
static const struct config_names config_names_config_registration = NAMES(words_config_registration);

#define SPEC_UINT(low, high) .kind = CONFIG_UINT, .min = (low), .max = (high)
#define SPEC_BOOL .kind = CONFIG_BOOL
#define SPEC_ENUM(words) .kind = CONFIG_ENUM, .names = &config_names_##words
#define SPEC_TEXT(test) .kind = CONFIG_TEXT, .check = &config_check_##test
#define SPEC_PATH(test) .kind = CONFIG_PATH, .check = &config_check_##test
#define SPEC_LIST(test) .kind = CONFIG_LIST, .check = &config_check_##test
#define RELOAD true
#define RESTART false
#define MEMBER(name, ...) __VA_OPT__(__VA_ARGS__.) name

const struct config_row config_rows[CONFIG_ROWS] = {
#define CONFIG_SECTION(in, text)
#define CONFIG_OPTION(in, option, spec, value, when, text)                                         \
	[CONFIG_ROW_##in##_##option] = {.section = #in, .name = #option, SPEC_##spec, .preset = (value), \
		.reload = (when), .doc = (text), .offset = offsetof(struct config, MEMBER(option, in))},
#define CONFIG_SECTION_END(in)
#include "config/config.def"
#undef CONFIG_SECTION
#undef CONFIG_OPTION
#undef CONFIG_SECTION_END
};

const struct config_section config_rows_sections[] = {
#define CONFIG_SECTION(in, text) {#in, text},
#define CONFIG_OPTION(in, option, spec, value, when, text)
#define CONFIG_SECTION_END(in)
#include "config/config.def"
#undef CONFIG_SECTION
#undef CONFIG_OPTION
#undef CONFIG_SECTION_END
};
const unsigned config_rows_n_sections = sizeof(config_rows_sections) / sizeof(config_rows_sections[0]);

_Static_assert(sizeof(config_rows_sections) / sizeof(config_rows_sections[0]) <= CONFIG_SECTIONS_MAX,
	"raise CONFIG_SECTIONS_MAX");

unsigned config_rows_find(struct str section, struct str name)
{
	unsigned i = 0;
	while (i < CONFIG_ROWS &&
		!(str_eq(str_of(config_rows[i].section), section) && str_eq(str_of(config_rows[i].name), name)))
		i++;
	return i;
}

unsigned config_rows_find_section(struct str name)
{
	unsigned i = 0;
	if (name.len == 0)
		return config_rows_n_sections;
	while (i < config_rows_n_sections && !str_eq(str_of(config_rows_sections[i].name), name))
		i++;
	return i;
}

static void expect_enum(const struct config_names *names, struct buf *out)
{
	buf_put(out, STR("one of "));
	for (unsigned i = 0; i < names->n; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", names->v[i]);
}

void config_rows_expected(const struct config_row *row, struct buf *out)
{
	switch (row->kind) {
	case CONFIG_UINT:
		buf_printf(out, "an integer %u to %u", row->min, row->max);
		return;
	case CONFIG_BOOL:
		buf_put(out, STR("true or false"));
		return;
	case CONFIG_ENUM:
		expect_enum(row->names, out);
		return;
	case CONFIG_LIST:
		buf_printf(out, "a list of at most %d items, each %s", CONFIG_LIST_MAX, row->check->expected);
		return;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		buf_put(out, str_of(row->check->expected));
	}
}

void config_rows_name(const struct config_row *row, struct buf *out)
{
	buf_printf(out, "%s%s%s", row->section, row->section[0] ? "." : "", row->name);
}

static void put_place(const struct config_source *source, struct config_mark at)
{
	bool known = at.line > 0;
	buf_printf(source->why, "%s:%u:%u: ", source->name, known ? at.line : 1, known ? at.column : 1);
}

int config_rows_fail(const struct config_source *source, struct config_mark at, const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_place(source, at);
	buf_put(source->why, str_of(text));
	return E_CONFIG;
}

int config_rows_fail_value(const struct config_source *source, unsigned row, struct config_mark at, struct str what)
{
	put_place(source, at.line > 0 ? at : source->places[row].key);
	config_rows_name(&config_rows[row], source->why);
	buf_put(source->why, STR(": "));
	buf_put(source->why, what);
	buf_put(source->why, STR("; expected "));
	config_rows_expected(&config_rows[row], source->why);
	return E_CONFIG;
}
