/* Commands that are one operation: options -> request, answer -> table, JSON and exit status; see cli.h. */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/transport.h"

enum { SECRET_MAX = 1024 };

static const char *auth_method(const char *word)
{
	static const struct {
		const char *word, *method;
	} rows[] = {{"any", "any"}, {"basic", "client_secret_basic"}, {"post", "client_secret_post"}, {"none", "none"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].method;
	return word; /* the server says what is allowed */
}

static void put_texts(struct json_out *out, const struct cli_option *option, const struct cli_values *values)
{
	json_open(out, option->param, '[');
	for (unsigned i = 0; i < values->n; i++)
		json_str(out, NULL, str_of(values->v[i]));
	json_close(out, ']');
}

static struct str grant_type(const char *word)
{
	static const struct {
		const char *word, *type;
	} rows[] = {{"code", "authorization_code"}, {"refresh", "refresh_token"}, {"self", "client_credentials"},
		    {"device", "urn:ietf:params:oauth:grant-type:device_code"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return str_of(rows[i].type);
	return str_of(word); /* the server says what is allowed */
}

static void put_grants(struct json_out *out, const struct cli_option *option, const struct cli_values *values)
{
	json_open(out, option->param, '[');
	for (unsigned i = 0; i < values->n; i++)
		json_str(out, NULL, grant_type(values->v[i]));
	json_close(out, ']');
}

static void put_words(struct json_out *out, const struct cli_option *option, const struct cli_values *values)
{
	_cleanup_(buf_done) struct buf joined;
	buf_init(&joined, ADMIN_REQUEST_MAX);
	for (unsigned i = 0; i < values->n; i++)
		buf_printf(&joined, "%s%s", i > 0 ? " " : "", values->v[i]);
	json_str(out, option->param, buf_str(&joined));
}

/* "NAME DESCRIPTION": a scope name has no blank (RFC 6749 3.3), and may well have a colon. */
static void put_scopes(struct json_out *out, const struct cli_option *option, const struct cli_values *values)
{
	json_open(out, option->param, '[');
	for (unsigned i = 0; i < values->n; i++) {
		struct str name = str_of(values->v[i]), description = {0}, head, tail;
		if (str_cut(name, ' ', &head, &tail)) {
			name = head;
			description = tail;
		}
		json_open(out, NULL, '{');
		json_str(out, "name", name);
		json_str(out, "description", description);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static int put_number(struct json_out *out, const struct cli_option *option, const char *text)
{
	uint64_t value;
	if (str_to_u64(str_of(text), INT64_MAX, &value) < 0)
		return args_fail(-1, "--%s: '%s' is no number", option->name, text);
	json_int(out, option->param, (int64_t)value);
	return 0;
}

static int put_when(struct json_out *out, const struct cli_option *option, const char *text)
{
	bool moment = option->form == FORM_MOMENT;
	int64_t value;
	int rc = moment ? when_moment(str_of(text), clock_now_s(&clock_system), &value)
			: when_duration(str_of(text), &value);
	if (rc < 0)
		return args_fail(-1, "--%s: '%s' is no %s", option->name, text,
				 moment ? "date, time (2027-01-31T12:00:00Z) or duration (90d)"
					: "duration (3600, 90s, 15m, 1h)");
	json_int(out, option->param, value);
	return 0;
}

static int put_option(struct json_out *out, const struct cli_option *option, const struct cli_values *values)
{
	const char *last = values->v[values->n - 1];
	switch (option->form) {
	case FORM_TEXTS:
		put_texts(out, option, values);
		break;
	case FORM_NO_TEXTS:
		put_texts(out, option, &(struct cli_values){.n = 0});
		break;
	case FORM_WORDS:
		put_words(out, option, values);
		break;
	case FORM_SCOPES:
		put_scopes(out, option, values);
		break;
	case FORM_TRUE:
	case FORM_FALSE:
		json_bool(out, option->param, option->form == FORM_TRUE);
		break;
	case FORM_NUMBER:
		return put_number(out, option, last);
	case FORM_DURATION:
	case FORM_MOMENT:
		return put_when(out, option, last);
	case FORM_GRANTS:
		put_grants(out, option, values);
		break;
	case FORM_PUBLIC:
	case FORM_NATIVE:
		json_str(out, option->param, option->form == FORM_PUBLIC ? STR("none") : STR("native"));
		break;
	case FORM_AUTH:
		json_str(out, option->param, str_of(auth_method(last)));
		break;
	default:
		json_str(out, option->param, str_of(last));
	}
	return 0;
}

/* On a terminal what is typed is not shown. */
static size_t read_hidden(FILE *file, char *text, size_t size)
{
	struct termios before, hidden;
	bool terminal = tcgetattr(fileno(file), &before) == 0;
	if (terminal) {
		fputs("Secret: ", stderr);
		hidden = before;
		hidden.c_lflag &= (tcflag_t)~ECHO;
		tcsetattr(fileno(file), TCSAFLUSH, &hidden);
	}
	size_t len = terminal && fgets(text, (int)size, file) ? strlen(text) : 0;
	if (!terminal)
		len = fread(text, 1, size, file);
	if (terminal) {
		tcsetattr(fileno(file), TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return len;
}

/* Chosen secrets come by file or standard input, never by argv, where every process sees them. */
static int put_secret(struct cli *cli, struct json_out *out)
{
	const char *path = cli_value(cli, OPT_SECRET_FILE);
	char text[SECRET_MAX];
	if (!path && !cli_has(cli, OPT_SECRET_STDIN))
		return 0;
	FILE *file = path ? fopen(path, "re") : stdin;
	if (!file)
		return args_fail(-1, "%s can not be read", path);
	setvbuf(file, NULL, _IONBF, 0); /* no second copy of the secret */
	size_t len = read_hidden(file, text, sizeof(text));
	if (path)
		fclose(file);
	if (len > 0 && len < sizeof(text) && text[len - 1] == '\n')
		len--;
	cli->odd_secret = !str_is_unreserved((struct str){text, len});
	json_str(out, "client_secret", (struct str){text, len});
	secret_wipe(text, sizeof(text));
	return 0;
}

static int put_args(struct cli *cli, struct json_out *out)
{
	for (unsigned i = 0; i < cli->n_operands; i++)
		json_str(out, cli->command->params[i], str_of(cli->operands[i]));
	for (enum cli_opt opt = OPT_END + 1; opt < OPT_COUNT; opt++)
		if (cli->values[opt].n > 0 && cli_options[opt].param)
			TRY(put_option(out, &cli_options[opt], &cli->values[opt]));
	return put_secret(cli, out);
}

/* after: where the next page starts; empty on the first one. E_...: printed. */
static int build(struct cli *cli, struct str after, int64_t after_seq, struct buf *request)
{
	struct json_out out;
	json_out_init(&out, request);
	json_open(&out, NULL, '{');
	json_str(&out, "op", str_of(cli->command->op));
	json_open(&out, "args", '{');
	TRY(put_args(cli, &out));
	if (after.len > 0)
		json_str(&out, "after", after);
	if (after_seq > 0)
		json_int(&out, "after_seq", after_seq);
	json_close(&out, '}');
	json_close(&out, '}');
	return buf_status(request) < 0 ? args_fail(-1, "the request is too large") : 0;
}

static int confirm(struct cli *cli)
{
	char answer[16] = "";
	const char *what = cli->command->confirm;
	if (!what || cli_has(cli, OPT_YES))
		return EXIT_OK;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli->command->strict ? args_fail(EXIT_USAGE, "%s Without a terminal say --yes.", what) : EXIT_OK;
	fprintf(stderr, "%s Go on? [y/N] ", what);
	if (!fgets(answer, sizeof(answer), stdin) || (strcmp(answer, "y\n") != 0 && strcmp(answer, "yes\n") != 0))
		return args_fail(EXIT_FAILED, "nothing was changed");
	return EXIT_OK;
}

static bool is_said(const struct cli *cli, const char *param)
{
	for (enum cli_opt opt = OPT_END + 1; opt < OPT_COUNT; opt++)
		if (cli_has(cli, opt) && cli_options[opt].param && strcmp(cli_options[opt].param, param) == 0)
			return true;
	return false;
}

/* Before anything is asked for: what the operation would refuse without the names of options. */
static int check_required(struct cli *cli)
{
	const struct cli_command *command = cli->command;
	for (size_t i = 0; i < sizeof(command->options) / sizeof(command->options[0]); i++) {
		enum cli_opt opt = command->options[i];
		if (opt != OPT_END && help_is_required(command, opt) && !is_said(cli, cli_options[opt].param))
			return args_fail(EXIT_USAGE, "--%s is missing; see mintmark %s --help", cli_options[opt].name,
					 command->path);
	}
	return EXIT_OK;
}

/* A refusal begins with the parameter's name: say what the user typed instead. */
static int fail_named(struct cli *cli, int status, struct str text)
{
	struct str first, rest;
	const struct cli_command *command = cli->command;
	if (!str_cut(text, ' ', &first, &rest))
		return args_fail(status, "%.*s", STR_ARG(text));
	if (str_eq(first, STR("client_secret")))
		return args_fail(status, "the secret %.*s", STR_ARG(rest));
	for (enum cli_opt opt = OPT_END + 1; opt < OPT_COUNT; opt++)
		if (cli_has(cli, opt) && cli_options[opt].param && str_eq(first, str_of(cli_options[opt].param)))
			return args_fail(status, "--%s %.*s", cli_options[opt].name, STR_ARG(rest));
	for (size_t i = 0; i < sizeof(command->params) / sizeof(command->params[0]); i++)
		if (command->params[i] && str_eq(first, str_of(command->params[i])))
			return args_fail(status, "'%s' %.*s", cli->operands[i], STR_ARG(rest));
	return args_fail(status, "%.*s", STR_ARG(text));
}

static int report(struct cli *cli, const struct json *doc)
{
	struct str code = STR(""), text = STR("the server gave no reason");
	_cleanup_(buf_done) struct buf json;
	buf_init(&json, ADMIN_ANSWER_MAX);
	if (json_get_str(doc, "code", &code) < 0 || json_get_str(doc, "error_description", &text) < 0)
		return args_fail(EXIT_FAILED, "the answer is no answer of a Mintmark server");
	if (!cli->json)
		return fail_named(cli, args_status(ask_code(code)), text);
	json_dump(doc, &json);
	fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&json)));
	return args_status(ask_code(code));
}

static void print_json(const struct json *value)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, ADMIN_ANSWER_MAX);
	json_dump(value, &text);
	fwrite(text.p, 1, text.len, stdout);
}

/* One page of a list. page counts from 0. */
static void print_page(struct cli *cli, const struct json *array, unsigned page, bool *any)
{
	const struct json *object;
	if (!cli->json) {
		print_table(cli->command->list, array, page == 0);
		return;
	}
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_object(array, i, &object) < 0)
			continue;
		if (*any)
			putchar(',');
		*any = true;
		print_json(object);
	}
}

