/*
 * How administration requests travel: to the running server over its control socket, or (when none runs) to
 * admin/ in this process, with the store opened under its lock; or to another machine (cli/remote.h).
 * Single-threaded.
 */
#ifndef CLI_TRANSPORT_H
#define CLI_TRANSPORT_H

#include "admin/admin.h"
#include "cli/keyd_child.h"
#include "cli/remote.h"
#include "config/config.h"

struct transport {
	struct config *config;
	const char *config_path;
	const char *server;       /* --server: the issuer to ask over the network; NULL: this machine's */
	const char *ca_file;      /* --ca-file; NULL: none */
	uint32_t timeout_ms;      /* of each request; 0: the usual */
	struct remote remote;     /* with server only */
	bool local;
	struct admin admin;       /* local only */
	struct keyd_child keyd;   /* local only */
	char actor[32];
};

/* --config, $MINTMARK_CONFIG, ./var/mintmark.yaml or /etc/mintmark/mintmark.yaml; the first that is there. */
const char *transport_config_path(const char *given);
struct cli;
/* Where to, by --config, --server, --ca-file and --timeout. What is wrong with them is printed. Exit status. */
int transport_choose(struct transport *transport, struct cli *cli);
/* Read the configuration; what is wrong with it is printed. Exit status. */
int transport_load_config(const char *path, struct config **ret_config);

/* Whether somebody listens on the control socket. It may block for as long as a request may. */
bool transport_server_runs(const struct config *config);

/*
 * keys: the requests to come may need keyd. create: make the store when it is absent. What fails is printed. Exit
 * status; transport_close is due in any case. The transport starts zeroed, with config_path set or chosen.
 */
int transport_open(struct transport *transport, bool keys, bool create);
/* The answer (admin/admin.h) is appended. Codes of control_call and admin_call. */
must_check int transport_call(struct transport *transport, struct str request, struct buf *answer);
/* The same for commands: what fails is printed. Exit status. */
int transport_ask(struct transport *transport, struct str request, struct buf *answer);
void transport_close(struct transport *transport);

#endif
