/* argv -> struct cli by the tables; see cli.h. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/print.h"

enum { LONG_BASE = 1000, ERROR_MAX = 16384 };

static bool errors_as_json; /* --json was given */

/* The same members as an answer that refuses. */
static void put_json_error(int status, struct str text)
{
	static const int codes[] = {
		[EXIT_FAILED] = E_INTERNAL,       [EXIT_USAGE] = E_INVALID_REQUEST,      [EXIT_NOT_FOUND] = E_ABSENT,
		[EXIT_IS_CONFLICT] = E_CONFLICT,  [EXIT_UNREACHABLE] = E_UNAVAILABLE,
	};
	bool known = status > 0 && (size_t)status < sizeof(codes) / sizeof(codes[0]);
	const struct err_row *row = err_row(known ? codes[status] : E_INVALID_REQUEST);
	_cleanup_(buf_done) struct buf line;
	struct json_out out;
	buf_init(&line, ERROR_MAX);
	json_out_init(&out, &line);
	json_open(&out, NULL, '{');
	json_bool(&out, "ok", false);
	json_str(&out, "error", str_of(row->wire));
	json_str(&out, "error_description", text);
	buf_printf(&line, ",\"code\":\"E_%s\"}", row->symbol);
	fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&line)));
}

int args_want_url(const char *option, const char *value)
{
	static const char *const schemes[] = {"https://", "http://"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(value, schemes[i], strlen(schemes[i])) == 0 && value[strlen(schemes[i])] != '\0')
			return EXIT_OK;
	return args_fail(EXIT_USAGE, "%s %s: must be an http or https URL", option, value);
}

int args_fail(int status, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (errors_as_json) {
		put_json_error(status, str_of(text));
		return status;
	}
	fputs("mintmark: ", stderr);
	print_safe(stderr, str_of(text));
	fputc('\n', stderr);
	return status;
}

