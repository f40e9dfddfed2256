/* Blocking work off the event loops; see pool.h. Server process and the daemons. */
#include "base/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fault.h"

enum { LANES = 2 };

struct queue {
	struct pool_job *first, **last;
	unsigned waiting, running, running_max;
};

struct pool {
	struct pool_options options;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue lanes[LANES];
	unsigned next_thread;
	bool ending;
	unsigned n_started;
	pthread_t threads[];
};

/* The next job whose lane has a free place; heavy ones give way. Under the lock. */
static struct pool_job *take_job(struct pool *pool, unsigned *ret_lane)
{
	for (unsigned lane = 0; lane < LANES; lane++) {
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

static bool is_idle(const struct pool *pool) { return !pool->lanes[0].first && !pool->lanes[1].first; }

static void *work(void *arg)
{
	struct pool *pool = arg;
	pthread_mutex_lock(&pool->lock);
	unsigned thread = pool->next_thread++;
	for (;;) {
		unsigned lane;
		struct pool_job *job = take_job(pool, &lane);
		if (job) {
			pthread_mutex_unlock(&pool->lock);
			job->run(job, thread);
			pthread_mutex_lock(&pool->lock);
			pool->lanes[lane].running--;
			continue;
		}
		if (pool->ending && is_idle(pool))
			break;
		pthread_cond_wait(&pool->wake, &pool->lock);
	}
	pthread_cond_broadcast(&pool->wake);
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
	pthread_cond_init(&pool->wake, NULL);
	for (unsigned lane = 0; lane < LANES; lane++)
		pool->lanes[lane].last = &pool->lanes[lane].first;
	pool->lanes[POOL_LIGHT].running_max = options->threads;
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
		pthread_cond_signal(&pool->wake);
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
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->n_started; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
