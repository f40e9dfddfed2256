/*
 * A keyd for one command when no server runs: the private keys stay in a process of their own here too. Single-threaded
 * callers that have started no thread yet (ipc/role.h).
 */
#ifndef CLI_KEYD_CHILD_H
#define CLI_KEYD_CHILD_H

#include <sys/types.h>

#include "keys/signer.h"

struct config;

struct keyd_child {
	pid_t pid; /* 0: none */
	struct signer *signer;
};

/* E_SIGNER, E_IO, E_NOMEM. */
must_check int keyd_child_start(const char *config_path, const struct config *config, struct keyd_child *ret_child);
/* The environment variable that keyd needs to find the master key; NULL: none. */
const char *keyd_child_env(const struct config *config);
/* Ends it and waits for its end. A zeroed one is allowed. */
void keyd_child_stop(struct keyd_child *child);

#endif
