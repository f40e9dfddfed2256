/* Configuration files: refused with a place and a reason in one line, or accepted with every value inside its range. */
#include "config/config_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct config *config, const struct buf *why)
{
	struct str text = buf_str(why), name = STR("dir/m.yaml:");
	if (config || text.len <= name.len || !str_has_prefix(text, name) || str_find(text, '\n') < text.len)
		__builtin_trap();
}

static void check_values(const struct config *config)
{
	for (unsigned i = 0; i < CONFIG_ROWS; i++) {
		const struct config_row *row = &config_rows[i];
		const char *at = (const char *)config + row->offset;
		uint32_t value;
		memcpy(&value, at, sizeof(value));
		if (row->kind == CONFIG_UINT && (value < row->min || value > row->max))
			__builtin_trap();
		if (row->kind == CONFIG_ENUM && value >= row->names->n)
			__builtin_trap();
		if (row->kind == CONFIG_LIST && ((const struct str_list *)(const void *)at)->n > CONFIG_LIST_MAX)
			__builtin_trap();
	}
	if (!config_check_issuer.ok(config->issuer) || !config->endpoints || config->listen.n == 0)
		__builtin_trap();
	(void)config_trusts(config, STR("192.0.2.1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	buf_init_fixed(&why, mem, sizeof(mem));
	int rc = config_parse("dir/m.yaml", str_mem(data, size), &config, &why);
	if (rc == 0)
		check_values(config);
	else if (rc == E_CONFIG)
		check_refusal(config, &why);
	else
		__builtin_trap();
	config_unref(config);
	return 0;
}
