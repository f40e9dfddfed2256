/*
 * keyd, the process that holds the private keys. No network, no files after its start, a fixed list of system calls; it
 * answers a handful of verbs (keyd_verbs.c) on socketpairs, one blocking thread each. It never lets a private key out
 * unsealed, never lets its caller choose an algorithm, a header, a foreign issuer, or a lifetime above the cap of the
 * kind (keyd_policy.c).
 */
#ifndef KEYS_KEYD_H
#define KEYS_KEYD_H

#include "ipc/role.h"
#include "keys/signer.h"

struct keyd_options {
	struct str issuer;
	/* "/path" or "file:/path" (mode 0600, ours, no symlink), "env:NAME", "credential:NAME" */
	const char *master_key;
	int64_t cap_s[TOKEN_KINDS];  /* longest lifetime per kind, seconds, 1 .. 315360000 */
};

/*
 * Serves fds->keyd until all of them are closed; tells 'R' on fds->super when the sandbox is in place. Call after
 * role_enter. Returns the exit status; 78 when the options or the master key can't work.
 */
int keyd_main(const struct keyd_options *options, const struct role_fds *fds);

#endif
