/*
 * mintmark token, exec, curl, whoami: a token on standard output, in a program's environment, in a request, and whose
 * it is. A token or a secret must never stand in argv, where every process of the machine sees it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/print.h"
#include "cli/sdk.h"
#include "json/json.h"

enum { ARGS_MAX = 1024, TEXT_MAX = 65536, SOURCE_MAX = 4096, LABEL_WIDTH = 28 };

/* The beginning of all four: a client and a token. Exit status. */
static int begin(struct cli *cli, mintmark_client **client, char ret_token[MINTMARK_TOKEN_MAX])
{
	int status = sdk_open(cli, client);
	if (status != EXIT_OK)
		return status;
	if (cli_has(cli, OPT_SDK_FRESH))
		mintmark_client_forget(*client);
	return sdk_token(*client, ret_token);
}

static void print_json(const char *token)
{
	_cleanup_(buf_done) struct buf text;
	struct json_out json;
	buf_init(&text, 2 * MINTMARK_TOKEN_MAX);
	json_out_init(&json, &text);
	json_open(&json, NULL, '{');
	json_bool(&json, "ok", true);
	json_str(&json, "access_token", str_of(token));
	json_str(&json, "token_type", STR("Bearer"));
	json_close(&json, '}');
	printf("%.*s\n", STR_ARG(buf_str(&text)));
}

int sdk_token_run(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	char token[MINTMARK_TOKEN_MAX];
	int status = begin(cli, &client, token);
	if (status != EXIT_OK)
		return status;
	if (cli->json)
		print_json(token);
	else
		puts(token);
	secret_wipe(token, sizeof(token));
	return EXIT_OK;
}

/* Only when it fails. */
static int run(char *const *argv)
{
	(void)fflush(NULL);
	execvp(argv[0], argv);
	return args_fail(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, "%s can not be run: %s", argv[0],
			 strerror(errno));
}

static bool is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	return name[0] && strspn(name, letters) == strlen(name) && !(name[0] >= '0' && name[0] <= '9');
}

int sdk_token_exec(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	char token[MINTMARK_TOKEN_MAX];
	char variables[3][SDK_VARIABLE_MAX];
	mintmark_client_options names = {.size = sizeof(names)};
	int status = sdk_read_names(cli, &names);
	if (status != EXIT_OK)
		return status;
	sdk_variable(&names, "TOKEN", variables[0]);
	sdk_variable(&names, "CLIENT_SECRET", variables[1]);
	sdk_variable(&names, "CLIENT_SECRET_FILE", variables[2]);
	const char *name = cli_has(cli, OPT_VARIABLE) ? cli_value(cli, OPT_VARIABLE) : variables[0];
	if (!is_name(name))
		return args_fail(EXIT_USAGE, "--variable %s: must be letters, digits and underscores", name);
	status = begin(cli, &client, token);
	if (status != EXIT_OK)
		return status;
	int rc = setenv(name, token, 1);
	secret_wipe(token, sizeof(token));
	/* what the program needs is the token alone */
	if (rc != 0 || unsetenv(variables[1]) != 0 || unsetenv(variables[2]) != 0)
		return args_fail(EXIT_FAILED, "there is no memory for the environment");
	return run(cli->rest);
}

/* curl reads the header from a file in memory, which goes with the process. -1: it can't be made. */
static int make_config(const char *token)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, MINTMARK_HEADER_MAX + 64);
	/* else an address without a scheme takes the token in the clear */
	buf_put(&text, STR("proto-default = https\n"));
	buf_printf(&text, "header = \"Authorization: Bearer %s\"\n", token); /* b64token: nothing to quote */
	int fd = memfd_create("mintmark", 0); /* curl inherits it */
	bool ok = fd >= 0 && buf_status(&text) == 0 && write(fd, text.p, text.len) == (ssize_t)text.len &&
		  lseek(fd, 0, SEEK_SET) == 0;
	return ok ? fd : -1;
}

int sdk_token_curl(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	char token[MINTMARK_TOKEN_MAX], path[64], program[] = "curl", option[] = "--config";
	char *argv[ARGS_MAX] = {program, option, path};
	if (cli->n_operands > ARGS_MAX - 4)
		return args_fail(EXIT_USAGE, "there are too many operands");
	for (unsigned i = 0; i < cli->n_operands; i++)
		argv[3 + i] = cli->rest[i];
	int status = begin(cli, &client, token);
	if (status != EXIT_OK)
		return status;
	int fd = make_config(token);
	secret_wipe(token, sizeof(token));
	if (fd < 0)
		return args_fail(EXIT_FAILED, "curl's configuration can not be made: %s", strerror(errno));
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return run(argv);
}

/* A row of its own, below the claims. */
static void print_source(mintmark_client *client)
{
	char text[SOURCE_MAX];
	if (mintmark_client_source(client, text, sizeof(text)) < 0)
		return; /* there was a token a moment ago: nothing to fail for */
	printf("%-*s", LABEL_WIDTH, "credentials");
	print_safe(stdout, str_of(text));
	putchar('\n');
}

int sdk_token_whoami(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	_cleanup_(json_freep) struct json *claims = NULL;
	char text[TEXT_MAX];
	int status = sdk_open(cli, &client);
	if (status != EXIT_OK)
		return status;
	int rc = mintmark_client_whoami(client, text, sizeof(text));
	if (rc < 0)
		return sdk_fail(client, rc);
	if (cli->json) {
		puts(text);
		return EXIT_OK;
	}
	if (json_parse_object(str_of(text), &claims) < 0)
		return args_fail(EXIT_FAILED, "the answer can not be read");
	print_object(claims);
	print_source(client);
	return EXIT_OK;
}
