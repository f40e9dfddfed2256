/*
 * docs/configuration.md from the rows of config.def; see config.h. A test compares the page in the repository with
 * this output.
 */
#include "config/config_rows.h"

static void put_preset(const struct config_row *row, struct buf *out)
{
	if (!row->preset)
		buf_put(out, STR("required"));
	else if (row->preset[0] == '\0')
		buf_put(out, row->kind == CONFIG_LIST ? STR("`[]`") : STR("none"));
	else if (row->kind != CONFIG_LIST)
		buf_printf(out, "`%s`", row->preset);
	else {
		struct str item, rest = str_of(row->preset);
		buf_put(out, STR("`["));
		while (str_cut(rest, ' ', &item, &rest))
			buf_printf(out, "%.*s, ", STR_ARG(item));
		buf_printf(out, "%.*s]`", STR_ARG(rest));
	}
}

static void put_option(const struct config_row *row, struct buf *out)
{
	buf_put(out, STR("| `"));
	config_rows_name(row, out);
	buf_put(out, STR("` | "));
	config_rows_expected(row, out);
	buf_put(out, STR(" | "));
	put_preset(row, out);
	buf_printf(out, " | %s | %s |\n", row->reload ? "yes" : "no", row->doc);
}

void config_reference(struct buf *out)
{
	static const char intro[] =
		"# Configuration\n\n"
		"Made by `mintmark config reference` from the table of options; do not edit.\n\n"
		"The file is YAML: at most 64 KiB, one document, no aliases, anchors or tags. Relative paths are\n"
		"relative to the folder of the file. `mintmark config check` tells whether a file is good; a bad\n"
		"one is refused with file, line, column and what was expected. *Reload* says whether SIGHUP applies\n"
		"a change; the other options need a restart.\n";
	buf_put(out, STR(intro));
	for (unsigned i = 0; i < config_rows_n_sections; i++) {
		const struct config_section *section = &config_rows_sections[i];
		buf_printf(out, "\n## %s\n\n%s\n\n", section->name[0] ? section->name : "Top level", section->doc);
		buf_put(out, STR("| Option | Value | Default | Reload | Meaning |\n|---|---|---|---|---|\n"));
		for (unsigned row = 0; row < CONFIG_ROWS; row++)
			if (strcmp(config_rows[row].section, section->name) == 0)
				put_option(&config_rows[row], out);
	}
}
