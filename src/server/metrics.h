/*
 * Figures for /metrics, in the Prometheus text format (version 0.0.4). Server process. No label names a client, an
 * account or an address: their number has no bound, and who called is nobody's business who may read figures.
 *
 * Counters live in slots. A slot belongs to one thread, which alone writes it (relaxed atomics, no locked
 * instruction, no cache line shared with another slot); metrics_emit adds the slots up from whichever thread it runs
 * in.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/buf.h"
#include "crypto/sig.h"
#include "http/server.h"
#include "keys/signer.h"
#include "model/model.h"
#include "oauth/auth_reason.h"
#include "store/store.h"

enum { METRICS_SLOTS_MAX = 1024, METRICS_ENDPOINTS_MAX = 64 };

struct metrics;
struct metrics_slot;

/*
 * slots: threads that will count, 1 .. METRICS_SLOTS_MAX. endpoints: names for the label, literals of [a-z0-9_] that
 * outlive the object; n_endpoints 1 .. METRICS_ENDPOINTS_MAX. E_NOMEM, E_LIMIT.
 */
must_check int metrics_new(unsigned slots, const char *const *endpoints, unsigned n_endpoints,
	struct metrics **ret_metrics);
/* NULL is allowed. No thread may count any more. */
void metrics_free(struct metrics *metrics);
/* index below the number of slots; each is used by one thread at a time. */
struct metrics_slot *metrics_slot(struct metrics *metrics, unsigned index);

/*
 * A request was answered. endpoint: index of its name; code: 0 or the E_ code that became the answer; us: from its
 * last byte.
 */
void metrics_request(struct metrics_slot *slot, unsigned endpoint, int code, uint64_t us);
void metrics_token(struct metrics_slot *slot, enum sig_alg alg);
void metrics_auth_failure(struct metrics_slot *slot, enum auth_reason reason);
/* A failure made a pair or an address throttled. */
void metrics_throttle_crossing(struct metrics_slot *slot);

/* A password was presented on the sign-in page. */
enum metrics_signin { METRICS_SIGNIN_OK, METRICS_SIGNIN_FAILED, METRICS_SIGNIN_THROTTLED, METRICS_SIGNINS };
void metrics_signin(struct metrics_slot *slot, enum metrics_signin outcome);

/* How many keys are in a state. */
struct metrics_keys {
	const char *alg;
	enum key_state state;
	unsigned n;
};

/* The revocation feed. */
struct metrics_feed {
	uint64_t entries, newest, waiting;
};

/* Mails: handed to the relay (or written), given up, and those that wait now. */
struct metrics_mail {
	uint64_t sent, failed, waiting;
};

/* What others count; the caller adds up threads' shares. NULL: left out. */
struct metrics_extra {
	const struct store_stats *store;
	const struct signer_stats *signer;
	const struct http_server_stats *http;
	const struct metrics_feed *feed;
	const struct metrics_mail *mail;
	const struct metrics_keys *keys;
	size_t n_keys;
	bool keyd_up;            /* a signer is connected */
	uint64_t started_s;      /* start of this process, seconds since 1970; 0: left out */
};

/* Appended; extra may be NULL. Watch buf_status. */
void metrics_emit(const struct metrics *metrics, const struct metrics_extra *extra, struct buf *out);

#endif
