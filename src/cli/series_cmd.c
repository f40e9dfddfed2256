/*
 * mintmark series: the time-series API as a daemon; see series/series_main.h. This file only turns the command line
 * into its options.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "series/series_main.h"

enum { WHY_MAX = 4096, SOCKET_MODE = 0660 };

#define DEFAULT_DB "var/series.db"

/* What the options point into. */
struct parts {
	struct daemon_listen listen[DAEMON_LISTEN_MAX];
	struct series_main_options options;
};

static int read_listen(struct cli *cli, struct parts *parts)
{
	const struct cli_values *given = &cli->values[OPT_LISTEN];
	if (given->n == 0 || given->n > DAEMON_LISTEN_MAX)
		return args_fail(EXIT_USAGE, "--listen is needed, at most %d times", DAEMON_LISTEN_MAX);
	for (unsigned i = 0; i < given->n; i++) {
		parts->listen[i].mode = SOCKET_MODE;
		if (addr_parse_endpoint(str_of(given->v[i]), &parts->listen[i].endpoint) < 0)
			return args_fail(EXIT_USAGE, "--listen %s: must be address:port, [v6]:port or unix:/path",
					 given->v[i]);
	}
	parts->options.listen = parts->listen;
	parts->options.n_listen = given->n;
	return EXIT_OK;
}

static int read_revocation(struct cli *cli, struct parts *parts)
{
	static const char *const words[] = {"closed", "open", "off"};
	const char *text = cli_value(cli, OPT_REVOCATION);
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text && strcmp(text, words[i]) != 0)
			continue;
		parts->options.revocation = (enum series_main_revocation)i;
		return EXIT_OK;
	}
	return args_fail(EXIT_USAGE, "--revocation %s: must be closed, open or off", text);
}

static int read_texts(struct cli *cli, struct parts *parts)
{
	static const enum cli_opt needed[] = {OPT_GATE_ISSUER, OPT_GATE_AUDIENCE};
	struct series_main_options *options = &parts->options;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!cli_has(cli, needed[i]))
			return args_fail(EXIT_USAGE, "--%s is needed; see mintmark series --help",
					 cli_options[needed[i]].name);
	options->db = cli_has(cli, OPT_SERIES_DB) ? cli_value(cli, OPT_SERIES_DB) : DEFAULT_DB;
	options->issuer = cli_value(cli, OPT_GATE_ISSUER);
	options->audience = cli_value(cli, OPT_GATE_AUDIENCE);
	options->environment = cli_value(cli, OPT_ENVIRONMENT);
	options->ca_file = cli_value(cli, OPT_CA_FILE);
	options->plain_http = cli_has(cli, OPT_PLAIN_HTTP);
	return args_want_url("--issuer", options->issuer);
}

int series_cmd_serve(struct cli *cli)
{
	static int (*const readers[])(struct cli *cli, struct parts *parts) = {
		read_listen, read_revocation, read_texts};
	static struct parts parts;
	char why_mem[WHY_MAX];
	struct buf why;
	int status = EXIT_OK;
	for (size_t i = 0; status == EXIT_OK && i < sizeof(readers) / sizeof(readers[0]); i++)
		status = readers[i](cli, &parts);
	if (status != EXIT_OK)
		return status;
	umask(077); /* the database holds what only tokens may open */
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	int rc = series_main(&parts.options, &why);
	if (rc == E_TIMEOUT) /* threads still run: nothing may be taken apart */
		_Exit(EXIT_OK);
	if (rc < 0)
		return why.len > 0 ? args_fail(args_status(rc), "series: %.*s", STR_ARG(buf_str(&why)))
				   : args_fail_code(rc, "series");
	return EXIT_OK;
}
