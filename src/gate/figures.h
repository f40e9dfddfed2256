/*
 * What the gate counts: answers by what they came to. Written by any thread (relaxed atomics), read by whoever asks.
 */
#ifndef GATE_FIGURES_H
#define GATE_FIGURES_H

#include <stdatomic.h>

#include "base/buf.h"

enum outcome {
	OUTCOME_ALLOWED,
	OUTCOME_PUBLIC,
	OUTCOME_TOKEN_MISSING,
	OUTCOME_INVALID_TOKEN,
	OUTCOME_INSUFFICIENT_SCOPE,
	OUTCOME_UNDECLARED,
	OUTCOME_UNSATISFIABLE,
	OUTCOME_INVALID_REQUEST,
	OUTCOME_UNAVAILABLE,
	OUTCOME_OTHER,
	OUTCOMES
};

struct figures {
	_Atomic uint64_t outcomes[OUTCOMES];
	_Atomic uint64_t reloads, reloads_failed;
};

enum outcome figures_outcome(int code, bool is_public);
void figures_count(struct figures *figures, enum outcome outcome);
/* Prometheus' text format, appended. fetches: of the key set. */
void figures_emit(struct figures *figures, uint64_t fetches, uint64_t open_connections, struct buf *out);

#endif
