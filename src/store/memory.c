/* The reference backend for tests; comes next. */
#include "store/store_ops.h"
int memory_open(const struct store_options *options, struct store **ret_store)
{
	(void)options;
	(void)ret_store;
	return E_ABSENT;
}
