/*
 * The event loop over libevent 2.1: the only file that includes <event2/...>. Server process and the daemons; one
 * loop per thread. No locks inside libevent: whatever comes from another thread goes through the mutexed queue and
 * the eventfd below. Must never block outside event_base_loop.
 */
#include "http/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/fault.h"

enum { SPARE_WATCHES_MAX = 1024 }; /* freed watches kept for the next connections */

struct loop_watch {
	struct event event;
	struct loop *loop;
	void (*fn)(int fd, unsigned events, void *arg);
	void *arg;
	int fd;
	unsigned events;
	struct loop_watch *next_spare;
};

struct loop_timer {
	struct event event;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	void (*round)(void *arg);
	void *round_arg;
	struct loop_watch *spare;
	unsigned n_spare;
	atomic_bool stop;
	int wake_fd;
	struct event wake;
	pthread_mutex_t mutex; /* guards what follows */
	struct loop_post *first, **last;
	bool wake_pending;
};

static int make_base(struct event_base **ret_base)
{
	struct event_config *config = event_config_new();
	if (!config)
		return E_NOMEM;
	/* One thread per base, no environment switches; the coarse clock is precise enough for our deadlines. */
	int rc = event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	struct event_base *base = rc == 0 ? event_base_new_with_config(config) : NULL;
	event_config_free(config);
	if (!base)
		return E_NOMEM;
	*ret_base = base;
	return 0;
}

static struct loop_post *take_posts(struct loop *loop)
{
	pthread_mutex_lock(&loop->mutex);
	struct loop_post *posts = loop->first;
	loop->first = NULL;
	loop->last = &loop->first;
	loop->wake_pending = false;
	pthread_mutex_unlock(&loop->mutex);
	return posts;
}

static void run_posts(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct loop *loop = arg;
	uint64_t count;
	/* Emptied before the queue is taken: a post that comes in between writes anew and is never missed. */
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	struct loop_post *post = take_posts(loop);
	while (post) {
		struct loop_post now = *post;
		if (now.owned)
			free(post);
		now.fn(now.arg);
		post = now.next;
	}
}

static int arm_wake(struct loop *loop)
{
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return E_IO;
	event_assign(&loop->wake, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, run_posts, loop);
	return event_add(&loop->wake, NULL) < 0 ? E_NOMEM : 0;
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*loop));
	if (!loop)
		return E_NOMEM;
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2), which knows no MSG_NOSIGNAL */
	loop->wake_fd = -1;
	loop->last = &loop->first;
	pthread_mutex_init(&loop->mutex, NULL);
	int rc = make_base(&loop->base);
	if (rc == 0)
		rc = arm_wake(loop);
	if (rc < 0) {
		loop_free(loop);
		return rc;
	}
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_post *post = take_posts(loop), *next; post; post = next) {
		next = post->next;
		if (post->owned)
			free(post);
	}
	for (struct loop_watch *watch = loop->spare, *next; watch; watch = next) {
		next = watch->next_spare;
		free(watch);
	}
	if (loop->wake_fd >= 0) {
		event_del(&loop->wake);
		close(loop->wake_fd);
	}
	if (loop->base)
		event_base_free(loop->base);
	pthread_mutex_destroy(&loop->mutex);
	free(loop);
}

int loop_run(struct loop *loop)
{
	while (!atomic_load_explicit(&loop->stop, memory_order_acquire)) {
		if (event_base_loop(loop->base, EVLOOP_ONCE) < 0)
			return E_IO;
		if (loop->round)
			loop->round(loop->round_arg);
	}
	atomic_store(&loop->stop, false);
	return 0;
}

static void wake_up(struct loop *loop)
{
	uint64_t one = 1;
	/* Fails only when the counter is full, and then the loop wakes anyway. */
	ssize_t n = write(loop->wake_fd, &one, sizeof(one));
	(void)n;
}

void loop_stop(struct loop *loop)
{
	atomic_store_explicit(&loop->stop, true, memory_order_release);
	wake_up(loop);
}

static void enqueue(struct loop *loop, struct loop_post *post)
{
	pthread_mutex_lock(&loop->mutex);
	*loop->last = post;
	loop->last = &post->next;
	bool write_now = !loop->wake_pending;
	loop->wake_pending = true;
	pthread_mutex_unlock(&loop->mutex);
	if (write_now)
		wake_up(loop);
}

int loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct loop_post *post = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*post));
	if (!post)
		return E_NOMEM;
	*post = (struct loop_post){.fn = fn, .arg = arg, .owned = true};
	enqueue(loop, post);
	return 0;
}

void loop_post_own(struct loop *loop, struct loop_post *post, void (*fn)(void *arg), void *arg)
{
	*post = (struct loop_post){.fn = fn, .arg = arg};
	enqueue(loop, post);
}

void loop_set_round_hook(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	loop->round = fn;
	loop->round_arg = arg;
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *watch = arg;
	unsigned events = (what & EV_READ ? LOOP_READ : 0U) | (what & EV_WRITE ? LOOP_WRITE : 0U);
	watch->fn(fd, events, watch->arg); /* may free the watch */
}

static struct loop_watch *take_watch(struct loop *loop)
{
	struct loop_watch *watch = loop->spare;
	if (!watch)
		return fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*watch));
	loop->spare = watch->next_spare;
	loop->n_spare--;
	return watch;
}

int loop_watch_new(struct loop *loop, int fd, void (*fn)(int fd, unsigned events, void *arg), void *arg,
		   struct loop_watch **ret_watch)
{
	struct loop_watch *watch = take_watch(loop);
	if (!watch)
		return E_NOMEM;
	*watch = (struct loop_watch){.loop = loop, .fn = fn, .arg = arg, .fd = fd};
	*ret_watch = watch;
	return 0;
}

int loop_watch_set(struct loop_watch *watch, unsigned events)
{
	if (events == watch->events)
		return 0;
	if (watch->events != 0)
		event_del(&watch->event);
	watch->events = 0;
	if (events == 0)
		return 0;
	int what = (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);
	event_assign(&watch->event, watch->loop->base, watch->fd, (short)(what | EV_PERSIST), on_event, watch);
	if (event_add(&watch->event, NULL) < 0)
		return E_NOMEM;
	watch->events = events;
	return 0;
}

void loop_watch_free(struct loop_watch *watch)
{
	if (!watch)
		return;
	if (watch->events != 0)
		event_del(&watch->event);
	struct loop *loop = watch->loop;
	if (loop->n_spare >= SPARE_WATCHES_MAX) {
		free(watch);
		return;
	}
	watch->next_spare = loop->spare;
	loop->spare = watch;
	loop->n_spare++;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct loop_timer *timer = arg;
	timer->fn(timer->arg);
}

int loop_timer_new(struct loop *loop, void (*fn)(void *arg), void *arg, struct loop_timer **ret_timer)
{
	struct loop_timer *timer = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*timer));
	if (!timer)
		return E_NOMEM;
	timer->fn = fn;
	timer->arg = arg;
	evtimer_assign(&timer->event, loop->base, on_timer, timer);
	*ret_timer = timer;
	return 0;
}

int loop_timer_start(struct loop_timer *timer, uint32_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
	return evtimer_add(&timer->event, &tv) < 0 ? E_NOMEM : 0;
}

void loop_timer_stop(struct loop_timer *timer) { evtimer_del(&timer->event); }

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	evtimer_del(&timer->event);
	free(timer);
}
