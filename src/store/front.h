/*
 * The frame of every verb in the front (store*.c): the fault point before the backend is asked, the counters after.
 * Any thread that may block. Only in this folder.
 */
#ifndef STORE_FRONT_H
#define STORE_FRONT_H

#include "store/check.h"
#include "store/store_ops.h"

struct front_span {
	struct store *store;
	bool write;
	int64_t start_ns;
};

/* E_STORE: the fault was armed. */
must_check int front_begin(struct store *store, bool write, struct front_span *ret_span);
/* Counts; gives rc. */
must_check int front_end(const struct front_span *span, int rc);

#endif
