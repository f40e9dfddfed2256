/* pool.c: lanes, bounds, the end. DESIGN 2: password hashes never hold up store work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/pool.h"

enum { JOBS = 40, WAIT_ROUNDS = 60000, WAIT_US = 1000 };

struct probe {
	struct pool_job job; /* first */
	atomic_bool *gate;   /* waits for it; NULL: does not */
	atomic_uint *running, *most, *done;
	unsigned thread;
};

static atomic_uint ended;

static void count_end(void) { atomic_fetch_add(&ended, 1); }

static void raise_to(atomic_uint *most, unsigned value)
{
	unsigned seen = atomic_load(most);
	while (seen < value && !atomic_compare_exchange_weak(most, &seen, value))
		;
}

static bool wait_until(atomic_uint *counter, unsigned value)
{
	for (int i = 0; i < WAIT_ROUNDS && atomic_load(counter) < value; i++)
		usleep(WAIT_US);
	return atomic_load(counter) >= value;
}

static void run(struct pool_job *job, unsigned thread)
{
	struct probe *probe = (struct probe *)(void *)job;
	probe->thread = thread;
	raise_to(probe->most, atomic_fetch_add(probe->running, 1) + 1);
	for (int i = 0; probe->gate && !atomic_load(probe->gate) && i < WAIT_ROUNDS; i++)
		usleep(WAIT_US);
	atomic_fetch_sub(probe->running, 1);
	atomic_fetch_add(probe->done, 1);
}

static struct pool *make(unsigned threads, unsigned waiting_max)
{
	struct pool_options options = {threads, waiting_max, waiting_max, count_end, 0};
	struct pool *pool = NULL;
	assert_int_equal(pool_new(&options, &pool), 0);
	return pool;
}

/* Hashes that don't end fill their share and no more; store work goes on beside them. */
static void hashes_take_at_most_half(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= 9; threads++) {
		static struct probe hashes[JOBS], stores[JOBS];
		unsigned share = threads > 1 ? threads / 2 : 1;
		atomic_bool gate = false;
		atomic_uint running[2] = {0}, most[2] = {0}, done[2] = {0};
		struct pool *pool = make(threads, JOBS);
		for (unsigned i = 0; i < JOBS; i++) {
			hashes[i] = (struct probe){{NULL, run}, &gate, &running[0], &most[0], &done[0], 0};
			assert_int_equal(pool_submit(pool, POOL_HEAVY, &hashes[i].job), 0);
		}
		assert_true(wait_until(&running[0], share));
		for (unsigned i = 0; i < JOBS; i++) {
			stores[i] = (struct probe){{NULL, run}, NULL, &running[1], &most[1], &done[1], 0};
			assert_int_equal(pool_submit(pool, POOL_LIGHT, &stores[i].job), 0);
		}
		assert_true(threads == 1 || wait_until(&done[1], JOBS));
		assert_int_equal(atomic_load(&done[0]), 0);
		atomic_store(&gate, true);
		pool_free(pool);
		assert_int_equal(atomic_load(&done[0]), JOBS);
		assert_int_equal(atomic_load(&done[1]), JOBS);
		assert_int_equal(atomic_load(&most[0]), share);
	}
}

static void note_nice(struct pool_job *job, unsigned thread)
{
	struct probe *probe = (struct probe *)(void *)job;
	probe->thread = thread;
	atomic_store(probe->most, (unsigned)(getpriority(PRIO_PROCESS, 0) + 20));
	atomic_fetch_add(probe->done, 1);
}

/* Threads of their own for hashes: both lanes run to the end beside a full other one, and hashes give way. */
static void hashes_have_their_own_threads(void **state)
{
	static struct probe jobs[2][JOBS];
	(void)state;
	for (unsigned stuck = 0; stuck < 2; stuck++) {
		const unsigned places[] = {3, 2}, free_lane = 1 - stuck;
		const struct pool_options options = {5, JOBS, JOBS, count_end, 2};
		struct probe nice[2];
		atomic_bool gate = false;
		atomic_uint running[2] = {0}, most[2] = {0}, done[2] = {0}, niceness[2] = {0}, seen = 0;
		struct pool *pool = NULL;
		assert_int_equal(pool_new(&options, &pool), 0);
		for (unsigned lane = 0; lane < 2; lane++) {
			nice[lane] = (struct probe){{NULL, note_nice}, NULL, NULL, &niceness[lane], &seen, 99};
			assert_int_equal(pool_submit(pool, lane, &nice[lane].job), 0);
		}
		assert_true(wait_until(&seen, 2));
		assert_true(nice[0].thread < 3 && nice[1].thread >= 3);
		bool is_nicest = atomic_load(&niceness[0]) == 19 + 20; /* all of the test gives way already */
		assert_true(is_nicest || atomic_load(&niceness[1]) > atomic_load(&niceness[0]));
		for (unsigned i = 0; i < JOBS; i++) {
			for (unsigned lane = 0; lane < 2; lane++)
				jobs[lane][i] = (struct probe){{NULL, run},    lane == stuck ? &gate : NULL,
							       &running[lane], &most[lane], &done[lane], 0};
			assert_int_equal(pool_submit(pool, stuck, &jobs[stuck][i].job), 0);
		}
		assert_true(wait_until(&running[stuck], places[stuck]));
		for (unsigned i = 0; i < JOBS; i++)
			assert_int_equal(pool_submit(pool, free_lane, &jobs[free_lane][i].job), 0);
		assert_true(wait_until(&done[free_lane], JOBS));
		assert_int_equal(atomic_load(&done[stuck]), 0);
		atomic_store(&gate, true);
		pool_free(pool);
		assert_int_equal(atomic_load(&done[stuck]), JOBS);
		assert_int_equal(atomic_load(&most[stuck]), places[stuck]);
	}
}

