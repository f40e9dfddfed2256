/* mintmark gate: options to struct gate_options; see gate/gate.h. */
#include <stdlib.h>

#include "cli/cli.h"
#include "crypto/sig.h"
#include "gate/gate.h"

enum { PEERS_MAX = 64, WHY_MAX = 2048, ALGS_MAX = 128 };

/* What the options point into. */
struct parts {
	struct daemon_listen listen[DAEMON_LISTEN_MAX];
	struct addr_network peers[PEERS_MAX];
	char algorithms[ALGS_MAX];
	struct gate_options options;
};

/* Three or four octal digits; 0: none of that. */
static mode_t read_mode(const char *text)
{
	mode_t mode = 0;
	size_t len = strlen(text);
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '7')
			return 0;
		mode = mode << 3 | (mode_t)(*p - '0');
	}
	return len >= 3 && len <= 4 && mode <= 0777 ? mode : 0;
}

static int read_listen(struct cli *cli, struct parts *parts)
{
	const struct cli_values *given = &cli->values[OPT_LISTEN];
	const char *text = cli_value(cli, OPT_SOCKET_MODE);
	mode_t mode = text ? read_mode(text) : 0660;
	if (mode == 0)
		return args_fail(EXIT_USAGE, "--socket-mode takes permission bits in octal, such as 0660");
	if (given->n == 0 || given->n > DAEMON_LISTEN_MAX)
		return args_fail(EXIT_USAGE, "--listen is needed, at most %d times", DAEMON_LISTEN_MAX);
	for (unsigned i = 0; i < given->n; i++) {
		if (addr_parse_endpoint(str_of(given->v[i]), &parts->listen[i].endpoint) < 0)
			return args_fail(EXIT_USAGE, "--listen %s: must be address:port, [v6]:port or unix:/path",
					 given->v[i]);
		parts->listen[i].mode = mode;
	}
	parts->options.listen = parts->listen;
	parts->options.n_listen = given->n;
	return EXIT_OK;
}

static int read_peers(struct cli *cli, struct parts *parts)
{
	const struct cli_values *given = &cli->values[OPT_PEER];
	for (unsigned i = 0; i < given->n; i++)
		if (addr_parse_network(str_of(given->v[i]), &parts->peers[i]) < 0)
			return args_fail(EXIT_USAGE, "--peer %s: must be an address or a network such as 10.0.0.0/8",
					 given->v[i]);
	parts->options.peers = parts->peers;
	parts->options.n_peers = given->n;
	return EXIT_OK;
}

static int read_algorithms(struct cli *cli, struct parts *parts)
{
	const struct cli_values *given = &cli->values[OPT_VERIFY_ALG];
	struct buf out;
	buf_init_fixed(&out, parts->algorithms, sizeof(parts->algorithms) - 1);
	for (unsigned i = 0; i < given->n; i++) {
		if (sig_alg_find(str_of(given->v[i])) == SIG_NONE)
			return args_fail(EXIT_USAGE, "--alg: '%s' is none of ES256, ES384, RS256, PS256, EdDSA",
					 given->v[i]);
		buf_put(&out, i > 0 ? STR(" ") : STR(""));
		buf_put(&out, str_of(given->v[i]));
	}
	if (buf_status(&out) < 0)
		return args_fail(EXIT_USAGE, "--alg is there too often");
	parts->algorithms[out.len] = '\0';
	parts->options.algorithms = given->n > 0 ? parts->algorithms : NULL;
	return EXIT_OK;
}

/* One of the words; -1 and said when it is none. */
static int read_word(struct cli *cli, enum cli_opt opt, const char *const *words, unsigned n)
{
	const char *text = cli_value(cli, opt);
	if (!text)
		return 0;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	args_fail(EXIT_USAGE, "--%s %s: there is no such choice; see --help", cli_options[opt].name, text);
	return -1;
}

static int read_choices(struct cli *cli, struct parts *parts)
{
	static const char *const modes[] = {"envoy", "nginx", "forwarded"};
	static const char *const revocations[] = {"closed", "open", "off"};
	int mode = read_word(cli, OPT_GATE_MODE, modes, 3);
	int revocation = read_word(cli, OPT_REVOCATION, revocations, 3);
	if (mode < 0 || revocation < 0)
		return EXIT_USAGE;
	parts->options.mode = (enum gate_mode)mode;
	parts->options.revocation = (enum gate_revocation)revocation;
	return EXIT_OK;
}

