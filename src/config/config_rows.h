/*
 * The rows of config.def as a table, and what the files config*.c share. Private to them and their tests.
 * Constant data; the functions are pure unless they say otherwise.
 */
#ifndef CONFIG_CONFIG_ROWS_H
#define CONFIG_CONFIG_ROWS_H

#include "config/config.h"

/* CONFIG_ROW_<section>_<name>; options of the top level: CONFIG_ROW__<name>. */
enum config_row_index {
#define CONFIG_SECTION(section, doc)
#define CONFIG_OPTION(section, name, kind, preset, reload, doc) CONFIG_ROW_##section##_##name,
#define CONFIG_SECTION_END(section)
#include "config/config.def"
#undef CONFIG_SECTION
#undef CONFIG_OPTION
#undef CONFIG_SECTION_END
	CONFIG_ROWS
};

enum config_kind { CONFIG_UINT, CONFIG_BOOL, CONFIG_ENUM, CONFIG_TEXT, CONFIG_PATH, CONFIG_LIST };

/* The words of an enumeration; the index is the value. */
struct config_names {
	const char *const *v;
	unsigned n;
};

/* A test of one text value, and what to say when it fails. */
struct config_check {
	bool (*ok)(struct str value);
	const char *expected;
};

struct config_row {
	const char *section; /* "" at the top level */
	const char *name;
	enum config_kind kind;
	uint32_t min, max;                /* CONFIG_UINT */
	const struct config_names *names; /* CONFIG_ENUM */
	const struct config_check *check; /* CONFIG_TEXT, CONFIG_PATH, CONFIG_LIST */
	const char *preset;
	bool reload;
	const char *doc;
	size_t offset;                    /* of the member in struct config */
};

struct config_section {
	const char *name, *doc;
};

enum { CONFIG_SECTIONS_MAX = 32 };

extern const struct config_row config_rows[CONFIG_ROWS];
extern const struct config_section config_rows_sections[];
extern const unsigned config_rows_n_sections;

/* The row of an option, CONFIG_ROWS when there is none. section: empty at the top level. */
unsigned config_rows_find(struct str section, struct str name);
/* The index of a section that has a name, config_rows_n_sections when there is none. */
unsigned config_rows_find_section(struct str name);
/* "an integer 60 to 86400", "true or false" ...; appended. */
void config_rows_expected(const struct config_row *row, struct buf *out);
/* "tokens.access_lifetime_s"; appended. */
void config_rows_name(const struct config_row *row, struct buf *out);

/* Where something stands in the file; lines and columns count from 1. Line 0: nowhere, it is a default. */
struct config_mark {
	unsigned line, column;
};

struct config_place {
	struct config_mark key, value;
	struct config_mark items[CONFIG_LIST_MAX]; /* CONFIG_LIST */
};

/* One file on its way to a struct config. */
struct config_source {
	const char *name;
	struct str text;
	struct buf *why;
	struct config_place places[CONFIG_ROWS];
};

/* A value as libcyaml (or the default) gave it; one slot per row. */
union config_slot {
	uint32_t u;
	bool b;
	char *text;
	struct {
		char **v;
		uint32_t n;
	} list;
};

/* Append "name:line:column: " and the text to source->why. Returns E_CONFIG. */
must_check int config_rows_fail(const struct config_source *source, struct config_mark at, const char *fmt, ...)
	printf_like(3, 4);
/*
 * The same about an option: "...: <what>; expected <the row's kind>". at.line 0: where the key stands, or the file's
 * start. Returns E_CONFIG.
 */
must_check int config_rows_fail_value(const struct config_source *source, unsigned row, struct config_mark at,
	struct str what);

/* config_scan.c: structure and positions, by libyaml's events. Fills source->places. E_CONFIG, E_NOMEM. */
must_check int config_scan(struct config_source *source);

/*
 * config_schema.c: values by libcyaml; slots of options that are not in the file stay zero. Free with
 * config_schema_free. E_CONFIG, E_NOMEM.
 */
must_check int config_schema_load(const struct config_source *source, union config_slot **ret_slots);
void config_schema_free(union config_slot *slots);

/* config_check.c */
extern const struct config_check config_check_issuer, config_check_endpoint, config_check_network, config_check_path,
	config_check_master_key, config_check_alg, config_check_origin, config_check_relay, config_check_address,
	config_check_name, config_check_scope, config_check_domain,
	config_check_grant_type;
/* E_SYNTAX. */
must_check int config_check_parse_endpoint(struct str text, struct config_endpoint *ret_endpoint);
/* Contradictions between options. E_CONFIG. */
must_check int config_check_combined(const struct config *config, const struct config_source *source);

#endif
