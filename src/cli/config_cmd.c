/* mintmark config check | reference. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/transport.h"
#include "crypto/tls.h"
#include "json/json.h"

enum { REFERENCE_MAX = 1 << 20, TLS_WHY_MAX = 512, ANSWER_MAX = 1 << 16 };

/* What a check found; line 0: no place in the file. The texts are borrowed. */
struct finding {
	bool valid;
	struct str message;
	uint64_t line, column;
};

/* "file:line:column: message" apart; anything else is a message without a place. */
static struct finding read_why(const char *path, struct str why)
{
	struct finding found = {.message = why};
	struct str line, column, rest;
	size_t len = strlen(path);
	if (!str_has_prefix(why, str_of(path)) || why.len <= len || why.p[len] != ':')
		return found;
	rest = (struct str){why.p + len + 1, why.len - len - 1};
	if (!str_cut(rest, ':', &line, &rest) || !str_cut(rest, ':', &column, &rest) ||
	    str_to_u64(line, UINT32_MAX, &found.line) < 0 || str_to_u64(column, UINT32_MAX, &found.column) < 0)
		return (struct finding){.message = str_trim_ows((struct str){why.p + len + 1, why.len - len - 1})};
	found.message = str_trim_ows(rest);
	return found;
}

/* Read them as the server will, and forget them: who may not read the key can not serve with it. */
static int check_tls(const struct config *config, struct buf *why)
{
	char reason[TLS_WHY_MAX] = "";
	struct tls_context *context = NULL;
	if (!config->tls_enabled)
		return 0;
	int rc = tls_context_open(config->tls.certificate.p, config->tls.key.p, reason, sizeof(reason), &context);
	if (rc < 0)
		buf_printf(why, "%s: tls.certificate %s, tls.key %s: %s", config->file.p, config->tls.certificate.p,
			   config->tls.key.p, reason[0] ? reason : err_row(rc)->text);
	else
		tls_context_unref(context);
	return rc;
}

/* One shape, whatever was found. */
static void print_finding(const char *path, const struct finding *found)
{
	_cleanup_(buf_done) struct buf text;
	struct json_out out;
	buf_init(&text, ANSWER_MAX);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_bool(&out, "valid", found->valid);
	json_str(&out, "file", str_of(path));
	json_int(&out, "line", (int64_t)found->line);
	json_int(&out, "column", (int64_t)found->column);
	json_str(&out, "message", found->message);
	json_close(&out, '}');
	printf("%.*s\n", STR_ARG(buf_str(&text)));
}

int config_cmd_check(struct cli *cli)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(buf_done) struct buf why;
	const char *path = transport_config_path(cli_value(cli, OPT_CONFIG));
	buf_init(&why, 2 * CONFIG_WHY_MAX);
	int rc = config_load(path, &config, &why);
	if (rc == 0)
		rc = check_tls(config, &why);
	if (rc < 0 && why.len == 0)
		buf_printf(&why, "%s: %s", path, err_row(rc)->text);
	if (rc == 0)
		buf_printf(&why, "the issuer is %.*s", STR_ARG(config->issuer));
	struct finding found = rc < 0 ? read_why(path, buf_str(&why)) : (struct finding){true, buf_str(&why), 0, 0};
	if (cli->json)
		print_finding(path, &found);
	else if (rc == 0)
		printf("%s is valid; %.*s\n", path, STR_ARG(buf_str(&why)));
	else
		return args_fail(EXIT_FAILED, "%.*s", STR_ARG(buf_str(&why)));
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
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
