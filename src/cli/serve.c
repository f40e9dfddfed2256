/*
 * mintmark serve: the supervisor, and (started by it, with --role) the two processes below it; see server/supervise.h.
 * This file only turns the configuration into the options of each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keyd_child.h"
#include "cli/transport.h"
#include "cli/print.h"
#include "config/config.h"
#include "ipc/note.h"
#include "keys/keyd.h"
#include "server/secret_source.h"
#include "server/server.h"
#include "server/supervise.h"

enum { EXIT_CONFIG_ROLE = 78, FIXED_CAP_S = 86400, ENV_MAX = 4096 };

static int config_or_78(const char *path, struct config **ret_config)
{
	return transport_load_config(path, ret_config) == EXIT_OK ? EXIT_OK : EXIT_CONFIG_ROLE;
}

static int run_keyd(const char *path, const struct role_fds *fds)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	int status = config_or_78(path, &config);
	if (status != EXIT_OK)
		return status;
	/* without a supervisor it serves one command: only what goes wrong is worth a line there */
	enum log_level level = fds->super < 0 ? LOG_WARN : (enum log_level)config->log.level;
	log_setup("keyd", level, (enum log_format)config->log.format);
	const struct keyd_options options = {
		.issuer = config->issuer,
		.master_key = config->keys.master_key.p,
		.cap_s = {[TOKEN_ACCESS] = config->tokens.lifetime_max_s, [TOKEN_ID] = FIXED_CAP_S,
			  [TOKEN_LOGOUT] = 120, [TOKEN_FEED] = 300},
	};
	return keyd_main(&options, fds);
}

static int run_role(const char *name, const char *path)
{
	static const struct {
		const char *name;
		int (*run)(const char *path, const struct role_fds *fds);
	} roles[] = {{"keyd", run_keyd}, {"server", server_main}};
	static struct role_fds fds;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(roles[i].name, name) != 0)
			continue;
		if (role_enter(roles[i].name, &fds) < 0)
			return args_fail(EXIT_USAGE, "--role=%s is for the supervisor: leave --role out", name);
		return roles[i].run(path, &fds);
	}
	return args_fail(EXIT_USAGE, "there is no role '%s'", name);
}