/* A full lane refuses, the other one does not; what was taken runs, also when the pool ends meanwhile. */
static void full_lane_refuses_and_the_end_runs_what_waits(void **state)
{
	static const unsigned lanes[] = {POOL_LIGHT, POOL_HEAVY};
	(void)state;
	for (size_t l = 0; l < 2; l++) {
		struct probe probes[5];
		atomic_bool gate = false;
		atomic_uint running = 0, most = 0, done = 0;
		struct pool *pool = make(1, 2);
		for (unsigned i = 0; i < 5; i++)
			probes[i] = (struct probe){{NULL, run}, &gate, &running, &most, &done, 99};
		assert_int_equal(pool_submit(pool, lanes[l], &probes[0].job), 0);
		assert_true(wait_until(&running, 1)); /* on the only thread, not waiting any more */
		assert_int_equal(pool_submit(pool, lanes[l], &probes[1].job), 0);
		assert_int_equal(pool_submit(pool, lanes[l], &probes[2].job), 0);
		assert_int_equal(pool_submit(pool, lanes[l], &probes[3].job), E_UNAVAILABLE);
		assert_int_equal(pool_submit(pool, lanes[1 - l], &probes[4].job), 0);
		atomic_store(&ended, 0);
		atomic_store(&gate, true);
		pool_free(pool);
		assert_int_equal(atomic_load(&done), 4);
		assert_int_equal(probes[3].thread, 99);
		assert_int_equal(probes[4].thread, 0);
		assert_int_equal(atomic_load(&ended), 1);
	}
}

struct chain {
	struct pool_job job;  /* first */
	struct pool *pool;
	struct pool_job next[WAIT_ROUNDS];
	atomic_uint *started;
	int last;
};

static void nothing(struct pool_job *job, unsigned thread)
{
	(void)job;
	(void)thread;
}

/* Submits until it is refused. */
static void submit_on(struct pool_job *job, unsigned thread)
{
	struct chain *chain = (struct chain *)(void *)job;
	(void)thread;
	atomic_fetch_add(chain->started, 1);
	chain->last = 0;
	for (size_t i = 0; i < WAIT_ROUNDS && chain->last == 0; i++) {
		chain->next[i].run = nothing;
		chain->last = pool_submit(chain->pool, POOL_LIGHT, &chain->next[i]);
		usleep(WAIT_US);
	}
}

static void ending_pool_takes_nothing(void **state)
{
	static struct chain chain;
	atomic_uint started = 0;
	(void)state;
	chain = (struct chain){.job = {NULL, submit_on}, .pool = make(2, WAIT_ROUNDS), .started = &started};
	assert_int_equal(pool_submit(chain.pool, POOL_LIGHT, &chain.job), 0);
	assert_true(wait_until(&started, 1));
	pool_free(chain.pool);
	assert_int_equal(chain.last, E_UNAVAILABLE);
	pool_free(NULL);
}

/* Each thread has a number of its own: its signer is found by it. */
static void threads_are_numbered(void **state)
{
	struct probe probes[7];
	atomic_bool gate = false;
	atomic_uint running = 0, most = 0, done = 0;
	unsigned seen = 0;
	struct pool *pool = make(7, 7);
	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		probes[i] = (struct probe){{NULL, run}, &gate, &running, &most, &done, 99};
		assert_int_equal(pool_submit(pool, POOL_LIGHT, &probes[i].job), 0);
	}
	assert_true(wait_until(&running, 7));
	atomic_store(&gate, true);
	pool_free(pool);
	for (unsigned i = 0; i < 7; i++)
		seen |= 1U << probes[i].thread;
	assert_int_equal(seen, 0x7F);
}

static void lack_of_memory(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct pool_options options = {2, 2, 2, NULL, 0};
	struct pool *pool = NULL;
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(pool_new(&options, &pool), E_NOMEM);
	assert_null(pool);
	fault_arm(FAULT_ALLOC, 0);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_take_at_most_half),
		cmocka_unit_test(hashes_have_their_own_threads),
		cmocka_unit_test(full_lane_refuses_and_the_end_runs_what_waits),
		cmocka_unit_test(ending_pool_takes_nothing),
		cmocka_unit_test(threads_are_numbered),
		cmocka_unit_test(lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
