/* Socket or store; see transport.h. */
#include "cli/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "server/control.h"

enum { CALL_MS = 30000, TIMEOUT_MAX_S = 3600, TRIES = 20, PAUSE_US = 100000 };

const char *transport_config_path(const char *given)
{
	static const char *const usual[] = {"var/mintmark.yaml", "/etc/mintmark/mintmark.yaml"};
	const char *env = getenv("MINTMARK_CONFIG");
	if (given)
		return given;
	if (env && env[0])
		return env;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (access(usual[i], F_OK) == 0)
			return usual[i];
	return usual[0];
}

int transport_choose(struct transport *transport, struct cli *cli)
{
	const char *text = cli_value(cli, OPT_TIMEOUT);
	int64_t timeout_s = CALL_MS / 1000;
	transport->config_path = transport_config_path(cli_value(cli, OPT_CONFIG));
	transport->server = cli_value(cli, OPT_SERVER);
	transport->ca_file = cli_value(cli, OPT_SERVER_CA);
	if (text && (when_duration(str_of(text), &timeout_s) < 0 || timeout_s < 1 || timeout_s > TIMEOUT_MAX_S))
		return args_fail(EXIT_USAGE, "--timeout: '%s' is no duration of 1s to %ds", text, TIMEOUT_MAX_S);
	transport->timeout_ms = (uint32_t)timeout_s * 1000;
	return EXIT_OK;
}

int transport_load_config(const char *path, struct config **ret_config)
{
	_cleanup_(buf_done) struct buf why;
	buf_init(&why, CONFIG_WHY_MAX);
	int rc = config_load(path, ret_config, &why);
	if (rc == 0)
		return EXIT_OK;
	if (why.len > 0)
		return args_fail(EXIT_FAILED, "%.*s", STR_ARG(buf_str(&why)));
	return args_fail(EXIT_FAILED, "%s can not be read; mintmark init makes one, --config names another", path);
}

/* A request that every server refuses: it costs nothing and shows that somebody listens. E_ABSENT: nobody. */
static int probe(const struct config *config, uint32_t timeout_ms)
{
	_cleanup_(buf_done) struct buf answer;
	buf_init(&answer, ADMIN_ANSWER_MAX);
	return control_call(config->control.socket.p, STR("{}"), timeout_ms, &answer);
}

bool transport_server_runs(const struct config *config) { return probe(config, CALL_MS) != E_ABSENT; }

static int open_store(struct transport *transport, bool create)
{
	const struct store_options options = {
		.kind = STORE_SQLITE,
		.path = transport->config->store.path.p,
		.create = create,
		.readers = 1,
		.cache_kib = transport->config->store.cache_kib,
	};
	return store_open(&options, &transport->admin.store);
}

/* keyd comes first: once the store is open threads run, and only single-threaded processes start roles. */
static int open_local(struct transport *transport, bool keys, bool create)
{
	if (keys && transport->keyd.pid == 0)
		TRY(keyd_child_start(transport->config_path, transport->config, &transport->keyd));
	return open_store(transport, create);
}

/* A server that is just starting or stopping holds the lock without listening: both are tried for a while. */
static int choose(struct transport *transport, bool keys, bool create)
{
	int rc = E_LOCKED;
	for (int i = 0; i < TRIES && rc == E_LOCKED; i++) {
		if (i > 0)
			usleep(PAUSE_US);
		rc = probe(transport->config, transport->timeout_ms);
		if (rc == E_TIMEOUT)
			return rc; /* it holds the store and does nothing: stopped, or hung */
		if (rc != E_ABSENT)
			return 0;
		rc = open_local(transport, keys, create);
	}
	transport->local = rc == 0;
	return rc;
}

static int explain(const struct transport *transport, int rc)
{
	const char *path = transport->config->store.path.p;
	if (rc == E_LOCKED)
		return args_fail_code(rc, "%s", path);
	if (rc == E_TIMEOUT)
		return args_fail(EXIT_UNREACHABLE, "the server does not answer on %s",
				 transport->config->control.socket.p);
	if (rc == E_SIGNER || rc == E_IO)
		return args_fail(EXIT_UNREACHABLE, "keyd can not be started");
	if (rc == E_ABSENT)
		return args_fail(EXIT_UNREACHABLE, "there is no store %s; mintmark init makes one", path);
	if (rc == E_SYNTAX)
		return args_fail(EXIT_UNREACHABLE, "%s is no store of Mintmark, or one of a newer version", path);
	return args_fail(EXIT_UNREACHABLE, "the store %s can not be opened", path);
}

static int open_remote(struct transport *transport)
{
	const char *env = getenv("SSL_CERT_FILE");
	transport->remote.server = transport->server;
	transport->remote.timeout_ms = transport->timeout_ms;
	transport->remote.ca_file = transport->ca_file ? transport->ca_file : env && env[0] ? env : NULL;
	return remote_open(&transport->remote);
}

int transport_open(struct transport *transport, bool keys, bool create)
{
	if (transport->timeout_ms == 0)
		transport->timeout_ms = CALL_MS;
	if (transport->server)
		return open_remote(transport);
	int status = transport_load_config(transport->config_path, &transport->config);
	if (status != EXIT_OK)
		return status;
	int rc = choose(transport, keys, create);
	if (rc < 0)
		return explain(transport, rc);
	snprintf(transport->actor, sizeof(transport->actor), "cli:uid=%u", (unsigned)geteuid());
	transport->admin.clock = &clock_system;
	transport->admin.signer = transport->keyd.signer;
	transport->admin.actor = str_of(transport->actor);
	transport->admin.policy = admin_policy_of(transport->config);
	return EXIT_OK;
}

int transport_call(struct transport *transport, struct str request, struct buf *answer)
{
	if (transport->local)
		return admin_call(&transport->admin, request, answer);
	if (transport->server)
		return remote_call(&transport->remote, request, answer);
	return control_call(transport->config->control.socket.p, request, transport->timeout_ms, answer);
}

int transport_ask(struct transport *transport, struct str request, struct buf *answer)
{
	if (transport_call(transport, request, answer) == 0)
		return EXIT_OK;
	if (transport->server)
		return args_fail(transport->remote.status, "%s", transport->remote.why);
	return args_fail(EXIT_UNREACHABLE, "the server does not answer on %s", transport->config->control.socket.p);
}

void transport_close(struct transport *transport)
{
	store_close(transport->admin.store);
	transport->admin.store = NULL;
	keyd_child_stop(&transport->keyd);
	config_unref(transport->config);
	transport->config = NULL;
	if (transport->server)
		remote_close(&transport->remote);
}