int args_status(int code)
{
	static const struct {
		int code, status;
	} rows[] = {
		{E_ABSENT, EXIT_NOT_FOUND},       {E_NOT_FOUND, EXIT_NOT_FOUND},     {E_EXISTS, EXIT_IS_CONFLICT},
		{E_CONFLICT, EXIT_IS_CONFLICT},   {E_LOCKED, EXIT_UNREACHABLE},      {E_STORE, EXIT_UNREACHABLE},
		{E_SIGNER, EXIT_UNREACHABLE},     {E_TIMEOUT, EXIT_UNREACHABLE},     {E_UNAVAILABLE, EXIT_UNREACHABLE},
		{E_IO, EXIT_UNREACHABLE},         {E_INVALID_REQUEST, EXIT_USAGE},   {E_INVALID_SCOPE, EXIT_USAGE},
		{E_INVALID_TARGET, EXIT_USAGE},   {E_TOO_LARGE, EXIT_USAGE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return rows[i].status;
	return EXIT_FAILED;
}

int args_fail_code(int code, const char *fmt, ...)
{
	char text[2048];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return args_fail(args_status(code), "%s: %s", text, err_row(code)->text);
}

/* How many leading words of argv make up the command's path; 0 when they don't. */
static int match(const struct cli_command *command, int argc, char **argv)
{
	struct str rest = str_of(command->path), word;
	int n = 0;
	for (bool more = true; more; n++) {
		more = str_cut(rest, ' ', &word, &rest);
		if (!more)
			word = rest;
		if (n >= argc || !str_eq(word, str_of(argv[n])))
			return 0;
	}
	return n;
}

/* The longest path that argv begins with. */
static const struct cli_command *find_command(int argc, char **argv, int *ret_words)
{
	const struct cli_command *best = NULL;
	*ret_words = 0;
	for (unsigned i = 0; i < cli_n_commands; i++) {
		int words = match(&cli_commands[i], argc, argv);
		if (words > *ret_words) {
			best = &cli_commands[i];
			*ret_words = words;
		}
	}
	return best;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* No command: help, version, or a group of commands such as "client". */
static int without_command(int argc, char **argv)
{
	if (argc == 0) {
		help_general();
		return EXIT_USAGE;
	}
	if (strcmp(argv[0], "--version") == 0) {
		puts("mintmark " MINTMARK_VERSION);
		return EXIT_OK;
	}
	if (is_help(argv[0]) && argc == 1) {
		help_general();
		return EXIT_OK;
	}
	if (argv[0][0] == '-')
		return args_fail(EXIT_USAGE, "%s: options follow the command; see mintmark --help", argv[0]);
	char group[64];
	bool two_words = argc > 1 && argv[1][0] != '-';
	snprintf(group, sizeof(group), "%s%s%s", argv[0], two_words ? " " : "", two_words ? argv[1] : "");
	if (help_group(group))
		return argc > 1 + two_words && is_help(argv[1 + two_words]) ? EXIT_OK : EXIT_USAGE;
	return args_fail(EXIT_USAGE, "there is no command '%s'; see mintmark --help", group);
}

/* getopt's table for one command: its options and --help. */
static void list_options(const struct cli_command *command, struct option *ret_list)
{
	size_t n = 0;
	ret_list[n++] = (struct option){"help", no_argument, NULL, LONG_BASE + OPT_HELP};
	for (size_t i = 0; i < sizeof(command->options) / sizeof(command->options[0]) &&
	     command->options[i] != OPT_END; i++) {
		const struct cli_option *row = &cli_options[command->options[i]];
		ret_list[n++] = (struct option){row->name, row->value ? required_argument : no_argument, NULL,
						LONG_BASE + (int)command->options[i]};
	}
	ret_list[n] = (struct option){0};
}

static int add_value(struct cli *cli, enum cli_opt opt, const char *value)
{
	struct cli_values *values = &cli->values[opt];
	if (values->n == sizeof(values->v) / sizeof(values->v[0]))
		return args_fail(-1, "--%s is there too often", cli_options[opt].name);
	values->v[values->n++] = value ? value : "";
	return 0;
}

/* A short option, of which we have none but -h: it is meant for the program that is run (mintmark curl -s URL). */
static bool is_others(const struct cli_command *command, const char *arg)
{
	return command->others && arg && arg[0] == '-' && arg[1] && arg[1] != '-' && strcmp(arg, "-h") != 0;
}

static int read_options(struct cli *cli, int argc, char **argv)
{
	struct option list[sizeof(cli->command->options) / sizeof(cli->command->options[0]) + 2];
	int found;
	list_options(cli->command, list);
	optind = 1;
	/* "+": options end with the first operand */
	while (!is_others(cli->command, argv[optind]) &&
	       (found = getopt_long(argc, argv, cli->command->others ? "+h" : "h", list, NULL)) != -1) {
		if (found == '?')
			return args_fail(-1, "see mintmark %s --help", cli->command->path);
		if (add_value(cli, found == 'h' ? OPT_HELP : (enum cli_opt)(found - LONG_BASE), optarg) < 0)
			return -1;
	}
	return 0;
}

static unsigned count_operands(const char *operands, bool required_only)
{
	unsigned n = 0;
	for (const char *p = operands; *p; p++)
		n += (p == operands || p[-1] == ' ') && !(required_only && *p == '[');
	return n;
}

static int read_operands(struct cli *cli, int argc, char **argv)
{
	const char *wanted = cli->command->operands;
	unsigned n = (unsigned)(argc - optind);
	bool repeats = strstr(wanted, "...") != NULL;
	if (n < count_operands(wanted, true) || (n > count_operands(wanted, false) && !repeats))
		return args_fail(-1, "usage: mintmark %s%s%s [options]; see --help", cli->command->path,
				 wanted[0] ? " " : "", wanted);
	cli->rest = argv + optind;
	cli->n_operands = n;
	for (unsigned i = 0; i < n && i < sizeof(cli->operands) / sizeof(cli->operands[0]); i++)
		cli->operands[i] = argv[optind + (int)i];
	return 0;
}

/* How many leading words are options that may stand before the command. */
static int count_leading(int argc, char **argv)
{
	int n = 0;
	while (n < argc) {
		bool config = strcmp(argv[n], "--config") == 0;
		if (!config && strcmp(argv[n], "--json") != 0 && strncmp(argv[n], "--config=", 9) != 0)
			break;
		n += config ? 2 : 1;
	}
	return n < argc ? n : argc;
}

/* The first n words go behind the next m. */
static void move_behind(char **argv, int n, int m)
{
	for (int i = 0; i < m; i++) {
		char *word = argv[n + i];
		memmove(&argv[i + 1], &argv[i], (size_t)n * sizeof(*argv));
		argv[i] = word;
	}
}

int args_parse(struct cli *cli, int argc, char **argv, int *ret_status)
{
	int words, leading = count_leading(argc - 1, argv + 1);
	*cli = (struct cli){.command = find_command(argc - 1 - leading, argv + 1 + leading, &words)};
	*ret_status = EXIT_USAGE;
	if (!cli->command) {
		*ret_status = without_command(argc - 1 - leading, argv + 1 + leading);
		return -1;
	}
	move_behind(argv + 1, leading, words);
	/* getopt takes the last word of the path for the program's name */
	char program[] = "mintmark";
	argv[words] = program;
	if (read_options(cli, argc - words, argv + words) < 0)
		return -1;
	if (cli_has(cli, OPT_HELP)) {
		help_command(cli->command);
		*ret_status = EXIT_OK;
		return -1;
	}
	cli->json = errors_as_json = cli_has(cli, OPT_JSON);
	return read_operands(cli, argc - words, argv + words);
}
