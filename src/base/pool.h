/*
 * Threads for what blocks an event loop: the store, a disk, the network, password hashes. Two lanes, so that what takes
 * long (a hash: 23 ms) never holds up the rest: at most half of the threads (of one: that one) work on POOL_HEAVY at a
 * time, or threads of its own do, which give way to everything else that wants a core. Thread-safe.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/err.h"

enum { POOL_LIGHT, POOL_HEAVY }; /* lanes */

struct pool;

/* Embedded in what is to be run; the queue's own link. */
struct pool_job {
	struct pool_job *next;
	/* thread: 0 .. threads - 1, for what a thread owns (its signer). */
	void (*run)(struct pool_job *job, unsigned thread);
};

struct pool_options {
	unsigned threads;            /* 1..128 */
	unsigned waiting_max;        /* POOL_LIGHT */
	unsigned heavy_waiting_max;  /* POOL_HEAVY: a queue that nobody waits for any more helps only who filled it */
	void (*thread_end)(void);    /* called by each thread before it ends; may be NULL */
	unsigned heavy_threads;      /* so many of them, not all, work on POOL_HEAVY alone, and they alone; 0: none */
};

/* E_NOMEM, E_INTERNAL. */
must_check int pool_new(const struct pool_options *options, struct pool **ret_pool);
/* lane: POOL_LIGHT or POOL_HEAVY. E_UNAVAILABLE: the lane is full, or the pool is ending; the job was not taken. */
must_check int pool_submit(struct pool *pool, unsigned lane, struct pool_job *job);
/* Runs what waits, then ends the threads. NULL is allowed. */
void pool_free(struct pool *pool);

#endif
