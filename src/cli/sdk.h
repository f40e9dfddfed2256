/*
 * What the commands of the client SDK share: a client by the command line's options, and its troubles. Single-threaded.
 */
#ifndef CLI_SDK_H
#define CLI_SDK_H

#include "cli/cli.h"
#include "mintmark/client.h"

enum { SDK_VARIABLE_MAX = 96 };

/*
 * The options --app, --prefix, --issuer, --storage, and that $PREFIX_LOGIN_STORAGE is a place; says what is wrong. Exit
 * status.
 */
must_check int sdk_read_names(struct cli *cli, mintmark_client_options *options);
/* $PREFIX_NAME: its name. */
void sdk_variable(const mintmark_client_options *options, const char *name, char ret_name[SDK_VARIABLE_MAX]);
/* A client of the options --app, --prefix, --issuer, --scope, --audience, --ca-file, --timeout. Exit status. */
must_check int sdk_open(struct cli *cli, mintmark_client **ret_client);
void sdk_close(mintmark_client **client); /* for _cleanup_ */
/* Say why the last call failed. Returns the exit status of the code. */
int sdk_fail(mintmark_client *client, int code);
/* A token, NUL-terminated; what is worth a warning is said. Exit status. */
must_check int sdk_token(mintmark_client *client, char ret_token[MINTMARK_TOKEN_MAX]);

#endif