static void print_result(struct cli *cli, const struct json *result)
{
	if (cli->odd_secret) /* RFC 6749 2.3.1: Basic carries id and secret form-encoded */
		fputs("mintmark: note: the secret has characters outside A-Z a-z 0-9 . _ ~ -; clients that use HTTP "
		      "Basic must form-encode it first.\n", stderr);
	if (cli->json) {
		print_json(result);
		putchar('\n');
		return;
	}
	print_object(result);
	if (json_has(result, "client_secret"))
		fputs("\nThe secret is shown only now. Keep it where only the client can read it.\n", stderr);
}

/* Send one request and take the answer apart. Exit status; on EXIT_OK the result lives in *ret_doc. */
static int request_one(struct cli *cli, struct transport *transport, struct str request, struct json **ret_doc,
		       const struct json **ret_result)
{
	_cleanup_(buf_done) struct buf answer;
	bool ok;
	buf_init(&answer, ADMIN_ANSWER_MAX);
	int status = transport_ask(transport, request, &answer);
	if (status != EXIT_OK)
		return status;
	if (json_parse_object_max(buf_str(&answer), ADMIN_ANSWER_MAX, ret_doc) < 0)
		return args_fail(EXIT_FAILED, "the answer is no JSON");
	if (json_get_bool(*ret_doc, "ok", &ok) < 0 || !ok || json_get_object(*ret_doc, "result", ret_result) < 0)
		return report(cli, *ret_doc);
	return EXIT_OK;
}