static int read_numbers(struct cli *cli, struct parts *parts)
{
	const char *skew = cli_value(cli, OPT_SKEW), *loops = cli_value(cli, OPT_LOOPS);
	const char *age = cli_value(cli, OPT_REVOCATION_AGE);
	int64_t skew_s = 0, age_s = 60;
	uint64_t n = 0;
	if (skew && (when_duration(str_of(skew), &skew_s) < 0 || skew_s > 60))
		return args_fail(EXIT_USAGE, "--skew takes at most 60s");
	if (loops && (str_to_u64(str_of(loops), DAEMON_LOOPS_MAX, &n) < 0 || n == 0))
		return args_fail(EXIT_USAGE, "--loops takes 1 to %d", DAEMON_LOOPS_MAX);
	if (age && (when_duration(str_of(age), &age_s) < 0 || age_s < 1 || age_s > 86400))
		return args_fail(EXIT_USAGE, "--revocation-age takes 1s to 1d");
	parts->options.revocation_age_s = (unsigned)age_s;
	parts->options.skew_s = (unsigned)skew_s;
	parts->options.loops = (unsigned)n;
	return EXIT_OK;
}

static int check_texts(struct cli *cli)
{
	static const enum cli_opt needed[] = {OPT_OPENAPI, OPT_GATE_ISSUER, OPT_GATE_AUDIENCE};
	const char *prefix = cli_value(cli, OPT_PATH_PREFIX), *realm = cli_value(cli, OPT_REALM);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!cli_has(cli, needed[i]))
			return args_fail(EXIT_USAGE, "--%s is needed; see mintmark gate --help",
					 cli_options[needed[i]].name);
	size_t len = prefix ? strlen(prefix) : 0;
	if (len > 0 && (prefix[0] != '/' || prefix[len - 1] == '/' || strpbrk(prefix, "?#% ")))
		return args_fail(EXIT_USAGE, "--path-prefix is a path such as /check, without a slash at its end");
	for (; realm && *realm; realm++)
		if (*realm < 0x20 || *realm > 0x7e || *realm == '"' || *realm == '\\')
			return args_fail(EXIT_USAGE, "--realm takes printable ASCII without quotes");
	return EXIT_OK;
}

static void read_texts(struct cli *cli, struct gate_options *options)
{
	options->documents = cli->values[OPT_OPENAPI].v;
	options->n_documents = cli->values[OPT_OPENAPI].n;
	options->base_path = cli_value(cli, OPT_BASE_PATH);
	options->issuer = cli_value(cli, OPT_GATE_ISSUER);
	options->audience = cli_value(cli, OPT_GATE_AUDIENCE);
	options->resource = cli_value(cli, OPT_RESOURCE);
	options->realm = cli_value(cli, OPT_REALM);
	options->jwks_file = cli_value(cli, OPT_GATE_JWKS);
	options->ca_file = cli_value(cli, OPT_CA_FILE);
	options->path_prefix = cli_value(cli, OPT_PATH_PREFIX);
	options->plain_http = cli_has(cli, OPT_PLAIN_HTTP);
}

int gate_cmd_run(struct cli *cli)
{
	static int (*const readers[])(struct cli *cli, struct parts *parts) = {
		read_listen, read_peers, read_algorithms, read_choices, read_numbers};
	static struct parts parts;
	char why_mem[WHY_MAX];
	struct buf why;
	int status = check_texts(cli);
	for (size_t i = 0; status == EXIT_OK && i < sizeof(readers) / sizeof(readers[0]); i++)
		status = readers[i](cli, &parts);
	if (status != EXIT_OK)
		return status;
	read_texts(cli, &parts.options);
	/* else every request is refused for good: keys and feed are asked for there */
	if (!parts.options.jwks_file || parts.options.revocation != GATE_REVOCATION_OFF)
		status = args_want_url("--issuer", parts.options.issuer);
	if (status != EXIT_OK)
		return status;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	int rc = gate_run(&parts.options, &why);
	if (rc == E_TIMEOUT)
		_Exit(EXIT_OK);
	if (rc < 0)
		return why.len > 0 ? args_fail(args_status(rc), "gate: %.*s", STR_ARG(buf_str(&why)))
				   : args_fail_code(rc, "gate");
	return EXIT_OK;
}
