/* Inside of daemon/daemon.h: what daemon.c, daemon_loop.c, daemon_stream.c share. */
#ifndef DAEMON_DAEMON_LOOP_H
#define DAEMON_DAEMON_LOOP_H

#include <pthread.h>

#include "daemon/daemon.h"

struct daemon;

/* One event loop and its thread. */
struct daemon_loop {
	struct daemon *daemon;
	unsigned index;
	struct loop *loop;
	struct http_server *http;
	int listen_fds[DAEMON_LISTEN_MAX];
	unsigned n_listen_fds;
	struct daemon_task *free_tasks;
	unsigned n_free_tasks;
	struct daemon_task *streams;  /* replies that are being streamed */
	struct loop_timer *cut_timer; /* draining: then streams are cut short */
	pthread_t thread;
	bool started;
	pthread_mutex_t stats_lock;
	struct http_server_stats stats; /* as of the last round; under stats_lock */
};

struct daemon {
	const struct daemon_options *options;
	const struct clock *clock;
	struct pool *pool;
	struct daemon_loop loops[DAEMON_LOOPS_MAX];
	unsigned n_loops;
	size_t n_bound; /* of options->listen */
};

/* daemon.c */
/* What requests under way get at the end. */
uint32_t daemon_drain_ms(const struct daemon *daemon);

/* daemon_loop.c */
must_check int daemon_loop_init(struct daemon_loop *loop, struct daemon *daemon, unsigned index);
/* fd becomes the loop's. E_NOMEM, E_IO, E_LIMIT. */
must_check int daemon_loop_listen(struct daemon_loop *loop, int fd);
must_check int daemon_loop_start(struct daemon_loop *loop);
/* From any thread. E_NOMEM. */
must_check int daemon_loop_drain(struct daemon_loop *loop);
/* Its thread has ended, and the pool's. */
void daemon_loop_done(struct daemon_loop *loop);
/* The reply is made: tell the handler, while the request is still there. */
void daemon_loop_tell(struct daemon_task *task);
/* The exchange is gone: keep the task for the next request. */
void daemon_loop_recycle(struct daemon_task *task);

/* daemon_stream.c */
/* The handler asked for a streamed reply. On the loop. */
void daemon_stream_begin(struct daemon_task *task);
/* Cut all of the loop's streams short. */
void daemon_stream_cut(struct daemon_loop *loop);

/* daemon_reply.c */
void daemon_reply_refusal(int code, struct str request_id, struct buf *headers, struct buf *body, int *ret_status);

#endif
