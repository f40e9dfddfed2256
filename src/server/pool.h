/*
 * Threads for what blocks: store misses and password hashes. Two lanes, so that hashes (23 ms each) never hold up
 * store work: at most half of the threads (of one: that one) work on LANE_HASH at a time. Thread-safe.
 */
#ifndef SERVER_POOL_H
#define SERVER_POOL_H

#include "oauth/call.h"

struct pool;

/* Embedded in what is to be run; the queue's own link. */
struct pool_job {
	struct pool_job *next;
	/* thread: 0 .. threads - 1, for what a thread owns (its signer). */
	void (*run)(struct pool_job *job, unsigned thread);
};

struct pool_options {
	unsigned threads;            /* 1..128 */
	unsigned waiting_max;        /* LANE_STORE */
	unsigned hashes_waiting_max; /* LANE_HASH: a queue that nobody waits for any more helps only who filled it */
	void (*thread_end)(void);    /* called by each thread before it ends; may be NULL */
};

/* E_NOMEM, E_INTERNAL. */
must_check int pool_new(const struct pool_options *options, struct pool **ret_pool);
/* E_UNAVAILABLE: the lane is full, or the pool is ending; the job was not taken. */
must_check int pool_submit(struct pool *pool, enum call_lane lane, struct pool_job *job);
/* Runs what waits, then ends the threads. NULL is allowed. */
void pool_free(struct pool *pool);

#endif
