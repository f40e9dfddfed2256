/*
 * The present token, for any number of readers at once: a sequence lock. A reader copies and then looks whether a
 * writer came between; it writes nothing that is shared, so readers never hold each other up. All words are atomic, so
 * there is no data race. One writer at a time (the caller's lock).
 */
#ifndef CLIENT_TOKEN_SLOT_H
#define CLIENT_TOKEN_SLOT_H

#include <stdatomic.h>

#include "base/str.h"
#include "client/grant.h"

enum { TOKEN_SLOT_WORDS = (GRANT_TOKEN_MAX + 8) / 8 };

struct token_slot {
	_Atomic uint64_t sequence; /* odd: a writer is at work */
	_Atomic int64_t refresh_at_ns, usable_until_ns; /* clock_boot_ns() */
	_Atomic uint64_t len;      /* 0: there is none */
	_Atomic uint64_t words[TOKEN_SLOT_WORDS];
};

enum token_slot_state { TOKEN_SLOT_EMPTY, TOKEN_SLOT_FRESH, TOKEN_SLOT_DUE };

struct token_slot_copy {
	char *p;     /* the caller's room of size bytes */
	size_t size;
	size_t len;  /* of the token, also when it did not fit: then nothing was copied */
};

/* FRESH: nothing to do. DUE: usable, but a new one should be got. EMPTY: none that is usable. By now_ns. */
enum token_slot_state token_slot_state(struct token_slot *slot, int64_t now_ns);
/* Copy it with a NUL behind it, if it is fresh (or, may_be_due, usable): true. */
bool token_slot_read(struct token_slot *slot, int64_t now_ns, bool may_be_due, struct token_slot_copy *copy);
/* Put another one in; an empty one takes it away. Wipes what was there. */
void token_slot_write(struct token_slot *slot, struct str token, int64_t refresh_at_ns, int64_t usable_until_ns);

#endif
