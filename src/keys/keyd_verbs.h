/*
 * One request of keyd: permission table, checks, handler. keyd only; one channel belongs to one thread.
 */
#ifndef KEYS_KEYD_VERBS_H
#define KEYS_KEYD_VERBS_H

#include "base/clock.h"
#include "keys/keyd_policy.h"
#include "keys/keyring.h"

/* Who sits at the other end of a channel; a bit each. */
enum keyd_caller { KEYD_LOOP = 1 << 0, KEYD_POOL = 1 << 1, KEYD_CONTROL = 1 << 2 };

/* What all channels share; immutable but for the ring. */
struct keyd_state {
	struct keyd_policy policy;
	unsigned char master[SEAL_MASTER_LEN];
	const struct clock *clock;
	struct keyring ring;
};

struct keyd_channel {
	struct keyd_state *state;
	enum keyd_caller caller;
	struct keyring_view view;
	struct buf out; /* the answer, as a frame */
};

void keyd_channel_init(struct keyd_channel *channel, struct keyd_state *state, enum keyd_caller caller);
void keyd_channel_done(struct keyd_channel *channel);

/*
 * Answer one request into channel->out. A negative code ends the connection: unknown verb, a caller that may not, a
 * request longer than its verb allows or malformed (E_SYNTAX, E_LIMIT), no memory. A refusal is an answer, not a
 * failure.
 */
must_check int keyd_verbs_handle(struct keyd_channel *channel, struct str request);

/* Answer requests from fd until the peer closes it (0) or the connection must end. Blocking. */
must_check int keyd_verbs_serve(struct keyd_channel *channel, int fd);

/* SIGN's handler (keyd_sign.c): body is what follows the request's head; the answer's body is appended. */
must_check int keyd_sign(struct keyd_channel *channel, struct cur *body, struct buf *out,
			 enum proto_status *ret_status);

/* For the test of the permission table. */
struct keyd_verb {
	const char *name;
	size_t max;       /* longest body, bytes */
	unsigned callers; /* bits of keyd_caller */
	int (*handler)(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status);
};
/* NULL: no such verb. */
const struct keyd_verb *keyd_verbs_row(unsigned verb);

#endif
