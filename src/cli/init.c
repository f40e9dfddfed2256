/*
 * mintmark init: a folder with everything that serve needs. Each step looks first and makes only what is missing, each
 * file appears whole or not at all, so a second run completes what a crash left and changes nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/manage_api.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/rand.h"
#include "base/secret.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/demo.h"
#include "cli/files.h"
#include "cli/first_admin.h"
#include "cli/print.h"
#include "cli/transport.h"
#include "crypto/seal.h"

enum { PATH_ROOM = 4096, PORT_DEFAULT = 8080, LOCK_MS = 30000 };

struct init {
	const char *dir, *issuer; /* issuer NULL: made from the port */
	unsigned port;
	bool port_given;
	struct demo_options demo;
	char config_path[PATH_ROOM];
	struct transport transport;
	char link_mem[4096];
	struct buf link; /* of the first administrator; empty: there is one, or a server runs */
};

static const char template[] =
	"# Made by `mintmark init`. All options: `mintmark config reference`. Relative paths start in this folder.\n"
	"\n"
	"# Who this server is: `iss` of every token, byte for byte. Clients rely on it.\n"
	"issuer: %s\n"
	"\n"
	"# Where it listens. Other machines need `tls:` or a proxy in front (`behind_proxy: true`).\n"
	"listen:\n"
	"  - 127.0.0.1:%u\n"
	"\n"
	"store:\n"
	"  # In a folder of its own: of all files, the server process may touch those below it only.\n"
	"  path: store/mintmark.db\n"
	"\n"
	"# The command line's way to the running server.\n"
	"control:\n"
	"  socket: control.sock\n"
	"\n"
	"keys:\n"
	"  # Seals the signing keys in the store. Without it they are lost: keep a copy elsewhere.\n"
	"  master_key: master.key\n"
	"  # Algorithms that always have a key.\n"
	"  algs: [ES256, RS256]\n"
	"\n"
	"tokens:\n"
	"  access_lifetime_s: 3600\n"
	"\n"
	"mail:\n"
	"  # For development: each mail becomes a file in this folder. In earnest: relay: smtps://mail.example\n"
	"  folder: mail\n"
	"\n"
	"log:\n"
	"  level: info\n"
	"  format: text\n";

/* Left alone without the option. */
static int read_port(struct cli *cli, enum cli_opt opt, unsigned *ret_port)
{
	const char *text = cli_value(cli, opt);
	uint64_t number;
	if (!text)
		return EXIT_OK;
	if (str_to_u64(str_of(text), 65535, &number) < 0 || number == 0)
		return args_fail(EXIT_USAGE, "--%s: '%s' is no port", cli_options[opt].name, text);
	*ret_port = (unsigned)number;
	return EXIT_OK;
}

static int read_ports(struct cli *cli, struct init *init)
{
	init->port = PORT_DEFAULT;
	init->port_given = cli_has(cli, OPT_PORT);
	int status = read_port(cli, OPT_PORT, &init->port);
	if (status == EXIT_OK)
		status = read_port(cli, OPT_SERIES_PORT, &init->demo.series_port);
	if (status == EXIT_OK)
		status = read_port(cli, OPT_GATE_PORT, &init->demo.gate_port);
	return status;
}

static int read_options(struct cli *cli, struct init *init)
{
	init->dir = cli_value(cli, OPT_VAR) ? cli_value(cli, OPT_VAR) : "var";
	init->issuer = cli_value(cli, OPT_ISSUER);
	init->demo.dir = init->dir;
	int status = read_ports(cli, init);
	if (status != EXIT_OK)
		return status;
	if (init->dir[0] == '\0' ||
	    files_join(init->dir, "mintmark.yaml", sizeof(init->config_path), init->config_path) < 0)
		return args_fail(EXIT_USAGE, "--var: that is no folder");
	return EXIT_OK;
}

/* The folder and those above it; ours is closed to everybody else. */
static int make_folder(const char *dir)
{
	char path[PATH_ROOM];
	struct stat st;
	snprintf(path, sizeof(path), "%s", dir);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return args_fail(EXIT_FAILED, "%s can not be made: %s", path, strerror(errno));
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return args_fail(EXIT_FAILED, "%s can not be made: %s", dir, strerror(errno));
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return args_fail(EXIT_FAILED, "%s is no folder", dir);
	if (st.st_uid != geteuid())
		return args_fail(EXIT_FAILED, "%s belongs to another user: run as uid %u", dir, (unsigned)st.st_uid);
	return EXIT_OK;
}

/* One init at a time per folder. The lock ends with the process. */
static int lock_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return args_fail(EXIT_UNREACHABLE, "%s can not be locked: %s", dir, strerror(errno));
	return EXIT_OK;
}

/* A line that init wrote and nobody changed: prefix, then a port. */
static bool is_generated(struct str line, const char *prefix)
{
	uint64_t port;
	struct str head = str_of(prefix);
	return str_has_prefix(line, head) &&
	       str_to_u64((struct str){line.p + head.len, line.len - head.len}, 65535, &port) == 0;
}

