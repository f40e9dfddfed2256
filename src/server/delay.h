/*
 * Answers that are held back, so that the way they took through the server does not show in their time: whether a
 * client exists, was in memory, or needed the store (CC-15). Each is given at the end of the slot, counted from the
 * moment its request came, in which it was ready. One per worker, of its loop's thread.
 */
#ifndef SERVER_DELAY_H
#define SERVER_DELAY_H

#include "http/loop.h"

struct task;

struct delay {
	struct task *first, *last; /* by due_ns, soonest first; linked by task.next */
	int timer_fd;              /* the loop's timers count whole milliseconds from now: that would show */
	struct loop_watch *watch;
	void (*finish)(struct task *task);
};

/* finish is called, on the loop, for each task whose time has come. E_NOMEM, E_IO. */
must_check int delay_init(struct delay *delay, struct loop *loop, void (*finish)(struct task *task));
/* After delay_init, whatever it gave, or of a delay that is all zero. */
void delay_done(struct delay *delay);

/* Hold back a task that is ready now. Its start_ns says when its request came. */
void delay_add(struct delay *delay, struct task *task);

/* When what came at start_ns and was ready at ready_ns, not before, is answered. Monotonic times. Any thread. */
int64_t delay_due_ns(int64_t start_ns, int64_t ready_ns);

#endif
