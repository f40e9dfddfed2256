/* --help and shell completion, made from the tables; see cli.h. */
#include "cli/cli.h"

#include <stdio.h>

#include "admin/admin.h"

enum { COLUMN = 28, WIDTH = 100 };

/* text behind column `from`, broken at blanks before WIDTH, further lines indented. */
static void put_wrapped(const char *text, int from)
{
	int at = from;
	for (const char *word = text; *word;) {
		int len = (int)strcspn(word, " ");
		if (at > from && at + 1 + len > WIDTH) {
			printf("\n%*s", from, "");
			at = from;
		}
		at += printf("%s%.*s", at > from ? " " : "", len, word);
		word += len;
		word += *word == ' ';
	}
	putchar('\n');
}

static void put_row(const char *left, const char *doc)
{
	int n = printf("  %s", left);
	if (n >= COLUMN - 1) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", COLUMN - n, "");
	put_wrapped(doc, COLUMN);
}

static void put_command_row(const struct cli_command *command)
{
	char left[128];
	snprintf(left, sizeof(left), "%s%s%s", command->path, command->operands[0] ? " " : "", command->operands);
	put_row(left, command->doc);
}

void help_general(void)
{
	puts("Usage: mintmark COMMAND [options]\n\n"
	     "An OAuth 2.0 authorization server: issues, checks and revokes access tokens.\n\nCommands:");
	for (unsigned i = 0; i < cli_n_commands; i++)
		put_command_row(&cli_commands[i]);
	puts("\nOptions follow the command; --json and --config may also stand before it. Every command has --help.\n"
	     "Those that administrate talk to the running server over its control socket, "
	     "or open the store themselves\n"
	     "when no server runs.\n\n"
	     "Exit status: 0 done; 1 refused or failed; 2 wrong usage; 3 not found; 4 conflict; 5 store, server or "
	     "keyd not to be reached.");
}

static bool in_group(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(path, prefix, len) == 0 && path[len] == ' ';
}

bool help_group(const char *prefix)
{
	bool any = false;
	for (unsigned i = 0; i < cli_n_commands; i++) {
		if (!in_group(cli_commands[i].path, prefix))
			continue;
		if (!any)
			printf("Usage: mintmark %s COMMAND [options]\n\nCommands:\n", prefix);
		any = true;
		put_command_row(&cli_commands[i]);
	}
	return any;
}

/* Another option of the command that says the same parameter, such as --no-roles beside --role; OPT_END: none. */
static enum cli_opt find_other(const struct cli_command *command, enum cli_opt opt)
{
	for (size_t i = 0; i < sizeof(command->options) / sizeof(command->options[0]); i++) {
		const char *param = cli_options[command->options[i]].param;
		if (command->options[i] != opt && param && strcmp(param, cli_options[opt].param) == 0)
			return command->options[i];
	}
	return OPT_END;
}

bool help_is_required(const struct cli_command *command, enum cli_opt opt)
{
	return command->op && cli_options[opt].param && admin_op_requires(command->op, cli_options[opt].param);
}

static void put_option_row(const struct cli_command *command, enum cli_opt opt)
{
	const struct cli_option *row = &cli_options[opt];
	char left[128], doc[512], or[64] = "";
	snprintf(left, sizeof(left), "--%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
	if (!help_is_required(command, opt)) {
		put_row(left, row->doc);
		return;
	}
	enum cli_opt other = find_other(command, opt);
	if (other != OPT_END)
		snprintf(or, sizeof(or), ", this or --%s", cli_options[other].name);
	snprintf(doc, sizeof(doc), "%s (Required%s.)", row->doc, or);
	put_row(left, doc);
}

void help_command(const struct cli_command *command)
{
	printf("Usage: mintmark %s%s%s [options]\n\n", command->path, command->operands[0] ? " " : "",
	       command->operands);
	put_wrapped(command->doc, 0);
	puts("\nOptions:");
	for (size_t i = 0; i < sizeof(command->options) / sizeof(command->options[0]) &&
	     command->options[i] != OPT_END; i++)
		put_option_row(command, command->options[i]);
	put_option_row(command, OPT_HELP);
	for (unsigned i = 0, n = 0; i < cli_n_commands; i++) {
		if (!in_group(cli_commands[i].path, command->path))
			continue;
		if (n++ == 0)
			puts("\nCommands:");
		put_command_row(&cli_commands[i]);
	}
}

/* The next word of each path that begins with prefix ("" for all), each once. The table keeps groups together. */
static void put_next_words(const char *prefix)
{
	size_t skip = prefix[0] ? strlen(prefix) + 1 : 0;
	struct str last = {0};
	for (unsigned i = 0; i < cli_n_commands; i++) {
		if (prefix[0] && !in_group(cli_commands[i].path, prefix))
			continue;
		struct str word = {cli_commands[i].path + skip, strcspn(cli_commands[i].path + skip, " ")};
		if (!str_eq(word, last))
			printf("%.*s ", STR_ARG(word));
		last = word;
	}
}

static void put_case(const char *path)
{
	printf("\t' %s') words='", path);
	put_next_words(path);
	for (unsigned i = 0; i < cli_n_commands; i++)
		for (size_t k = 0; strcmp(cli_commands[i].path, path) == 0 &&
		     cli_commands[i].options[k] != OPT_END; k++)
			printf("--%s ", cli_options[cli_commands[i].options[k]].name);
	puts("--help' ;;");
}

static bool is_command(const char *path)
{
	for (unsigned i = 0; i < cli_n_commands; i++)
		if (strcmp(cli_commands[i].path, path) == 0)
			return true;
	return false;
}

/* Each group of commands, once; nested ones too. One that is a command itself has its case already. */
static void put_groups(void)
{
	char last[64] = "";
	for (unsigned i = 0; i < cli_n_commands; i++) {
		const char *path = cli_commands[i].path;
		for (const char *blank = strchr(path, ' '); blank; blank = strchr(blank + 1, ' ')) {
			char group[64];
			snprintf(group, sizeof(group), "%.*s", (int)(blank - path), path);
			if (strcmp(group, last) == 0 || in_group(last, group) || is_command(group))
				continue;
			memcpy(last, group, sizeof(last));
			put_case(group);
		}
	}
}

int help_completion(struct cli *cli)
{
	if (strcmp(cli->operands[0], "bash") != 0)
		return args_fail(EXIT_USAGE, "completion exists for bash only");
	puts("# Completion for mintmark; made by `mintmark completion bash`.\n"
	     "_mintmark() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' words i\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase \"$prev\" in\n"
	     "\t--config|--jwks|--secret-file|--openapi|--ca-file) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	     "\t--var) COMPREPLY=($(compgen -d -- \"$cur\")); return ;; esac\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\t[[ ${COMP_WORDS[i]} == -* ]] && break\n"
	     "\t\tpath+=\" ${COMP_WORDS[i]}\"\n"
	     "\tdone\n"
	     "\twhile :; do case \"$path\" in");
	printf("\t'') words='");
	put_next_words("");
	puts("--help --version' ;;");
	put_groups();
	for (unsigned i = 0; i < cli_n_commands; i++)
		put_case(cli_commands[i].path);
	puts("\t*) path=${path% *}; continue ;;\n"
	     "\tesac; break; done\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "}\n"
	     "complete -F _mintmark mintmark");
	return EXIT_OK;
}
