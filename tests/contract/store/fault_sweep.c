/* See fault_sweep.h. */
#include "fault_sweep.h"

#include <sqlite3.h>

#include "dump.h"
#include "people.h"

static sqlite3_mem_methods real_memory;

static void *alloc_or_fail(int size) { return fault_hit(FAULT_ALLOC) ? NULL : real_memory.xMalloc(size); }

static void *realloc_or_fail(void *p, int size)
{
	return fault_hit(FAULT_ALLOC) ? NULL : real_memory.xRealloc(p, size);
}

void fault_sweep_inside_sqlite(void)
{
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
	sqlite3_mem_methods ours = real_memory;
	ours.xMalloc = alloc_or_fail;
	ours.xRealloc = realloc_or_fail;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

static void snapshot(struct world *world, struct buf *out)
{
	buf_done(out);
	buf_init(out, 16 << 20);
	dump_store(world->store, out);
}

/* True when the N-th point was not reached any more. */
static bool attempt(struct world *world, const struct verb *verb, enum fault_kind kind, unsigned n)
{
	struct buf before = {0}, after = {0};
	forget_hashes();
	OK(store_probe(world->store)); /* recovers from the last failure, so that only the verb itself is swept */
	verb->prepare(world, n);
	snapshot(world, &before);
	fault_arm(kind, n);
	int rc = verb->act(world, n);
	bool reached = fault_reached(kind);
	fault_arm(kind, 0);
	snapshot(world, &after);
	bool same = str_eq(buf_str(&before), buf_str(&after));
	if (same != (rc < 0) || (rc < 0 && rc != E_STORE && rc != E_NOMEM) || (!reached && rc != 0))
		fail_msg("%s: point %u of kind %d gave %d, and the store %s", verb->name, n, kind, rc,
			 same ? "is as before" : "changed");
	buf_done(&before);
	buf_done(&after);
	return !reached;
}

unsigned fault_sweep_step(unsigned n) { return n < 20 ? n + 1 : n + 1 + n / 5; }

void fault_sweep(const struct sweep *sweep, void **state, enum fault_kind kind)
{
	for (size_t i = 0; i < sweep->n; i++) {
		unsigned n = 1;
		sweep->base(*state);
		while (!attempt(*state, &sweep->verbs[i], kind, n)) {
			n = fault_sweep_step(n);
			assert_true(n < 5000);
		}
		assert_true(n > 1);
		world_teardown(state);
		assert_int_equal(sweep->setup(state), 0);
	}
}
