/*
 * What the commands of the client SDK share: a client by the command line's options, and its troubles. Single-threaded.
 */
#ifndef CLI_SDK_H
#define CLI_SDK_H

#include "cli/cli.h"
#include "mintmark/client.h"

/* A client of the options --issuer, --scope, --audience, --ca-file, --timeout. Exit status. */
must_check int sdk_open(struct cli *cli, mintmark_client **ret_client);
void sdk_close(mintmark_client **client); /* for _cleanup_ */
/* Say why the last call failed. Returns the exit status of the code. */
int sdk_fail(mintmark_client *client, int code);
/* A token, NUL-terminated; what is worth a warning is said. Exit status. */
must_check int sdk_token(mintmark_client *client, char ret_token[MINTMARK_TOKEN_MAX]);

#endif