static void put_line(const struct init *init, struct str line, struct buf *out)
{
	if (is_generated(line, "issuer: http://127.0.0.1:") && init->issuer)
		buf_printf(out, "issuer: %s", init->issuer);
	else if (is_generated(line, "issuer: http://127.0.0.1:") && init->port_given)
		buf_printf(out, "issuer: http://127.0.0.1:%u", init->port);
	else if (is_generated(line, "  - 127.0.0.1:") && init->port_given)
		buf_printf(out, "  - 127.0.0.1:%u", init->port);
	else
		buf_put(out, line);
}

/* A file that can't be understood serves nobody. */
static bool is_served(const char *path)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(buf_done) struct buf why;
	buf_init(&why, CONFIG_WHY_MAX);
	return config_load(path, &config, &why) == 0 && transport_server_runs(config);
}

/*
 * Another port or issuer goes into the lines that init wrote; what a person changed stays. E_CONFLICT: a server runs by
 * it.
 */
static int update_config(const struct init *init, struct str old)
{
	_cleanup_(buf_done) struct buf new;
	struct str line, rest = old;
	buf_init(&new, CONFIG_TEXT_MAX);
	for (bool more = true; more;) {
		more = str_cut(rest, '\n', &line, &rest);
		put_line(init, more ? line : rest, &new);
		if (more)
			buf_put_char(&new, '\n');
	}
	TRY(buf_status(&new));
	if (str_eq(old, buf_str(&new)))
		return 0;
	return is_served(init->config_path) ? E_CONFLICT : files_write(init->config_path, 0600, buf_str(&new));
}

static int create_config(const struct init *init)
{
	char issuer[64];
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, CONFIG_TEXT_MAX);
	snprintf(issuer, sizeof(issuer), "http://127.0.0.1:%u", init->port);
	buf_printf(&text, template, init->issuer ? init->issuer : issuer, init->port);
	TRY(buf_status(&text));
	return files_create(init->config_path, 0600, buf_str(&text));
}

/* An issuer that the configuration would refuse must not get into the file. */
static int check_issuer(const char *issuer)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(buf_done) struct buf text, why;
	buf_init(&text, CONFIG_TEXT_MAX);
	buf_init(&why, CONFIG_WHY_MAX);
	buf_printf(&text, template, issuer, PORT_DEFAULT);
	if (!strchr(issuer, '\n') && config_parse("", buf_str(&text), &config, &why) == 0 &&
	    str_eq(config->issuer, str_of(issuer)))
		return EXIT_OK;
	/* ":4:9: issuer: not understood; ...": the place is one in a text that nobody sees */
	struct str head, rest = buf_str(&why), reason = STR("not one line of plain text");
	bool placed = str_cut(rest, ' ', &head, &rest);
	if (placed && str_has_prefix(rest, STR("issuer: ")))
		reason = (struct str){rest.p + 8, rest.len - 8};
	return args_fail(EXIT_USAGE, "--issuer: '%s': %.*s", issuer, STR_ARG(reason));
}

static int make_config(const struct init *init)
{
	_cleanup_(buf_done) struct buf old;
	buf_init(&old, CONFIG_TEXT_MAX);
	int rc = files_read(init->config_path, &old);
	if (rc == 0)
		rc = update_config(init, buf_str(&old));
	else if (rc == E_ABSENT)
		rc = create_config(init);
	if (rc == E_CONFLICT)
		return args_fail(EXIT_IS_CONFLICT, "a server runs by %s: stop it before changing its port or issuer; "
						   "nothing was changed", init->config_path);
	return rc < 0 ? args_fail(EXIT_FAILED, "%s can not be written", init->config_path) : EXIT_OK;
}

static int write_master(const char *path)
{
	unsigned char master[SEAL_MASTER_LEN];
	char text[2 * SEAL_MASTER_LEN + 1];
	struct buf hex;
	TRY(rand_bytes(master, sizeof(master)));
	buf_init_fixed(&hex, text, sizeof(text));
	enc_hex(&hex, str_mem(master, sizeof(master)));
	buf_put_char(&hex, '\n');
	int rc = files_create(path, 0600, buf_str(&hex));
	secret_wipe(master, sizeof(master));
	buf_done(&hex);
	return rc;
}

/* A new master key for an old store would make its signing keys unreadable for ever. */
static int make_master(const struct config *config)
{
	const char *path = config->keys.master_key.p;
	if (strchr(path, ':') && path[0] != '/' && keyd_child_env(config))
		return EXIT_OK; /* it comes from elsewhere */
	if (access(path, F_OK) == 0)
		return EXIT_OK;
	if (access(config->store.path.p, F_OK) == 0)
		return args_fail(EXIT_FAILED, "there is a store %s but no master key %s: put the key back",
				 config->store.path.p, path);
	return write_master(path) < 0 ? args_fail(EXIT_FAILED, "%s can not be written", path) : EXIT_OK;
}

