/*
 * The command line: one table of commands and one of options (commands.c). Parsing, --help, shell completion and the
 * check of the manual page are made from them. A command is a row; most rows name an administration operation
 * (admin/admin.h) and need no code.
 *
 * Runs as the operator. Must never: take a secret from argv, print one twice, write unescaped bytes of others to a
 * terminal. Single-threaded.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"

/* Exit statuses; documented in mintmark(1). */
enum cli_exit {
	EXIT_OK = 0,
	EXIT_FAILED = 1,      /* refused, invalid, or it failed */
	EXIT_USAGE = 2,       /* the command line is wrong, or a value in it */
	EXIT_NOT_FOUND = 3,
	EXIT_IS_CONFLICT = 4, /* exists already, or contradicts the present state */
	EXIT_UNREACHABLE = 5, /* store locked or broken, server or keyd not to be reached */
};

enum cli_opt {
	OPT_END, /* ends a list of options */
	OPT_HELP,
	OPT_JSON,
	OPT_CONFIG,
	OPT_SERVER,
	OPT_SERVER_CA,
	OPT_TIMEOUT,
	OPT_YES,
	OPT_NAME,
	OPT_CLIENT_NAME,
	OPT_ACCOUNT,
	OPT_OF_ACCOUNT,
	OPT_SCOPE,
	OPT_API_SCOPE,
	OPT_API,
	OPT_DEFAULT_API,
	OPT_EXPIRES,
	OPT_SECRET_EXPIRES,
	OPT_LIFETIME,
	OPT_NETWORK,
	OPT_HELD,
	OPT_NOT_HELD,
	OPT_OTHERS_EXPIRE,
	OPT_AUTH,
	OPT_ID,
	OPT_SECRET_STDIN,
	OPT_SECRET_FILE,
	OPT_KIND,
	OPT_REDIRECT_URI,
	OPT_LOGOUT_URI,
	OPT_PUBLIC,
	OPT_NATIVE,
	OPT_TRUSTED,
	OPT_UNTRUSTED,
	OPT_GRANT,
	OPT_PUSHED,
	OPT_ID_TOKEN_ALG,
	OPT_CLIENT_URI,
	OPT_POLICY_URI,
	OPT_TOS_URI,
	OPT_TOKEN_EXPIRES,
	OPT_TOKEN_LABEL,
	OPT_LABEL,
	OPT_EMAIL,
	OPT_EMAIL_VERIFIED,
	OPT_EMAIL_UNVERIFIED,
	OPT_WITH_CLIENTS,
	OPT_ROLE,
	OPT_NO_ROLES,
	OPT_AUDIENCE,
	OPT_ALG,
	OPT_RESOURCE_SERVER,
	OPT_NO_RESOURCE_SERVERS,
	OPT_KEEP_TOKENS,
	OPT_REVOKE_TOKENS,
	OPT_NOW,
	OPT_LIMIT,
	OPT_AFTER,
	OPT_AFTER_SEQ,
	OPT_VAR,
	OPT_PORT,
	OPT_ADMIN_EMAIL,
	OPT_ISSUER,
	OPT_DEMO,
	OPT_SERIES_PORT,
	OPT_GATE_PORT,
	OPT_ROLE_NAME,
	OPT_QUICKSTART,
	OPT_VERIFY_ISSUER,
	OPT_JWKS,
	OPT_SERIES_DB,
	OPT_SKIP_BAD,
	OPT_HEADER,
	OPT_VERIFY_AUDIENCE,
	OPT_VERIFY_ALG,
	OPT_VERIFY_SCOPE,
	OPT_SKEW,
	/* gate */
	OPT_LISTEN,
	OPT_SOCKET_MODE,
	OPT_OPENAPI,
	OPT_BASE_PATH,
	OPT_GATE_ISSUER,
	OPT_GATE_AUDIENCE,
	OPT_GATE_JWKS,
	OPT_GATE_MODE,
	OPT_PATH_PREFIX,
	OPT_RESOURCE,
	OPT_REALM,
	OPT_CA_FILE,
	OPT_PLAIN_HTTP,
	OPT_REVOCATION,
	OPT_REVOCATION_AGE,
	OPT_PEER,
	OPT_LOOPS,
	OPT_CHECK_OPENAPI,
	OPT_CHECK_ISSUER,
	OPT_LIVE_AUDIENCE,
	OPT_ENVIRONMENT,
	/* client SDK */
	OPT_SDK_ISSUER,
	OPT_SDK_SCOPE,
	OPT_SDK_AUDIENCE,
	OPT_SDK_FRESH,
	OPT_SDK_APP,
	OPT_SDK_PREFIX,
	OPT_LOGIN_CLIENT,
	OPT_LOGIN_DEVICE,
	OPT_LOGIN_NO_BROWSER,
	OPT_LOGIN_WAIT,
	OPT_LOGIN_STORAGE,
	OPT_SCAN_REVOKE,
	OPT_VARIABLE,
	OPT_MAINTAIN,
	OPT_MODE,
	OPT_COUNT
};

