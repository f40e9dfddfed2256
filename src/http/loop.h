/*
 * An event loop: one per thread. The only user of libevent. A round: wait, run what is ready, then the round hook
 * (where the server sends its batch of signing requests and flushes its log). All calls from the loop's own thread,
 * except loop_post and loop_stop.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Makes the process ignore SIGPIPE: a peer that left must not end us. E_NOMEM, E_IO. */
must_check int loop_new(struct loop **ret_loop);
/* Only when nothing runs in it any more. */
void loop_free(struct loop *loop);
/* Runs until loop_stop. */
must_check int loop_run(struct loop *loop);
/* From any thread. The running round ends, then loop_run returns. */
void loop_stop(struct loop *loop);
/* fn(arg) runs in the loop's thread, in the order of posting. From any thread. E_NOMEM. */
must_check int loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);
/* The same without a failure: post is the caller's memory until fn begins. */
struct loop_post {
	struct loop_post *next;
	void (*fn)(void *arg);
	void *arg;
	bool owned; /* by the loop */
};
void loop_post_own(struct loop *loop, struct loop_post *post, void (*fn)(void *arg), void *arg);
/* Called after every round that ran something. One hook per loop. */
void loop_set_round_hook(struct loop *loop, void (*fn)(void *arg), void *arg);

/* Watch a descriptor (level-triggered). events: LOOP_READ | LOOP_WRITE. The descriptor stays the caller's. */
must_check int loop_watch_new(struct loop *loop, int fd, void (*fn)(int fd, unsigned events, void *arg), void *arg,
			      struct loop_watch **ret_watch);
/* Choose what to wait for; 0 pauses. */
must_check int loop_watch_set(struct loop_watch *watch, unsigned events);
void loop_watch_free(struct loop_watch *watch);

/* One-shot timer; starts stopped. */
must_check int loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg, struct loop_timer **ret_timer);
/* (Re)start: fires once after ms milliseconds. */
must_check int loop_timer_start(struct loop_timer *timer, uint32_t ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

#endif