/* All pages, or one when --limit says how much. */
static int run_list(struct cli *cli, struct transport *transport)
{
	char after[128] = "";
	int64_t after_seq = 0;
	bool any = false, more = true;
	for (unsigned page = 0; more; page++) {
		_cleanup_(json_freep) struct json *doc = NULL;
		_cleanup_(buf_done) struct buf request;
		const struct json *result = NULL, *array;
		struct str next;
		buf_init(&request, ADMIN_REQUEST_MAX);
		if (build(cli, str_of(after), after_seq, &request) < 0)
			return EXIT_USAGE;
		int status = request_one(cli, transport, buf_str(&request), &doc, &result);
		if (status != EXIT_OK)
			return status;
		if (page == 0 && cli->json)
			printf("{\"%s\":[", cli->command->list);
		if (json_get_array(result, cli->command->list, &array) == 0)
			print_page(cli, array, page, &any);
		more = false;
		if (cli_has(cli, OPT_LIMIT))
			continue;
		/* the pages to come start where this one ends */
		cli->values[OPT_AFTER].n = cli->values[OPT_AFTER_SEQ].n = 0;
		if (json_get_str(result, "next", &next) == 0 && next.len < sizeof(after)) {
			snprintf(after, sizeof(after), "%.*s", STR_ARG(next));
			more = true;
		}
		if (json_get_int(result, "next_seq", &after_seq) == 0)
			more = true;
	}
	if (cli->json)
		puts("]}");
	return EXIT_OK;
}

static int run_one(struct cli *cli, struct transport *transport, struct str request)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result = NULL;
	int status = request_one(cli, transport, request, &doc, &result);
	if (status == EXIT_OK)
		print_result(cli, result);
	return status;
}

int op_run(struct cli *cli)
{
	_cleanup_(buf_done) struct buf request;
	_cleanup_(transport_close) struct transport transport = {0};
	buf_init(&request, ADMIN_REQUEST_MAX);
	int status = transport_choose(&transport, cli);
	if (status == EXIT_OK)
		status = check_required(cli);
	if (status == EXIT_OK)
		status = confirm(cli);
	if (status != EXIT_OK)
		return status;
	if (!cli->command->list && build(cli, STR(""), 0, &request) < 0)
		return EXIT_USAGE;
	status = transport_open(&transport, cli->command->keys, false);
	if (status != EXIT_OK)
		return status;
	return cli->command->list ? run_list(cli, &transport) : run_one(cli, &transport, buf_str(&request));
}
