/* mintmark config check | reference. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/transport.h"
#include "json/json.h"

enum { REFERENCE_MAX = 1 << 20 };

int config_cmd_check(struct cli *cli)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(buf_done) struct buf text;
	const char *path = transport_config_path(cli_value(cli, OPT_CONFIG));
	struct json_out out;
	buf_init(&text, CONFIG_TEXT_MAX);
	int status = transport_load_config(path, &config);
	if (status != EXIT_OK)
		return status;
	if (!cli->json) {
		printf("%s is valid; the issuer is %.*s\n", path, STR_ARG(config->issuer));
		return EXIT_OK;
	}
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_bool(&out, "valid", true);
	json_str(&out, "file", str_of(path));
	json_str(&out, "issuer", config->issuer);
	json_close(&out, '}');
	printf("%.*s\n", STR_ARG(buf_str(&text)));
	return EXIT_OK;
}

int config_cmd_reference(struct cli *cli)
{
	(void)cli;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, REFERENCE_MAX);
	config_reference(&text);
	fwrite(text.p, 1, text.len, stdout);
	return EXIT_OK;
}
