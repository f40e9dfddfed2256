/* Armed faults for the fault sweep; see fault.h. Empty in release builds. */
#include "base/fault.h"

#ifdef MINTMARK_FAULTS
#include <stdatomic.h>

static _Atomic long left[FAULT_KINDS]; /* points until the armed one; 0 = not armed */
static _Atomic bool reached[FAULT_KINDS];

bool fault_hit(enum fault_kind kind)
{
	if (atomic_load(&left[kind]) == 0 || atomic_fetch_sub(&left[kind], 1) != 1)
		return false;
	atomic_store(&reached[kind], true);
	return true;
}

void fault_arm(enum fault_kind kind, long nth)
{
	atomic_store(&reached[kind], false);
	atomic_store(&left[kind], nth);
}

bool fault_reached(enum fault_kind kind) { return atomic_load(&reached[kind]); }
#else
_Static_assert(FAULT_KINDS > 0, "ISO C wants a declaration in every file");
#endif
