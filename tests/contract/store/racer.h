/* Threads that do the same thing at the same time, and what they came to. */
#ifndef TESTS_CONTRACT_RACER_H
#define TESTS_CONTRACT_RACER_H

#include "store_test.h"

enum { RACERS = 8 };

struct racer {
	struct world *world;
	void *start;
	void (*run)(struct racer *racer);
	unsigned number;
	const void *args;
	unsigned won, refused, late; /* refused: as `expected`; late: as `later` */
	int expected, later, other;  /* other: the first code that was none of these */
};

/* Notes what a verb came to. */
void count(struct racer *racer, int rc);
/* All run at once, as the example says; the sums come back. Each racer must say no other code. */
struct racer race_as(const struct racer *example);
struct racer race(struct world *world, void (*run)(struct racer *racer), const void *args, int expected);

#endif
