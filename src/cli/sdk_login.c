/* mintmark login and logout; see mintmark/client.h. The QR code of a device login is drawn with half blocks. */
#include <qrencode.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/print.h"
#include "cli/sdk.h"

enum { QUIET = 2, WAIT_MAX_S = 1800, TEXT_MAX = 1024 };

static bool is_dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1);
}

/*
 * Light modules are drawn, dark ones are the gaps: right on a terminal with a dark background, and scanners read both.
 */
static void print_code(const QRcode *code)
{
	static const char *const halves[] = {"\u2588", "\u2580", "\u2584", " "};
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		for (int x = -QUIET; x < code->width + QUIET; x++)
			fputs(halves[is_dark(code, x, y) * 2 + is_dark(code, x, y + 1)], stderr);
		fputc('\n', stderr);
	}
}

static void print_qr(const char *url)
{
	QRcode *code = url[0] && isatty(STDERR_FILENO) ? QRcode_encodeString8bit(url, 0, QR_ECLEVEL_L) : NULL;
	if (code)
		print_code(code);
	QRcode_free(code);
}

static void show_device(const mintmark_login_prompt *prompt)
{
	print_qr(prompt->complete_url);
	fputs("To log in, open this address on any device:\n  ", stderr);
	print_safe(stderr, str_of(prompt->url));
	fputs("\nand enter the code\n  ", stderr);
	print_safe(stderr, str_of(prompt->user_code));
	fputs("\n", stderr);
}

static void show(void *arg, const mintmark_login_prompt *prompt)
{
	(void)arg;
	if (prompt->way == MINTMARK_LOGIN_DEVICE) {
		show_device(prompt);
		return;
	}
	fputs(prompt->opened ? "Log in in the browser window that just opened, or open this address:\n  "
			     : "To log in, open this address in a browser on this machine:\n  ",
	      stderr);
	print_safe(stderr, str_of(prompt->url));
	fputc('\n', stderr);
}

static int read_wait(struct cli *cli, uint32_t *ret_ms)
{
	const char *text = cli_value(cli, OPT_LOGIN_WAIT);
	int64_t wait_s = 0;
	if (text && (when_duration(str_of(text), &wait_s) < 0 || wait_s < 1 || wait_s > WAIT_MAX_S))
		return args_fail(EXIT_USAGE, "--wait: must be between 1s and 30m");
	*ret_ms = (uint32_t)wait_s * 1000;
	return EXIT_OK;
}

/* What came of it. */
static void say(mintmark_client *client)
{
	char text[TEXT_MAX];
	(void)mintmark_client_explain(client, text, sizeof(text));
	print_safe(stderr, str_of(text));
	fputc('\n', stderr);
}

int sdk_login_run(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	mintmark_login_options options = {.size = sizeof(options), .show = show};
	options.way = cli_has(cli, OPT_LOGIN_DEVICE) ? MINTMARK_LOGIN_DEVICE : MINTMARK_LOGIN_ANY;
	options.no_browser = cli_has(cli, OPT_LOGIN_NO_BROWSER);
	if (options.no_browser && options.way == MINTMARK_LOGIN_ANY)
		options.way = MINTMARK_LOGIN_BROWSER;
	int status = read_wait(cli, &options.timeout_ms);
	if (status == EXIT_OK)
		status = sdk_open(cli, &client);
	if (status != EXIT_OK)
		return status;
	int rc = mintmark_client_login(client, &options);
	if (rc < 0)
		return sdk_fail(client, rc);
	say(client);
	return EXIT_OK;
}

int sdk_login_end(struct cli *cli)
{
	_cleanup_(sdk_close) mintmark_client *client = NULL;
	int status = sdk_open(cli, &client);
	if (status != EXIT_OK)
		return status;
	int rc = mintmark_client_logout(client);
	if (rc < 0)
		return sdk_fail(client, rc);
	fputs("You are logged out. ", stderr);
	say(client);
	return EXIT_OK;
}
