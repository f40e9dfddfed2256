/*
 * Roles: processes that the supervisor starts by fork and exec of the same binary, so that no heap is inherited:
 *   mintmark serve --role=keyd|server --config FILE
 *
 * A role gets descriptors 0 (/dev/null), 1, 2 and those of struct role_fds, numbered from 3; everything else is
 * closed. They are told in the variable
 *   MINTMARK_FDS="loops=2,pool=4,super=3,admin=4,listen=5:0:0:0,listen=6:0:1:0,keyd=7,keyd=8,..."
 * Its environment has nothing else but a short allow list (role.c) and what role_spec.env names. SIGINT, SIGTERM,
 * SIGHUP and SIGPIPE are ignored: a terminal's Ctrl-C and a service manager's signal reach the whole group, but only
 * the supervisor decides and tells it over `super` (server/supervise.h). When the supervisor dies the kernel kills
 * its roles.
 *
 * role_start: single-threaded callers only. role_enter: first thing in main, before threads.
 */
#ifndef IPC_ROLE_H
#define IPC_ROLE_H

#include <sys/types.h>

#include "base/str.h"

/* Counts of one configuration; channels <= what one note can carry (NOTE_FDS_MAX). */
enum {
	ROLE_LOOPS_MAX = 64,
	ROLE_POOL_MAX = 128,
	ROLE_LISTEN_MAX = 512,
	ROLE_CHANNEL_MAX = ROLE_LOOPS_MAX + ROLE_POOL_MAX + 1
};

struct role_listen {
	int fd;            /* listening, non-blocking */
	unsigned listener; /* which of the configured listeners, from 0 */
	unsigned loop;     /* which event loop accepts from it; a unix-domain listener has one descriptor, of loop 0 */
	bool tls;
};

/* A member that a role does not have is -1 or empty. */
struct role_fds {
	/* decided by the supervisor: the configuration file may have changed since it read it */
	unsigned n_loops, n_pool;
	int super;                 /* SOCK_SEQPACKET to the supervisor */
	int admin;                 /* listening control socket; server only */
	struct role_listen listen[ROLE_LISTEN_MAX]; /* server only */
	size_t n_listen;
	/*
	 * SOCK_STREAM, server <-> keyd; n_loops + n_pool + 1 in this order: [0 .. n_loops-1] one per event loop,
	 * [n_loops .. n_loops+n_pool-1] one per pool thread, the last one for the control thread.
	 */
	int keyd[ROLE_CHANNEL_MAX];
	size_t n_keyd;
};

void role_fds_init(struct role_fds *fds);
/* Close all descriptors. */
void role_fds_close(struct role_fds *fds);

struct role_spec {
	const char *role;            /* "keyd", "server" */
	const char *program;         /* NULL: /proc/self/exe; tests name another */
	const char *config_path;
	const struct role_fds *fds;  /* stay open here; the caller closes its copies */
	const char *const *env;      /* names of further variables to hand down, NULL-terminated; may be NULL */
};
/* E_NOMEM, E_IO. A failing exec shows as exit status 127. */
must_check int role_start(const struct role_spec *spec, pid_t *ret_pid);

/*
 * In the role: read MINTMARK_FDS and take it out of the environment, then role_harden. role: a literal, used for the
 * log.
 * E_CONFIG: the variable is missing or malformed: this process was not started by a supervisor.
 */
must_check int role_enter(const char *role, struct role_fds *ret_fds);
/* Parse the variable's value; role_enter's pure part. E_SYNTAX, E_LIMIT. */
must_check int role_parse_fds(struct str text, struct role_fds *ret_fds);

/* no-new-privs, not dumpable (no core, no ptrace, /proc/PID closed to the same user), core limit 0. E_IO. */
must_check int role_harden(void);

#endif
