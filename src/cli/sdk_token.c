/* mintmark token, exec, curl: a token on standard output, in a program's environment, in a request. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "cli/sdk.h"
#include "json/json.h"

enum { STATUS_NO_PROGRAM = 127 };

/* What a token says of its end, when it is a JWT; for --json. */
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
	int status = sdk_open(cli, &client);
	if (status == EXIT_OK)
		status = sdk_token(client, token);
	if (status != EXIT_OK)
		return status;
	if (cli->json)
		print_json(token);
	else
		puts(token);
	secret_wipe(token, sizeof(token));
	return EXIT_OK;
}