/* Whether an active key of alg is in the list. */
static bool has_active(const struct json *result, struct str alg)
{
	const struct json *array, *key;
	struct str key_alg, state;
	if (json_get_array(result, "keys", &array) < 0)
		return false;
	for (size_t i = 0; i < json_array_len(array); i++)
		if (json_at_object(array, i, &key) == 0 && json_get_str(key, "alg", &key_alg) == 0 &&
		    str_eq(key_alg, alg) &&
		    json_get_str(key, "state", &state) == 0 && str_eq(state, STR("active")))
			return true;
	return false;
}

static int make_key(struct transport *transport, struct str alg)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	char args[64];
	snprintf(args, sizeof(args), "{\"alg\":\"%.*s\",\"now\":true}", STR_ARG(alg));
	return ask(transport, "key.rotate", str_of(args), &doc, &result);
}

static int make_keys(struct transport *transport)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	int rc = ask(transport, "key.list", STR("{}"), &doc, &result);
	for (size_t i = 0; rc == 0 && i < transport->config->keys.algs.n; i++)
		if (!has_active(result, transport->config->keys.algs.v[i]))
			rc = make_key(transport, transport->config->keys.algs.v[i]);
	return rc < 0 ? args_fail_code(rc, "the signing keys can not be made") : EXIT_OK;
}

/* A server that runs has made it when it started. */
static int make_management(struct transport *transport)
{
	const struct config *config = transport->config;
	const struct manage_api_options options = {config->issuer, config->tokens.default_alg,
						   config->tokens.access_lifetime_s, clock_now_s(&clock_system)};
	int rc = transport->local ? manage_api_ensure(transport->admin.store, &options) : 0;
	return rc < 0 ? args_fail_code(rc, "the management API can not be made") : EXIT_OK;
}

/* The store has a folder of its own: see server/confine.h. */
static int make_store_folder(const struct config *config)
{
	char dir[PATH_ROOM];
	const char *path = config->store.path.p, *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (len == 0)
		return EXIT_OK; /* the present folder, or the root */
	if (len >= sizeof(dir))
		return args_fail(EXIT_FAILED, "store.path is too long");
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (access(dir, F_OK) == 0)
		return EXIT_OK;
	int status = make_folder(dir);
	if (status == EXIT_OK && files_sync_folder(dir) < 0)
		return args_fail(EXIT_FAILED, "the folder of %s can not be written", dir);
	return status;
}

static int make_state(struct cli *cli, struct init *init)
{
	int status = transport_load_config(init->config_path, &init->transport.config);
	if (status == EXIT_OK)
		status = make_master(init->transport.config);
	if (status == EXIT_OK)
		status = make_store_folder(init->transport.config);
	config_unref(init->transport.config);
	init->transport.config = NULL;
	if (status == EXIT_OK)
		status = transport_open(&init->transport, true, true);
	if (status == EXIT_OK)
		status = make_keys(&init->transport);
	if (status == EXIT_OK)
		status = make_management(&init->transport);
	if (status == EXIT_OK)
		status = first_admin_link(&init->transport, cli_value(cli, OPT_ADMIN_EMAIL), &init->link);
	if (status == EXIT_OK && cli_has(cli, OPT_DEMO))
		status = demo_make(&init->transport, &init->demo);
	return status;
}

static void report(struct cli *cli, const struct init *init)
{
	_cleanup_(buf_done) struct buf text;
	struct json_out out;
	struct str issuer = init->transport.config->issuer;
	buf_init(&text, CONFIG_TEXT_MAX);
	if (!cli->json) {
		print_shell_word(&text, str_of(init->config_path));
		printf("%s is ready; the issuer is %.*s\nStart it with: mintmark serve --config %.*s\n", init->dir,
		       STR_ARG(issuer), STR_ARG(buf_str(&text)));
		if (init->link.len > 0)
			printf("Become its administrator, within a day, at %.*s\n", STR_ARG(buf_str(&init->link)));
		return;
	}
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_str(&out, "config", str_of(init->config_path));
	json_str(&out, "issuer", issuer);
	if (init->link.len > 0)
		json_str(&out, "admin_link", buf_str(&init->link));
	json_close(&out, '}');
	printf("%.*s\n", STR_ARG(buf_str(&text)));
}

static int run(struct cli *cli, struct init *init)
{
	int status = read_options(cli, init);
	if (status == EXIT_OK && init->issuer)
		status = check_issuer(init->issuer); /* before anything is made */
	if (status == EXIT_OK)
		status = make_folder(init->dir);
	if (status == EXIT_OK)
		status = lock_folder(init->dir);
	if (status == EXIT_OK)
		status = make_config(init);
	if (status == EXIT_OK)
		status = make_state(cli, init);
	if (status == EXIT_OK)
		report(cli, init);
	return status;
}

int init_run(struct cli *cli)
{
	struct init init = {0};
	buf_init_fixed(&init.link, init.link_mem, sizeof(init.link_mem));
	init.transport.config_path = init.config_path;
	int status = run(cli, &init);
	transport_close(&init.transport);
	secret_wipe(init.link_mem, sizeof(init.link_mem));
	return status;
}