/* How an option's text becomes a parameter of an operation. */
enum cli_form {
	FORM_LOCAL,    /* a text for the command itself */
	FORM_FLAG,     /* no value; for the command itself */
	FORM_TEXT,
	FORM_TEXTS,    /* repeatable: an array */
	FORM_WORDS,    /* repeatable: one string, spaces between */
	FORM_SCOPES,   /* repeatable: "NAME DESCRIPTION" as objects */
	FORM_NUMBER,
	FORM_DURATION, /* "90s", "15m", "1h", "30d", "2w", or seconds */
	FORM_MOMENT,   /* "2027-01-31", "2027-01-31T12:00:00Z", a duration from now, "never" */
	FORM_TRUE,     /* no value: true */
	FORM_FALSE,    /* no value: false */
	FORM_NO_TEXTS, /* no value: an empty array */
	FORM_AUTH,     /* any, basic, post, none */
	FORM_GRANTS,   /* repeatable: code, refresh, device, self */
	FORM_PUBLIC,   /* no value: "none" */
	FORM_NATIVE,   /* no value: "native" */
};

struct cli_option {
	const char *name;  /* without "--" */
	const char *value; /* what help calls its value; NULL: none */
	const char *param; /* the operation's parameter; NULL: the command's own */
	enum cli_form form;
	const char *doc;
};

struct cli;

struct cli_command {
	const char *path;     /* "client secret add" */
	/* "CLIENT_ID SECRET_ID"; "" for none. A word in brackets may be left out, one that ends with "..." repeated. */
	const char *operands;
	const char *doc;
	int (*run)(struct cli *cli); /* exit status */
	enum cli_opt options[44];    /* besides --help; OPT_END ends them */
	/* for run = op_run */
	const char *op;
	const char *params[2]; /* of the operands */
	bool keys;             /* may need keyd */
	const char *confirm;   /* what can't be undone: asked before; NULL: nothing */
	bool strict;           /* without a terminal --yes is required */
	const char *list;      /* the result's array, fetched page by page; NULL: one answer */
	bool others;           /* what begins with the first operand belongs to another program, options too */
};

/* The given values of one option, in order. */
struct cli_values {
	const char *v[64];
	unsigned n;
};

/* One run of the program. */
struct cli {
	const struct cli_command *command;
	struct cli_values values[OPT_COUNT];
	const char *operands[4];
	unsigned n_operands;
	char **rest; /* of operands that repeat: the first of them; NULL behind the last */
	bool json;
	bool odd_secret; /* a chosen secret that HTTP Basic must encode */
};

extern const struct cli_option cli_options[OPT_COUNT];
extern const struct cli_command cli_commands[];
extern const unsigned cli_n_commands;

static inline bool cli_has(const struct cli *cli, enum cli_opt opt) { return cli->values[opt].n > 0; }
/* The last value given, or NULL. */
static inline const char *cli_value(const struct cli *cli, enum cli_opt opt)
{
	const struct cli_values *values = &cli->values[opt];
	return values->n > 0 ? values->v[values->n - 1] : NULL;
}

/* --- args.c --- */
/* Fill cli from argv[1..]. EXIT_OK with cli->command; or -1 when all is said and *ret_status is the exit status. */
must_check int args_parse(struct cli *cli, int argc, char **argv, int *ret_status);
/* EXIT_OK for an http or https URL by its beginning; else says so of the option. */
int args_want_url(const char *option, const char *value);
/* Print "mintmark: ..." to standard error. Returns status, for `return args_fail(...)`. */
int args_fail(int status, const char *fmt, ...) printf_like(2, 3);
/* The same about a code of base/err.def, with the exit status that belongs to it. */
int args_fail_code(int code, const char *fmt, ...) printf_like(2, 3);
int args_status(int code);

/* --- help.c --- */
void help_general(void);
/* Commands that begin with this word ("client"); false when there are none. */
bool help_group(const char *prefix);
void help_command(const struct cli_command *command);
/* Whether the command's operation can not do without the option, or another one that says the same. */
bool help_is_required(const struct cli_command *command, enum cli_opt opt);
int help_completion(struct cli *cli);

/* --- op.c --- */
/* Run a row's operation by its options. */
int op_run(struct cli *cli);

/* --- when.c --- */
/* Seconds. E_SYNTAX. */
must_check int when_duration(struct str text, int64_t *ret_s);
/* Seconds since 1970; 0 for "never". E_SYNTAX. */
must_check int when_moment(struct str text, int64_t now_s, int64_t *ret_s);

/* --- commands with code of their own --- */
int config_cmd_check(struct cli *cli);
int config_cmd_reference(struct cli *cli);
int gate_check_run(struct cli *cli);
int gate_cmd_run(struct cli *cli);
int gate_diff_run(struct cli *cli);
int init_run(struct cli *cli);
int series_cmd_serve(struct cli *cli);
int serve_run(struct cli *cli);
int series_data_define(struct cli *cli);
int series_data_import(struct cli *cli);
int scan_cmd_run(struct cli *cli);
int sdk_credentials_list(struct cli *cli);
int sdk_credentials_remove(struct cli *cli);
int sdk_credentials_use(struct cli *cli);
int sdk_file_run(struct cli *cli);
int sdk_login_run(struct cli *cli);
int sdk_login_end(struct cli *cli);
int sdk_token_curl(struct cli *cli);
int sdk_token_exec(struct cli *cli);
int sdk_token_run(struct cli *cli);
int sdk_token_whoami(struct cli *cli);
int token_inspect(struct cli *cli);
int token_verify(struct cli *cli);

#endif