/* The calls of README.md, ready to paste; the secrets come from demo.env and are not printed. */
static void print_quickstart(const struct config *config, const char *path, bool always)
{
	char env[ENV_MAX];
	const char *slash = strrchr(path, '/');
	_cleanup_(buf_done) struct buf word;
	buf_init(&word, 4 * ENV_MAX);
	/* a shell's "." looks for a name without a slash on its PATH */
	snprintf(env, sizeof(env), "%.*sdemo.env", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./");
	print_shell_word(&word, str_of(env));
	if (!always && access(env, R_OK) != 0)
		return;
	printf("Mintmark serves %.*s until Ctrl-C. In another terminal:\n\n"
	       "  . %.*s\n"
	       "  curl -X POST \"${ISSUER%%/}/connect/token\" -d grant_type=client_credentials -d "
	       "client_id=$ACCOUNT_CLIENT_ID -d client_secret=$ACCOUNT_CLIENT_SECRET -d scope=\"openid email roles\"\n"
	       "  curl -X POST \"${ISSUER%%/}/oauth2/token\" -u $SERVICE_CLIENT_ID:$SERVICE_CLIENT_SECRET -d "
	       "\"grant_type=client_credentials\"\n\n",
	       STR_ARG(config->issuer), STR_ARG(buf_str(&word)));
	fflush(stdout);
}

/*
 * More threads than were asked for do nothing but password hashes, each of which is 20 ms of a core: at most half of
 * the cores, so that tokens do not wait for people who sign in, and half as many as the other threads, as each takes
 * 19 MiB.
 */
static unsigned count_pool(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = config->server.pool_threads, hashing = threads / 2;
	if (cores < 2 * (long)hashing)
		hashing = cores < 4 ? 1 : (unsigned)cores / 2;
	threads += hashing < 1 ? 1 : hashing;
	return threads < ROLE_POOL_MAX ? threads : ROLE_POOL_MAX;
}

/* Half of the cores: keyd signs on the others, and fewer loops make larger batches, which cost less per signature. */
static unsigned count_loops(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = config->server.loops > 0 ? config->server.loops : (unsigned)(cores > 1 ? (cores + 1) / 2 : 1);
	unsigned room = NOTE_FDS_MAX - 1 - count_pool(config);
	n = n > ROLE_LOOPS_MAX ? ROLE_LOOPS_MAX : n;
	return n > room ? room : n;
}

static struct supervise_listener to_listener(const struct config *config, const struct config_endpoint *endpoint)
{
	return (struct supervise_listener){
		.addr = endpoint->addr,
		.addr_len = endpoint->addr_len,
		.tls = config->tls_enabled && endpoint->addr.ss_family != AF_UNIX,
	};
}

static bool is_free(const struct config_endpoint *endpoint)
{
	int on = 1;
	int fd = socket(endpoint->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool unused = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		    bind(fd, (const struct sockaddr *)&endpoint->addr, endpoint->addr_len) == 0;
	if (fd >= 0)
		close(fd);
	return unused;
}

/* Whether nobody is where we want to listen. If somebody is, the supervisor says so; we only don't promise anything. */
static bool can_listen(const struct config *config)
{
	for (size_t i = 0; i < config->listen.n; i++)
		if (config->endpoints[i].addr.ss_family != AF_UNIX && !is_free(&config->endpoints[i]))
			return false;
	return !transport_server_runs(config);
}

enum { SERVER_SECRETS = 4 };

/* Variables that hold secrets of other systems: the server's, who alone uses them. */
static void list_server_env(const struct config *config, const char *ret_env[SERVER_SECRETS + 1])
{
	const struct str places[SERVER_SECRETS] = {config->mail.password, config->upstream1.client_secret,
						   config->upstream2.client_secret, config->upstream3.client_secret};
	size_t n = 0;
	for (size_t i = 0; i < SERVER_SECRETS; i++)
		if (secret_source_env(places[i]))
			ret_env[n++] = secret_source_env(places[i]);
	ret_env[n] = NULL;
}

static int supervise(const struct config *config, const char *path, bool quickstart)
{
	const char *server_env[SERVER_SECRETS + 1];
	struct supervise_listener *listeners = calloc(config->listen.n + 1, sizeof(*listeners));
	if (!listeners)
		return args_fail_code(E_NOMEM, "serve");
	for (size_t i = 0; i < config->listen.n; i++)
		listeners[i] = to_listener(config, &config->endpoints[i]);
	list_server_env(config, server_env);
	const struct supervise_options options = {
		.server_env = server_env,
		.config_path = path,
		.listeners = listeners,
		.n_listeners = config->listen.n,
		.n_loops = count_loops(config),
		.pool_threads = count_pool(config),
		.drain_ms = config->limits.drain_ms,
		.control_path = config->control.socket.p,
		.certificate_path = config->tls_enabled ? config->tls.certificate.p : NULL,
		.key_path = config->tls_enabled ? config->tls.key.p : NULL,
		.keyd_env = keyd_child_env(config),
	};
	if (can_listen(config))
		print_quickstart(config, path, quickstart);
	int status = supervise_main(&options);
	free(listeners);
	return status;
}

int serve_run(struct cli *cli)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	const char *path = transport_config_path(cli_value(cli, OPT_CONFIG));
	if (cli_has(cli, OPT_ROLE_NAME))
		return run_role(cli_value(cli, OPT_ROLE_NAME), path);
	if (config_or_78(path, &config) != EXIT_OK)
		return EXIT_CONFIG_ROLE;
	log_setup("supervisor", (enum log_level)config->log.level, (enum log_format)config->log.format);
	return supervise(config, path, cli_has(cli, OPT_QUICKSTART));
}
