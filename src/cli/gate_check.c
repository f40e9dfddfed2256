/* mintmark gate check: the operations of OpenAPI documents with the scopes they need, and what looks like a mistake. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/gate_docs.h"
#include "cli/gate_live.h"
#include "cli/print.h"

struct check {
	struct cli *cli;
	struct openapi *set;
	struct gate_live *live; /* NULL: without a server */
	struct buf text;
	struct json_out out;
	size_t warnings;
};

static void warn(struct check *check, const struct openapi_operation *operation, const char *what, struct str detail)
{
	_cleanup_(buf_done) struct buf line;
	buf_init(&line, 4096);
	buf_printf(&line, "%.*s %.*s: %.*s%s", STR_ARG(operation->method), STR_ARG(operation->path), STR_ARG(detail),
		   what);
	check->warnings++;
	json_open(&check->out, NULL, '{');
	json_str(&check->out, "document", operation->document);
	json_int(&check->out, "line", operation->line);
	json_str(&check->out, "message", buf_str(&line));
	json_close(&check->out, '}');
	if (check->cli->json)
		return;
	fputs("mintmark: warning: ", stderr);
	print_safe(stderr, operation->document);
	fprintf(stderr, ":%u: ", operation->line);
	print_safe(stderr, buf_str(&line));
	fputc('\n', stderr);
}

static void warn_scopes(struct check *check, const struct openapi_operation *operation)
{
	for (size_t i = 0; i < operation->undeclared.n; i++)
		warn(check, operation, " is a scope that no oauth2 scheme of the document declares",
		     operation->undeclared.v[i]);
	for (size_t i = 0; check->live && i < operation->n_alternatives; i++)
		for (size_t k = 0; k < operation->alternatives[i].n; k++)
			if (!gate_live_has_scope(check->live, operation->alternatives[i].v[k]))
				warn(check, operation, " is no scope of the API at the server",
				     operation->alternatives[i].v[k]);
}

static void warn_of(struct check *check, const struct openapi_operation *operation)
{
	if (operation->access == OPENAPI_ACCESS_PUBLIC)
		warn(check, operation, operation->declared ? "public" : "public, because no security is declared",
		     STR(""));
	if (operation->access == OPENAPI_ACCESS_REFUSED)
		warn(check, operation, "nobody can call it: no alternative can be satisfied by a token of the issuer",
		     STR(""));
	for (size_t i = 0; i < operation->notes.n; i++)
		warn(check, operation, ", so an alternative can not be satisfied", operation->notes.v[i]);
	warn_scopes(check, operation);
}

static void emit_operation(struct check *check, const struct openapi_operation *operation)
{
	struct json_out *out = &check->out;
	json_open(out, NULL, '{');
	json_str(out, "method", operation->method);
	json_str(out, "path", operation->path);
	json_str(out, "operation_id", operation->id);
	gate_docs_emit(operation, "needs", out);
	json_str(out, "document", operation->document);
	json_int(out, "line", operation->line);
	json_close(out, '}');
}

static void emit(struct check *check)
{
	json_open(&check->out, NULL, '{');
	json_open(&check->out, "operations", '[');
	for (size_t i = 0; i < openapi_count(check->set); i++)
		emit_operation(check, openapi_at(check->set, i));
	json_close(&check->out, ']');
	json_open(&check->out, "warnings", '[');
	for (size_t i = 0; i < openapi_count(check->set); i++)
		warn_of(check, openapi_at(check->set, i));
	json_close(&check->out, ']');
	json_close(&check->out, '}');
}

static int print(struct check *check)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *operations;
	emit(check);
	if (buf_status(&check->text) < 0)
		return args_fail_code(buf_status(&check->text), "the list of operations");
	if (check->cli->json) {
		fwrite(check->text.p, 1, check->text.len, stdout);
		putchar('\n');
		return EXIT_OK;
	}
	if (json_parse_object_max(buf_str(&check->text), GATE_DOCS_OUT_MAX, &doc) < 0 ||
	    json_get_array(doc, "operations", &operations) < 0)
		return args_fail_code(E_NOMEM, "the list of operations");
	print_table("operations", operations, true);
	printf("%zu operations, %zu warnings\n", openapi_count(check->set), check->warnings);
	return EXIT_OK;
}

int gate_check_run(struct cli *cli)
{
	const struct cli_values *files = &cli->values[OPT_CHECK_OPENAPI];
	const char *audience = cli_value(cli, OPT_LIVE_AUDIENCE);
	_cleanup_(openapi_freep) struct openapi *set = NULL;
	_cleanup_(gate_live_close) struct gate_live live = {0};
	struct check check = {.cli = cli};
	if (files->n == 0)
		return args_fail(EXIT_USAGE, "--openapi is missing; see mintmark gate check --help");
	if ((cli_has(cli, OPT_CONFIG) || cli_has(cli, OPT_SERVER)) && !audience)
		return args_fail(EXIT_USAGE, "--config and --server are for --audience, which is missing");
	int status = gate_docs_load(files->v, files->n, cli_value(cli, OPT_BASE_PATH),
				    cli_value(cli, OPT_CHECK_ISSUER), &set);
	if (status == EXIT_OK && audience)
		status = gate_live_open(&live, cli, audience);
	if (status != EXIT_OK)
		return status;
	check.set = set;
	check.live = audience ? &live : NULL;
	buf_init(&check.text, GATE_DOCS_OUT_MAX);
	json_out_init(&check.out, &check.text);
	status = print(&check);
	buf_done(&check.text);
	return status;
}
