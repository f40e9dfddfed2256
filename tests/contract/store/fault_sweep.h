/*
 * The fault sweep: for each write verb the first, second, third ... failure point fails until the verb passes
 * untouched. After each failure the store holds exactly what it held before; the sanitizers see to leaks. On
 * SQLite the allocations inside the library are such points too.
 */
#ifndef TESTS_CONTRACT_STORE_FAULT_SWEEP_H
#define TESTS_CONTRACT_STORE_FAULT_SWEEP_H

#include "base/fault.h"
#include "store_test.h"

/* n numbers the attempts. Each makes its own objects, so the sweep goes on after a failure that the verb survived. */
struct verb {
	const char *name;
	void (*prepare)(struct world *world, unsigned n);
	int (*act)(struct world *world, unsigned n);
};

struct sweep {
	const struct verb *verbs;
	size_t n;
	int (*setup)(void **state);        /* of the world that each verb begins in */
	void (*base)(struct world *world); /* and what stands there */
};

/* main() calls it before the first store is opened. */
void fault_sweep_inside_sqlite(void);
void fault_sweep(const struct sweep *sweep, void **state, enum fault_kind kind);
/* SQLite allocates hundreds of times per verb: the first ones all, further on about each fifth part more. */
unsigned fault_sweep_step(unsigned n);

#endif
