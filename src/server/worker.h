/*
 * A worker: one thread with its event loop, its HTTP connections and its channel to keyd. A round reads what is ready,
 * runs each request's steps, sends all claims that wait for a signature as one batch, writes replies, flushes its log.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <pthread.h>

#include "http/server.h"
#include "keys/signer.h"
#include "oauth/call.h"
#include "server/delay.h"
#include "server/feed.h"

struct config;
struct metrics_slot;
struct server;
struct task;
struct tls_context;
struct usage_slot;

struct worker_stats {
	struct http_server_stats http;
	struct signer_stats signer;
	unsigned feed_waiting;
};

enum { WORKER_LISTEN_MAX = 64 };

struct worker {
	struct server *server;
	unsigned index;
	struct loop *loop;
	struct http_server *http;
	int listen_fds[WORKER_LISTEN_MAX]; /* ours: closed when draining, so that newcomers are refused, not reset */
	unsigned n_listen_fds;
	struct signer *signer;
	struct loop_watch *signer_watch;
	struct metrics_slot *metrics;
	struct usage_slot *usage;
	struct task *free_tasks;
	size_t n_free_tasks;
	struct delay delay;            /* of failed authentications */
	struct loop_timer *sign_timer; /* runs while a batch is under way */
	bool sign_timer_runs;
	struct feed feed;             /* of revocations */
	bool draining;
	pthread_t thread;
	bool started;
	pthread_mutex_t stats_lock;
	struct worker_stats stats;    /* as of the last round; under stats_lock */
};

/* Makes loop, HTTP server and signer; keyd_fd becomes the signer's. E_NOMEM, E_IO. */
must_check int worker_init(struct worker *worker, struct server *server, unsigned index, int keyd_fd);
/* fd becomes the worker's, also on failure. E_LIMIT, E_NOMEM, E_IO. */
must_check int worker_listen(struct worker *worker, int fd, struct tls_context *tls);
/* Start the thread. E_INTERNAL. */
must_check int worker_start(struct worker *worker);
/* From any thread: a new channel to keyd; new limits and certificate (a reference is taken) by configuration; drain,
 * then end. */
must_check int worker_replace_signer(struct worker *worker, int keyd_fd);
must_check int worker_reload(struct worker *worker, struct config *config, struct tls_context *tls);
must_check int worker_drain(struct worker *worker);
/* Wait for the thread; then free what init made. */
void worker_join(struct worker *worker);
void worker_done(struct worker *worker);

/* Go on with a task that waited; its loop's thread. */
void worker_advance(struct task *task);

/* Figures as of the last round. Any thread. */
void worker_stats(struct worker *worker, struct worker_stats *ret_stats);

/* The secret of a finished call was used; gathered in memory. */
void worker_note_use(struct worker *worker, const struct call *call);

#endif
