/* "Sign in with …": from the configuration's sections upstream1 .. to running account/upstream.h. Server process. */
#ifndef SERVER_SIGN_IN_WITH_H
#define SERVER_SIGN_IN_WITH_H

#include "account/upstream.h"
#include "config/config.h"
#include "server/secret_source.h"

struct server;

/* What is read before the sandbox closes; lives as long as the process. */
struct sign_in_with {
	struct secret_source secrets[UPSTREAM_MAX];
};

/* Reads the clients' secrets, loads what requests need. What fails is logged. E_CONFIG. */
must_check int sign_in_with_prepare(const struct config *config, struct sign_in_with *ret_setup);
/* Whether any provider is configured. */
bool sign_in_with_is_on(const struct config *config);
/* The certificates that provider number i (from 0) is trusted by; NULL: the system's. */
const char *sign_in_with_ca_file(const struct config *config, unsigned i);
/* Sets server->env.upstreams. E_NOMEM. */
must_check int sign_in_with_start(struct server *server, const struct sign_in_with *setup);
void sign_in_with_stop(struct server *server);

#endif
