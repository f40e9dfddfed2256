/* Everything a store holds, as text: two dumps are equal exactly when the stores hold the same. */
#ifndef TESTS_CONTRACT_STORE_DUMP_H
#define TESTS_CONTRACT_STORE_DUMP_H

#include "base/buf.h"
#include "store_test.h"

/* Read through the public verbs; appended to out. */
void dump_store(struct store *store, struct buf *out);

#endif
