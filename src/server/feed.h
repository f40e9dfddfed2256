/*
 * The revocation feed's part of a worker: those who wait for news, and the answers signed in this second, so that
 * strangers can't buy signatures by asking. Of the loop's thread, except feed_news.
 */
#ifndef SERVER_FEED_H
#define SERVER_FEED_H

#include <stdatomic.h>

#include "base/buf.h"
#include "http/loop.h"

enum {
	FEED_ENTRIES = 32,
	FEED_WAITING_MAX = 2048, /* per worker; who comes then is told to come back */
	FEED_WAIT_MAX_S = 30,
	FEED_NEAR = 8,           /* those who follow are at most so many numbers behind */
	FEED_FAR_PER_S = 50,     /* signatures a second for all others together */
};

struct task;
struct worker;

enum feed_state { FEED_FREE, FEED_PENDING, FEED_READY, FEED_FAILED };

/* One answer. */
struct feed_entry {
	enum feed_state state;
	int64_t since, seq, iat_s; /* what it is the answer to */
	struct buf token;
};

/* What one request asks; in its task. */
struct feed_ask {
	int64_t since;
	bool follows;       /* since was given: it may wait for news */
	int64_t due_ns;     /* waits until then at most; monotonic */
	struct feed_entry *entry;
	char etag[96];
};

struct feed {
	struct feed_entry entries[FEED_ENTRIES];
	struct task *waiting;
	unsigned n_waiting;
	bool due;                  /* somebody who waits may go on: look in this round */
	struct loop_timer *timer;
	int64_t timer_due_ns;      /* what it is set for; INT64_MAX: nothing */
	struct loop_post post;
	_Atomic bool posted;
	int64_t far_s;             /* the second that n_far belongs to */
	unsigned n_far;
};

/* E_NOMEM. */
must_check int feed_init(struct worker *worker);
void feed_done(struct worker *worker);

/* Keep a task whose step gave CALL_WAIT. */
void feed_park(struct worker *worker, struct task *task);
/* At the end of a round: those who may go on do. */
void feed_resume(struct worker *worker);
/* There is news. Any thread that runs before the worker's loop is freed. */
void feed_news(struct worker *worker);

/*
 * The answer of this second, found or begun (FEED_PENDING, and the caller is the one who must fill it: *ret_is_ours).
 * E_UNAVAILABLE: too many different ones are asked for.
 */
must_check int feed_entry_take(struct worker *worker, const struct feed_entry *wanted, int64_t newest,
			       struct feed_entry **ret_entry, bool *ret_is_ours);
/* Its filling ended. */
void feed_entry_end(struct worker *worker, struct feed_entry *entry, bool ok);

#endif
