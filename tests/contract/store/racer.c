/* See racer.h. */
#include "racer.h"

#include <pthread.h>

void count(struct racer *racer, int rc)
{
	if (rc == 0)
		racer->won++;
	else if (rc == racer->expected)
		racer->refused++;
	else if (rc == racer->later)
		racer->late++;
	else
		racer->other = rc;
}

static void *racer_main(void *arg)
{
	struct racer *racer = arg;
	pthread_barrier_wait(racer->start);
	racer->run(racer);
	return NULL;
}

struct racer race_as(const struct racer *example)
{
	pthread_barrier_t start;
	pthread_t threads[RACERS];
	struct racer racers[RACERS], sum = {0};
	pthread_barrier_init(&start, NULL, RACERS);
	for (unsigned i = 0; i < RACERS; i++) {
		racers[i] = *example;
		racers[i].start = &start;
		racers[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, racer_main, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		sum.won += racers[i].won;
		sum.refused += racers[i].refused;
		sum.late += racers[i].late;
		assert_int_equal(racers[i].other, 0);
	}
	pthread_barrier_destroy(&start);
	return sum;
}

struct racer race(struct world *world, void (*run)(struct racer *racer), const void *args, int expected)
{
	return race_as(&(struct racer){.world = world, .run = run, .args = args, .expected = expected});
}
