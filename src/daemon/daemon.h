/*
 * The frame of mintmark's daemons (gate, series): one process with listeners, event loops, a pool for what blocks, and
 * the usual signals. A daemon brings a handler; the frame knows no routes and no JSON but that of its own refusals.
 *
 * A request is one struct daemon_task. The handler runs inline on the event loop; what it can't do there without
 * blocking it hands to the pool by returning E_WOULD_BLOCK: then it runs once more, on a pool thread, with may_block
 * set. A task has one owner at any time, so a handler needs no lock for it.
 *
 * SIGTERM and SIGINT: stop accepting, let requests in work finish, end within a second. SIGHUP: daemon_options.reload,
 * on the main thread. Core dumps, ptrace and new privileges are off.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "base/addr.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/rand.h"
#include "http/server.h"

enum {
	DAEMON_LISTEN_MAX = 16,
	DAEMON_LOOPS_MAX = 64,
	DAEMON_HEADERS_MAX = 16384,
	DAEMON_MORE = 1, /* of daemon_next */
};

struct daemon_task;

/*
 * The next piece of a streamed reply, appended to out (at most 256 KiB; 64 KiB is a good size). Always on a pool
 * thread, never twice at the same time for one task, and only when the peer has taken the piece before.
 * DAEMON_MORE: there is more; 0: this was all; negative: cut the reply short, the peer sees a broken connection.
 */
typedef int daemon_next(struct daemon_task *task, struct buf *out);

struct daemon_task {
	/* The request. Borrowed; lives as long as the task. */
	const struct http_request *request;
	struct arena arena;         /* at most daemon_options.arena_max */
	int64_t now_us;             /* the one clock reading of this request */
	int64_t start_ns;           /* monotonic */
	char request_id[RAND_ID_LEN + 1]; /* empty when there was no entropy */
	unsigned loop;              /* which event loop, 0 .. loops - 1: for what a loop owns */
	bool may_block;             /* on a pool thread */
	unsigned lane;              /* of the pool; set it before returning E_WOULD_BLOCK. Default POOL_LIGHT */
	void *data;                 /* the handler's own, NULL at the start; see daemon_options.finished */
	/* The reply. The frame adds Date, lengths and Connection. */
	int status;                 /* 200 at the start */
	struct buf headers;         /* complete lines */
	struct buf body;            /* at most daemon_options.body_max */
	bool close;                 /* close the connection behind it */
	daemon_next *next;          /* a streamed reply: body is not looked at. NULL at the start */
	/* The frame's own. */
	int code;                   /* what the handler returned; 0: its own reply */
	struct daemon_loop *owner;
	struct http_exchange *exchange;
	struct daemon_task *prev_stream, *next_stream, *next_free;
	struct buf piece;
	struct pool_job job;
	struct loop_post post;
	int piece_rc;
	bool is_stream, is_cut, in_pool;
};

struct daemon_handler {
	/*
	 * 0: the reply stands in the task. E_WOULD_BLOCK (only while !may_block): run it again on the pool; what it put
	 * into the reply is forgotten, the arena is not. Any other code: the reply is made of its row in base/err.def.
	 */
	int (*handle)(struct daemon_task *task, void *arg);
	/*
	 * The reply is made (a streamed one: to its end, or it was cut short): count, log, let task->data go. On the
	 * task's loop, once per task; task->code and task->status say what it came to; the request is still there. May
	 * be NULL.
	 */
	void (*finished)(struct daemon_task *task, void *arg);
	/* SIGHUP, on the main thread, while requests go on. May be NULL: ignored. */
	void (*reload)(void *arg);
	void *arg;
};

struct daemon_listen {
	struct addr_endpoint endpoint;
	mode_t mode; /* of a unix-domain socket */
};

struct daemon_options {
	const struct daemon_listen *listen;
	size_t n_listen;           /* 1 .. DAEMON_LISTEN_MAX */
	unsigned loops;            /* 1 .. DAEMON_LOOPS_MAX; 0: half of the cores, rounded up */
	unsigned pool_threads;     /* 1 .. 128 */
	/* for the whole daemon, shared out among its loops; all zero: the defaults. drain_ms: streams too, 0: 500 */
	struct http_limits limits;
	uint32_t end_ms;           /* from the signal to the end, at most; 0: 900 */
	size_t arena_max, body_max;
	struct daemon_handler handler;
	const struct clock *clock; /* NULL: the machine's */
};

/*
 * First thing in a daemon, before any thread (those of key sets included): signals, limits of the process, log.
 * role: a literal for the log. E_IO.
 */
must_check int daemon_prepare(const char *role, enum log_level level, enum log_format format);

/*
 * Binds, runs until SIGTERM or SIGINT, drains. On the thread that called daemon_prepare. 0; E_CONFIG: an address can't
 * be bound, ret_why (the caller's) says why; E_NOMEM, E_IO, E_INTERNAL: it could not start.
 * Handlers may still run when it returns E_TIMEOUT: requests did not end within the second. The caller then ends the
 * process without taking anything apart.
 */
must_check int daemon_run(const struct daemon_options *options, struct buf *ret_why);

/* The reply for a code of base/err.def, in place of whatever stands in the task: a JSON object with `error`. */
void daemon_refuse(struct daemon_task *task, int code);
/* HTTP figures of all loops together. Any thread, while daemon_run runs (from handlers). */
void daemon_stats(struct daemon_task *task, struct http_server_stats *ret_stats);
/* How many loops there are. */
unsigned daemon_loops(const struct daemon_options *options);

#endif
