/*
 * The server process: event-loop workers, the pool, the keeper thread (usage, key lifecycle, snapshots) and the control
 * thread. It holds no private key. What is here is set before threads start, or says how it is guarded.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <pthread.h>

#include "admin/admin.h"
#include "admin/rotation.h"
#include "base/pool.h"
#include "ipc/role.h"
#include "oauth/call.h"
#include "server/metrics.h"
#include "server/snapshot.h"
#include "server/usage.h"

struct control;
struct openapi;
struct routes;
struct worker;

/* A signer that a pool thread owns; the channel to a restarted keyd waits in next_fd until the thread takes it. */
struct pool_signer {
	struct signer *signer;
	_Atomic int next_fd; /* -1: none */
	pthread_mutex_t lock; /* of stats */
	struct signer_stats stats; /* as of the last signature */
};

struct server {
	const struct clock *clock;
	struct config *config;       /* what the process started with; options that need a restart are read here */
	struct call_env env;
	struct routes *routes;
	struct openapi *management;  /* what the management API serves and demands; constant */
	struct metrics *metrics;
	struct usage *usage;
	struct pool *pool;
	struct pool_signer *pool_signers;
	unsigned n_pool;
	struct worker *workers;
	unsigned n_workers;
	struct rotation rotation;      /* under keys_lock */
	pthread_mutex_t keys_lock;   /* the control channel to keyd: keeper and control thread share it */
	struct admin *admin;         /* under keys_lock */
	struct control *control;

	pthread_mutex_t refresh_lock; /* one makes a snapshot at a time: what was read last is what is set last */
	pthread_mutex_t snapshot_lock;
	struct snapshot *snapshot;   /* current; under snapshot_lock */

	pthread_t keeper;
	bool keeper_started;
	pthread_mutex_t keeper_lock;
	pthread_cond_t keeper_wake;
	bool keeper_due, keeper_keys, keeper_end; /* under keeper_lock */
	_Atomic bool ready;          /* keys are loaded */
	_Atomic bool stale;          /* keyd or the snapshot may be behind the store: the keeper tries again */
	int super;                   /* to the supervisor */
	uint64_t started_s;

	pthread_mutex_t probe_lock;  /* of what status.c remembers */
	int64_t probed_ns;
	_Atomic int probe_result;
};

/* The current snapshot with a reference. Any thread. */
struct snapshot *server_snapshot(struct server *server);
/* Make a new snapshot from the store's APIs and keys and the configuration (NULL: as it is now). Any thread that may
 * block. */
must_check int server_refresh(struct server *server, struct config *config);
/* struct admin's `flush_use`, arg is the server; see usage_flush. */
must_check int server_flush_use(void *arg);
/* struct admin's `changed`, arg is the server: forget what was remembered, before anybody is told that it happened.
 * Under keys_lock. */
void server_changed(void *arg, enum admin_change what, struct str id);
/*
 * A committed change may have ended tokens: everything here knows it once this returns, and who waits for news of the
 * feed is told. Blocks. E_STORE, E_NOMEM: it is not known what is revoked; until the keeper's next try succeeds,
 * introspection and feed answer 503.
 */
must_check int server_revoked(struct server *server);
/*
 * A new configuration, for requests and for administration, which borrows from the one that the snapshot keeps.
 * Blocks. As server_refresh.
 */
must_check int server_publish(struct server *server, struct config *config);
/* For pool thread number `thread`: sign, blocking. The job's status. */
must_check int server_sign_blocking(struct server *server, unsigned thread, struct sign_job *job);
/* call_env's seal and open: on the pool thread that runs the call. */
must_check int server_seal(struct call *call, struct str purpose, struct secret plain, struct buf *ret_sealed);
must_check int server_open(struct call *call, struct str purpose, struct str sealed, struct buf *ret_plain);
/* Let the keeper run now. Any thread. */
void server_wake_keeper(struct server *server);

/* The server role: runs until the supervisor says so or is gone. Returns the exit status (server/supervise.h). */
int server_main(const char *config_path, const struct role_fds *fds);

#endif
