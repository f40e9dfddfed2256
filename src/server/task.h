/*
 * A task: one HTTP exchange being answered: the call, the route it walks, and the reply being made. Runs on its event
 * loop, except while a step blocks (then on a pool thread); owned by exactly one of them at a time. Tasks are recycled
 * per loop.
 */
#ifndef SERVER_TASK_H
#define SERVER_TASK_H

#include "base/pool.h"
#include "base/rand.h"
#include "http/server.h"
#include "oauth/call.h"
#include "server/feed.h"
#include "server/snapshot.h"

struct route;
struct server;
struct worker;

enum { TASK_HEADERS_MAX = 65536, /* the way to the sign-in page carries a whole request */
       TASK_BODY_MAX = 1048576, TASK_ALLOW_MAX = 256 };

struct task {
	struct call call; /* first: a step gets its address and task_of() goes back */
	struct worker *worker;
	struct http_exchange *exchange;
	struct snapshot *snapshot; /* one reference */
	const struct route *route; /* NULL: no such path */
	size_t step;               /* the one that runs, or runs next */
	int code;                  /* of the last step */
	int64_t start_ns;          /* monotonic */
	int64_t due_ns;            /* not answered before; see delay.h */
	char request_id[RAND_ID_LEN + 1];
	int status;                /* of the reply */
	struct buf headers, body;
	struct str pattern;        /* ROUTE_BELOW: the path as it is declared, for the log; constant */
	void *own;                 /* what the route's steps keep for each other, in the call's arena */
	struct str detail;         /* why it failed, safe to show; empty: the text of err.def */
	struct str challenge;      /* WWW-Authenticate of a refusal; empty: that of the code, if any */
	struct buf allow;          /* Allow of E_METHOD_NOT_ALLOWED; empty: the route's */
	struct pool_job job;
	unsigned pool_thread;      /* that runs it, while call.may_block */
	struct loop_post post;     /* the way back from the pool, which must not fail */
	struct task *next;         /* free list, delayed list, those that wait for news */
	struct feed_ask feed;      /* of the revocation feed */
};

static inline struct task *task_of(struct call *call) { return (struct task *)(void *)call; }

enum task_outcome {
	TASK_DONE,  /* the reply is made */
	TASK_SIGN,  /* call.job waits for a signature; go on with task_run */
	TASK_WAIT,  /* go on with task_run when what it waits for has happened; never on a pool thread */
	TASK_BLOCK, /* go on with task_run where blocking is allowed, on call.lane */
};

/* E_NOMEM. */
must_check int task_new(struct worker *worker, struct task **ret_task);
void task_free(struct task *task);
/* Take up an exchange: one clock reading, request id, source address, route. */
void task_begin(struct task *task, struct http_exchange *exchange);
/* Walk the steps until they end or wait; the single place where steps are called. */
enum task_outcome task_run(struct task *task);
/* For steps: say why, to the peer, and return the code. The text must be safe to show: nothing of others' requests. */
must_check int task_explain(struct task *task, int code, const char *fmt, ...) printf_like(3, 4);
/* Give up with a code before or between steps. */
void task_refuse(struct task *task, int code);
/* Hand the reply to the connection, count and log it, make the task ready for the next exchange. On the loop only. */
void task_finish(struct task *task);

#endif
