/* Clients for commands; see sdk.h. */
#include "cli/sdk.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/print.h"
#include "client/settings.h"

enum { SCOPE_MAX = 4096, TEXT_MAX = 1024 };

void sdk_close(mintmark_client **client)
{
	mintmark_client_free(*client);
	*client = NULL;
}

int sdk_fail(mintmark_client *client, int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{MINTMARK_ERROR_ARGUMENT, EXIT_USAGE},        {MINTMARK_ERROR_NO_CREDENTIALS, EXIT_NOT_FOUND},
		{MINTMARK_ERROR_NETWORK, EXIT_UNREACHABLE},   {MINTMARK_ERROR_TIMEOUT, EXIT_UNREACHABLE},
		{MINTMARK_ERROR_BUSY, EXIT_UNREACHABLE},      {MINTMARK_ERROR_STATUS, EXIT_UNREACHABLE},
		{MINTMARK_ERROR_REFUSED, EXIT_USAGE},         {MINTMARK_ERROR_STORAGE, EXIT_UNREACHABLE},
	};
	char text[TEXT_MAX];
	int status = EXIT_FAILED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			status = rows[i].status;
	(void)mintmark_client_explain(client, text, sizeof(text));
	return args_fail(status, "%s", text);
}

static void join_scopes(struct cli *cli, struct buf *out)
{
	const struct cli_values *scopes = &cli->values[OPT_SDK_SCOPE];
	for (unsigned i = 0; i < scopes->n; i++) {
		buf_put(out, i > 0 ? STR(" ") : STR(""));
		buf_put(out, str_of(scopes->v[i]));
	}
	buf_put_char(out, '\0');
}

void sdk_variable(const mintmark_client_options *options, const char *name, char ret_name[SDK_VARIABLE_MAX])
{
	snprintf(ret_name, SDK_VARIABLE_MAX, "%s_%s", options->prefix ? options->prefix : SETTINGS_PREFIX, name);
}

/* What would be used: the option, or the variable. */
static int check_storage(struct cli *cli, const mintmark_client_options *options)
{
	char name[SDK_VARIABLE_MAX];
	enum storage_place unused;
	sdk_variable(options, "LOGIN_STORAGE", name);
	const char *option = cli_value(cli, OPT_LOGIN_STORAGE), *value = option ? option : secure_getenv(name);
	if (!value || !value[0] || storage_find(str_of(value), &unused))
		return EXIT_OK;
	return args_fail(EXIT_USAGE, "%s%s %s: must be auto, file, keyring or secret-service", option ? "" : "$",
			 option ? "--storage" : name, value);
}

int sdk_read_names(struct cli *cli, mintmark_client_options *options)
{
	options->app = cli_value(cli, OPT_SDK_APP);
	options->prefix = cli_value(cli, OPT_SDK_PREFIX);
	options->issuer = cli_value(cli, OPT_SDK_ISSUER);
	options->login_storage = cli_value(cli, OPT_LOGIN_STORAGE);
	if (options->app && !settings_is_app(str_of(options->app)))
		return args_fail(EXIT_USAGE, "--app %s: must be at most 64 of A-Z a-z 0-9 _ - . and begin with no dot",
				 options->app);
	if (options->prefix && !settings_is_prefix(str_of(options->prefix)))
		return args_fail(EXIT_USAGE, "--prefix %s: must be at most 64 of A-Z 0-9 _", options->prefix);
	if (options->issuer && args_want_url("--issuer", options->issuer) != EXIT_OK)
		return EXIT_USAGE;
	return check_storage(cli, options);
}

int sdk_open(struct cli *cli, mintmark_client **ret_client)
{
	_cleanup_(buf_done) struct buf scope;
	int64_t timeout_s = 0;
	buf_init(&scope, SCOPE_MAX);
	join_scopes(cli, &scope);
	const char *timeout = cli_value(cli, OPT_TIMEOUT);
	if (buf_status(&scope) < 0)
		return args_fail(EXIT_USAGE, "--scope: too long");
	if (timeout && (when_duration(str_of(timeout), &timeout_s) < 0 || timeout_s < 1 || timeout_s > 600))
		return args_fail(EXIT_USAGE, "--timeout: must be between 1s and 10m");
	mintmark_client_options options = {
		.size = sizeof(options),
		.scope = scope.p,
		.audience = cli_value(cli, OPT_SDK_AUDIENCE),
		.login_client_id = cli_value(cli, OPT_LOGIN_CLIENT),
		.ca_file = cli_value(cli, OPT_CA_FILE),
		.timeout_ms = (uint32_t)timeout_s * 1000,
	};
	int status = sdk_read_names(cli, &options);
	if (status != EXIT_OK)
		return status;
	int rc = mintmark_client_new(&options, ret_client);
	if (rc < 0)
		return args_fail(rc == MINTMARK_ERROR_ARGUMENT ? EXIT_USAGE : EXIT_FAILED, "%s",
				 mintmark_error_text(rc));
	return EXIT_OK;
}

int sdk_token(mintmark_client *client, char ret_token[MINTMARK_TOKEN_MAX])
{
	char text[TEXT_MAX];
	int rc = mintmark_client_token(client, ret_token, MINTMARK_TOKEN_MAX);
	if (rc < 0)
		return sdk_fail(client, rc);
	(void)mintmark_client_explain(client, text, sizeof(text));
	if (strcmp(text, "All is well.") != 0) {
		fputs("mintmark: warning: ", stderr);
		print_safe(stderr, str_of(text));
		fputc('\n', stderr);
	}
	return EXIT_OK;
}
