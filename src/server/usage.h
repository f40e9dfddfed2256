/*
 * Last use of secrets: time, address and count, gathered in memory and written to the store in batches, so that
 * issuing a token writes nothing. Server process. What was gathered since the last flush is lost when the process is
 * killed (at most usage.flush_s seconds of it); no acknowledged change is.
 *
 * Each thread that notes has its own slot: a hash table behind a mutex that only the drainer ever contends for, and
 * only while it swaps the table for an empty one. A table grows with the number of different secrets, up to
 * USAGE_ROWS_MAX; from USAGE_ROWS_DUE on, usage_note asks for a flush. Uses that find no room even so (the store has
 * failed for long, or memory is out) are counted: usage_lost.
 */
#ifndef SERVER_USAGE_H
#define SERVER_USAGE_H

#include "model/model.h"
#include "store/store.h"

struct usage;
struct usage_slot;

enum { USAGE_ROWS_DUE = 4096, USAGE_ROWS_MAX = 65536, USAGE_BATCH_ROWS = 512, USAGE_SLOTS_MAX = 1024 };

/* slots: threads that will note, 1 .. USAGE_SLOTS_MAX. E_NOMEM, E_LIMIT, E_RANDOM. */
must_check int usage_new(unsigned slots, struct usage **ret_usage);
/* NULL is allowed. No thread may note any more; flush first. */
void usage_free(struct usage *usage);
struct usage_slot *usage_slot(struct usage *usage, unsigned index);

/*
 * A secret was used. secret_id: at most MODEL_ID_MAX bytes; addr: numeric, cut to 45 bytes. Returns whether a flush
 * is due before its time. From the slot's thread.
 */
bool usage_note(struct usage_slot *slot, struct str secret_id, int64_t now_s, struct str addr);

/*
 * Write all that was gathered, in batches of USAGE_BATCH_ROWS; blocks, so from a pool thread, one at a time (a second
 * caller waits). E_STORE, E_NOMEM: what was not written is kept, and the next flush writes it first.
 */
must_check int usage_flush(struct usage *usage, struct store *store);

/* The same with any writer instead of the store's verb. */
must_check int usage_drain(struct usage *usage, int (*write)(void *arg, const struct usage_row *rows, size_t n),
	void *arg);

/* Uses since the start that found no room. Worth a warning whenever it has grown. */
uint64_t usage_lost(const struct usage *usage);

#endif
