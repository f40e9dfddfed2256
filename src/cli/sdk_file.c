/*
 * mintmark token-file: one process holds the secret, workers read tokens (mintmark/client.h, place 3). The file is
 * replaced whole, early enough that whoever reads it finds a token with life in it. Runs until a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "cli/files.h"
#include "cli/sdk.h"
#include "client/client.h"

enum { LOOK_MS = 1000, S_NS = 1000000000, RETRY_LOOKS = 5 };

static int read_mode(struct cli *cli, mode_t *ret_mode)
{
	const char *text = cli_value(cli, OPT_MODE);
	unsigned mode = 0;
	for (const char *p = text ? text : "0600"; *p; p++) {
		if (*p < '0' || *p > '7' || mode > 0777)
			return args_fail(EXIT_USAGE, "--mode %s: must be octal, such as 0640", text);
		mode = mode * 8 + (unsigned)(*p - '0');
	}
	if (mode > 0777 || (mode & 0133) || (mode & 0600) != 0600)
		return args_fail(EXIT_USAGE, "--mode %s: only the owner may write it, nobody may run it", text);
	*ret_mode = (mode_t)mode;
	return EXIT_OK;
}

/* The token that the client has now, as a file. */
static void make_file(mintmark_client *client, const char *token, struct buf *out)
{
	struct grant grant;
	grant_init(&grant);
	buf_put(&grant.token, str_of(token));
	grant.obtained_s = clock_now_s(&clock_system);
	grant.life_s = (atomic_load(&client->slot.usable_until_ns) - clock_boot_ns()) / S_NS;
	grant_emit_file(&grant, out);
	grant_done(&grant);
}

/* Write the token unless it stands there already; last: what was written, "" before the first. Exit status. */
static int update(mintmark_client *client, const char *path, mode_t mode, char last[MINTMARK_TOKEN_MAX])
{
	_cleanup_(buf_done) struct buf text;
	char token[MINTMARK_TOKEN_MAX];
	buf_init(&text, 2 * MINTMARK_TOKEN_MAX);
	int status = sdk_token(client, token);
	bool is_there = last[0] && strcmp(token, last) == 0 && access(path, F_OK) == 0; /* or somebody tidied up */
	if (status == EXIT_OK && !is_there) {
		make_file(client, token, &text);
		if (buf_status(&text) < 0 || files_write(path, mode, buf_str(&text)) < 0)
			status = args_fail(EXIT_FAILED, "%s can not be written: %s", path, strerror(errno));
		else
			memcpy(last, token, sizeof(token));
	}
	secret_wipe(token, sizeof(token));
	return status;
}

/* A signal ends what is under way, too: a server that does not answer must not hold up a restart. */
static struct mintmark_client *maintained;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&maintained->cancelled, true);
}

static bool watch_signals(mintmark_client *client)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}; /* poll(2) never restarts */
	maintained = client;
	return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0;
}

static bool is_over(const mintmark_client *client) { return atomic_load(&client->cancelled); }

/* False: there was none because somebody wants us to end; everything else is said later. */
static bool prepare(mintmark_client *client)
{
	char token[MINTMARK_TOKEN_MAX];
	int rc = mintmark_client_token(client, token, sizeof(token));
	secret_wipe(token, sizeof(token));
	return rc != MINTMARK_ERROR_CANCELLED;
}

/* Clients renew a token when it is due, so asking each second costs nothing and is never late. */
static int maintain(mintmark_client *client, const char *path, mode_t mode, char last[MINTMARK_TOKEN_MAX])
{
	int looks = 0; /* since the last failure: one line each, not one a second */
	if (!watch_signals(client))
		return args_fail(EXIT_FAILED, "signals can not be waited for");
	while (!is_over(client)) {
		(void)poll(NULL, 0, LOOK_MS);
		if (is_over(client) || (looks > 0 && looks++ < RETRY_LOOKS))
			continue;
		if (prepare(client))
			looks = update(client, path, mode, last) != EXIT_OK;
	}
	return EXIT_OK;
}

int sdk_file_run(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	char last[MINTMARK_TOKEN_MAX] = "";
	mode_t mode = 0;
	int status = read_mode(cli, &mode);
	if (status == EXIT_OK)
		status = sdk_open(cli, &client);
	if (status == EXIT_OK)
		status = update(client, cli->operands[0], mode, last);
	if (status == EXIT_OK && cli_has(cli, OPT_MAINTAIN))
		status = maintain(client, cli->operands[0], mode, last);
	secret_wipe(last, sizeof(last));
	return status;
}
