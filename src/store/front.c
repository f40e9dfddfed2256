/* See front.h. */
#include "store/front.h"

#include "base/clock.h"
#include "base/fault.h"

int front_begin(struct store *store, bool write, struct front_span *ret_span)
{
	if (fault_hit(FAULT_STORE)) {
		atomic_fetch_add(&store->failures, 1);
		return E_STORE;
	}
	*ret_span = (struct front_span){store, write, write ? 0 : clock_mono_ns()};
	return 0;
}

int front_end(const struct front_span *span, int rc)
{
	struct store *store = span->store;
	if (rc == E_STORE || rc == E_NOMEM)
		atomic_fetch_add_explicit(&store->failures, 1, memory_order_relaxed);
	if (span->write) {
		atomic_fetch_add_explicit(&store->writes, 1, memory_order_relaxed);
		return rc;
	}
	atomic_fetch_add_explicit(&store->reads, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&store->read_us, (uint64_t)(clock_mono_ns() - span->start_ns) / 1000,
				  memory_order_relaxed);
	return rc;
}
