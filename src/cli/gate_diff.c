/*
 * mintmark gate diff: operations whose requirement differs between two OpenAPI documents, and which live clients would
 * lose or gain access by it. Exit status as diff(1): 0 no difference, 1 differences, above: trouble.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/gate_docs.h"
#include "cli/gate_live.h"
#include "cli/print.h"

struct change {
	const char *what;
	const struct openapi_operation *before, *after; /* NULL: absent */
};

struct diff {
	struct openapi *before, *after;
	struct change *changes;
	size_t n_changes;
	struct buf text;
	struct json_out out;
};

/* --- what differs --- */

static bool includes(struct str_list larger, struct str_list smaller)
{
	for (size_t i = 0; i < smaller.n; i++)
		if (!str_list_has(larger, smaller.v[i]))
			return false;
	return true;
}

/* Whether every token that a lets in is let in by b too. */
static bool admits_all_of(const struct openapi_operation *b, const struct openapi_operation *a)
{
	if (b->access == OPENAPI_ACCESS_PUBLIC || a->access == OPENAPI_ACCESS_REFUSED)
		return true;
	if (a->access == OPENAPI_ACCESS_PUBLIC || b->access == OPENAPI_ACCESS_REFUSED)
		return false;
	for (size_t i = 0; i < a->n_alternatives; i++) {
		bool covered = false;
		for (size_t k = 0; !covered && k < b->n_alternatives; k++)
			covered = includes(a->alternatives[i], b->alternatives[k]);
		if (!covered)
			return false;
	}
	return true;
}

static const char *compare(const struct openapi_operation *before, const struct openapi_operation *after)
{
	if (!before || !after)
		return before ? "removed" : "added";
	bool keeps = admits_all_of(after, before), adds = !admits_all_of(before, after);
	if (keeps)
		return adds ? "loosened" : NULL;
	return adds ? "changed" : "tightened";
}

static void add_change(struct diff *diff, const struct openapi_operation *before,
		       const struct openapi_operation *after)
{
	const char *what = compare(before, after);
	if (what)
		diff->changes[diff->n_changes++] = (struct change){what, before, after};
}

/* Names of parameters don't matter: operations of one shape are the same operation. */
static int order(const struct openapi_operation *a, const struct openapi_operation *b)
{
	int shapes = str_cmp(a->shape, b->shape);
	return shapes != 0 ? shapes : str_cmp(a->method, b->method);
}

static int find_changes(struct diff *diff)
{
	size_t n = openapi_count(diff->before), m = openapi_count(diff->after), i = 0, k = 0;
	diff->changes = calloc(n + m + 1, sizeof(*diff->changes));
	if (!diff->changes)
		return args_fail_code(E_NOMEM, "gate diff");
	while (i < n || k < m) {
		const struct openapi_operation *before = i < n ? openapi_at(diff->before, i) : NULL;
		const struct openapi_operation *after = k < m ? openapi_at(diff->after, k) : NULL;
		int way = !before ? 1 : !after ? -1 : order(before, after);
		add_change(diff, way <= 0 ? before : NULL, way >= 0 ? after : NULL);
		i += way <= 0;
		k += way >= 0;
	}
	return EXIT_OK;
}

/* --- saying it --- */

static void emit_place(struct diff *diff, const struct change *change)
{
	const struct openapi_operation *operation = change->after ? change->after : change->before;
	json_str(&diff->out, "method", operation->method);
	json_str(&diff->out, "path", operation->path);
}

static void emit_changes(struct diff *diff)
{
	struct json_out *out = &diff->out;
	json_open(out, "changes", '[');
	for (size_t i = 0; i < diff->n_changes; i++) {
		const struct change *change = &diff->changes[i];
		json_open(out, NULL, '{');
		json_str(out, "change", str_of(change->what));
		emit_place(diff, change);
		gate_docs_emit(change->before, "before", out);
		gate_docs_emit(change->after, "after", out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void on_client(void *arg, const struct gate_live_client *client)
{
	struct diff *diff = arg;
	for (size_t i = 0; i < diff->n_changes; i++) {
		const struct change *change = &diff->changes[i];
		bool had = gate_docs_admits(change->before, client->scope);
		if (had == gate_docs_admits(change->after, client->scope))
			continue;
		json_open(&diff->out, NULL, '{');
		json_str(&diff->out, "client_id", client->id);
		json_str(&diff->out, "client_name", client->name);
		json_str(&diff->out, "effect", had ? STR("loses") : STR("gains"));
		emit_place(diff, change);
		json_close(&diff->out, '}');
	}
}

static int emit_clients(struct cli *cli, struct diff *diff)
{
	_cleanup_(gate_live_close) struct gate_live live = {0};
	const char *audience = cli_value(cli, OPT_LIVE_AUDIENCE);
	if (!audience)
		return EXIT_OK;
	int status = gate_live_open(&live, cli, audience);
	if (status != EXIT_OK)
		return status;
	json_open(&diff->out, "affected", '[');
	status = gate_live_each(&live, on_client, diff);
	json_close(&diff->out, ']');
	return status;
}

static int print(struct cli *cli, struct diff *diff)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *rows;
	if (buf_status(&diff->text) < 0)
		return args_fail_code(buf_status(&diff->text), "the list of changes");
	if (cli->json) {
		fwrite(diff->text.p, 1, diff->text.len, stdout);
		putchar('\n');
		return EXIT_OK;
	}
	if (json_parse_object_max(buf_str(&diff->text), GATE_DOCS_OUT_MAX, &doc) < 0)
		return args_fail_code(E_NOMEM, "the list of changes");
	if (json_get_array(doc, "changes", &rows) == 0)
		print_table("changes", rows, true);
	if (json_get_array(doc, "affected", &rows) == 0) {
		printf("%s%s", diff->n_changes > 0 ? "\n" : "",
		       json_array_len(rows) == 0 ? "No live client loses or gains access.\n" : "");
		print_table("affected", rows, true);
	}
	return EXIT_OK;
}

static int run(struct cli *cli, struct diff *diff)
{
	const char *prefix = cli_value(cli, OPT_BASE_PATH), *issuer = cli_value(cli, OPT_CHECK_ISSUER);
	if ((cli_has(cli, OPT_CONFIG) || cli_has(cli, OPT_SERVER)) && !cli_has(cli, OPT_LIVE_AUDIENCE))
		return args_fail(EXIT_USAGE, "--config and --server are for --audience, which is missing");
	int status = gate_docs_load(&cli->operands[0], 1, prefix, issuer, &diff->before);
	if (status == EXIT_OK)
		status = gate_docs_load(&cli->operands[1], 1, prefix, issuer, &diff->after);
	if (status == EXIT_OK)
		status = find_changes(diff);
	if (status != EXIT_OK)
		return status;
	json_open(&diff->out, NULL, '{');
	emit_changes(diff);
	status = emit_clients(cli, diff);
	json_close(&diff->out, '}');
	return status == EXIT_OK ? print(cli, diff) : status;
}

int gate_diff_run(struct cli *cli)
{
	struct diff diff = {0};
	buf_init(&diff.text, GATE_DOCS_OUT_MAX);
	json_out_init(&diff.out, &diff.text);
	int status = run(cli, &diff);
	if (status == EXIT_FAILED) /* 1 means differences */
		status = EXIT_USAGE;
	if (status == EXIT_OK && diff.n_changes > 0)
		status = EXIT_FAILED;
	free(diff.changes);
	buf_done(&diff.text);
	openapi_free(diff.before);
	openapi_free(diff.after);
	return status;
}
