/* Answers that are held back; see delay.h. The server process, on a worker's loop. Never blocks. */
#include "server/delay.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/task.h"

enum { SLOT_NS = 5000000, NS_PER_S = 1000000000 };

int64_t delay_due_ns(int64_t start_ns, int64_t ready_ns)
{
	int64_t slots = (ready_ns - start_ns) / SLOT_NS + 1;
	return start_ns + slots * SLOT_NS;
}

static void finish_due(struct delay *delay, int64_t now_ns)
{
	while (delay->first && delay->first->due_ns <= now_ns) {
		struct task *task = delay->first;
		delay->first = task->next;
		if (!delay->first)
			delay->last = NULL;
		delay->finish(task);
	}
}

/* An absolute time: when it goes off does not depend on when it was set. Answers sooner rather than never. */
static void set_timer(struct delay *delay)
{
	if (!delay->first)
		return;
	int64_t due_ns = delay->first->due_ns;
	struct itimerspec at = {.it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};
	if (timerfd_settime(delay->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
		return;
	LOG(LOG_ERROR, "timer_failed", F("errno", errno));
	finish_due(delay, INT64_MAX);
}

static void on_timer(int fd, unsigned events, void *arg)
{
	(void)events;
	struct delay *delay = arg;
	uint64_t times;
	(void)!read(fd, &times, sizeof(times)); /* sets it back; nothing to read: it was set anew meanwhile */
	finish_due(delay, clock_mono_ns());
	set_timer(delay);
}

/* Nearly always the last: answers of one class are due in the order they came. */
void delay_add(struct delay *delay, struct task *task)
{
	task->due_ns = delay_due_ns(task->start_ns, clock_mono_ns());
	struct task **link = &delay->first;
	if (delay->last && delay->last->due_ns <= task->due_ns)
		link = &delay->last->next;
	while (*link && (*link)->due_ns <= task->due_ns)
		link = &(*link)->next;
	task->next = *link;
	*link = task;
	if (!task->next)
		delay->last = task;
	if (delay->first == task)
		set_timer(delay);
}

int delay_init(struct delay *delay, struct loop *loop, void (*finish)(struct task *task))
{
	*delay = (struct delay){.finish = finish};
	delay->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (delay->timer_fd < 0)
		return E_IO;
	TRY(loop_watch_new(loop, delay->timer_fd, on_timer, delay, &delay->watch));
	return loop_watch_set(delay->watch, LOOP_READ);
}

void delay_done(struct delay *delay)
{
	if (!delay->finish)
		return; /* never begun */
	loop_watch_free(delay->watch);
	if (delay->timer_fd >= 0)
		close(delay->timer_fd);
}
