/* Blocking work off the event loops; see pool.h. Server process and the daemons. */
#include "base/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/fault.h"

enum { LANES = 2, HEAVY_NICE = 10 };

struct queue {
	struct pool_job *first, **last;
	pthread_cond_t *wake; /* of those who serve this lane */
	unsigned waiting, running, running_max;
};

struct pool {
	struct pool_options options;
	pthread_mutex_t lock;
	pthread_cond_t wakes[LANES]; /* one for all when nobody serves one lane alone */
	struct queue lanes[LANES];
	unsigned next_thread;
	bool ending;
	unsigned n_started;
	pthread_t threads[];
};

/* The lanes that a thread serves, from first to last. The threads of the heavy lane have the highest numbers. */
struct span {
	unsigned first, last;
};

static struct span lanes_of(const struct pool *pool, unsigned thread)
{
	unsigned heavy = pool->options.heavy_threads;
	if (heavy == 0)
		return (struct span){POOL_LIGHT, POOL_HEAVY};
	unsigned lane = thread < pool->options.threads - heavy ? POOL_LIGHT : POOL_HEAVY;
	return (struct span){lane, lane};
}

/* The next job whose lane has a free place; heavy ones give way. Under the lock. */
static struct pool_job *take_job(struct pool *pool, struct span lanes, unsigned *ret_lane)
{
	for (unsigned lane = lanes.first; lane <= lanes.last; lane++) {
		struct queue *queue = &pool->lanes[lane];
		struct pool_job *job = queue->first;
		if (!job || queue->running >= queue->running_max)
			continue;
		queue->first = job->next;
		if (!queue->first)
			queue->last = &queue->first;
		queue->waiting--;
		queue->running++;
		*ret_lane = lane;
		return job;
	}
	return NULL;
}

static bool is_idle(const struct pool *pool, struct span lanes)
{
	return !pool->lanes[lanes.first].first && !pool->lanes[lanes.last].first;
}

static void wake_all(struct pool *pool)
{
	for (unsigned lane = 0; lane < LANES; lane++)
		pthread_cond_broadcast(&pool->wakes[lane]);
}

static void *work(void *arg)
{
	struct pool *pool = arg;
	pthread_mutex_lock(&pool->lock);
	unsigned thread = pool->next_thread++;
	const struct span lanes = lanes_of(pool, thread);
	if (lanes.first == POOL_HEAVY) /* of this thread; that it can't be refused is no promise, and none is needed */
		(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + HEAVY_NICE);
	for (;;) {
		unsigned lane;
		struct pool_job *job = take_job(pool, lanes, &lane);
		if (job) {
			pthread_mutex_unlock(&pool->lock);
			job->run(job, thread);
			pthread_mutex_lock(&pool->lock);
			pool->lanes[lane].running--;
			continue;
		}
		if (pool->ending && is_idle(pool, lanes))
			break;
		pthread_cond_wait(pool->lanes[lanes.first].wake, &pool->lock);
	}
	wake_all(pool);
	pthread_mutex_unlock(&pool->lock);
	if (pool->options.thread_end)
		pool->options.thread_end();
	return NULL;
}

int pool_new(const struct pool_options *options, struct pool **ret_pool)
{
	struct pool *pool =
		fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*pool) + options->threads * sizeof(pthread_t));
	if (!pool)
		return E_NOMEM;
	pool->options = *options;
	pthread_mutex_init(&pool->lock, NULL);
	for (unsigned lane = 0; lane < LANES; lane++) {
		pthread_cond_init(&pool->wakes[lane], NULL);
		pool->lanes[lane].last = &pool->lanes[lane].first;
		pool->lanes[lane].wake = &pool->wakes[options->heavy_threads > 0 ? lane : 0];
		pool->lanes[lane].running_max = options->threads;
	}
	if (options->heavy_threads == 0)
		pool->lanes[POOL_HEAVY].running_max = options->threads > 1 ? options->threads / 2 : 1;
	for (unsigned i = 0; i < options->threads; i++) {
		if (pthread_create(&pool->threads[i], NULL, work, pool) != 0) {
			pool_free(pool);
			return E_INTERNAL;
		}
		pool->n_started++;
	}
	*ret_pool = pool;
	return 0;
}

int pool_submit(struct pool *pool, unsigned lane, struct pool_job *job)
{
	struct queue *queue = &pool->lanes[lane];
	int rc = E_UNAVAILABLE;
	pthread_mutex_lock(&pool->lock);
	unsigned max = lane == POOL_HEAVY ? pool->options.heavy_waiting_max : pool->options.waiting_max;
	if (!pool->ending && queue->waiting < max) {
		job->next = NULL;
		*queue->last = job;
		queue->last = &job->next;
		queue->waiting++;
		rc = 0;
		pthread_cond_signal(queue->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	wake_all(pool);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->n_started; i++)
		pthread_join(pool->threads[i], NULL);
	for (unsigned lane = 0; lane < LANES; lane++)
		pthread_cond_destroy(&pool->wakes[lane]);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
