/* Counters and their text; see figures.h. */
#include "gate/figures.h"

static const char *const names[OUTCOMES] = {
	[OUTCOME_ALLOWED] = "allowed",
	[OUTCOME_PUBLIC] = "public",
	[OUTCOME_TOKEN_MISSING] = "token_missing",
	[OUTCOME_INVALID_TOKEN] = "invalid_token",
	[OUTCOME_INSUFFICIENT_SCOPE] = "insufficient_scope",
	[OUTCOME_UNDECLARED] = "undeclared",
	[OUTCOME_INVALID_REQUEST] = "invalid_request",
	[OUTCOME_UNAVAILABLE] = "unavailable",
	[OUTCOME_OTHER] = "other",
};

enum outcome figures_outcome(int code, bool is_public)
{
	static const struct {
		int code;
		enum outcome outcome;
	} rows[] = {
		{E_TOKEN_MISSING, OUTCOME_TOKEN_MISSING},     {E_INVALID_TOKEN, OUTCOME_INVALID_TOKEN},
		{E_INSUFFICIENT_SCOPE, OUTCOME_INSUFFICIENT_SCOPE}, {E_UNDECLARED, OUTCOME_UNDECLARED},
		{E_UNSATISFIABLE, OUTCOME_UNDECLARED},        {E_INVALID_REQUEST, OUTCOME_INVALID_REQUEST},
	};
	if (code == 0)
		return is_public ? OUTCOME_PUBLIC : OUTCOME_ALLOWED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return rows[i].outcome;
	return err_row(code)->fault == FAULT_US ? OUTCOME_UNAVAILABLE : OUTCOME_OTHER;
}

void figures_count(struct figures *figures, enum outcome outcome)
{
	atomic_fetch_add_explicit(&figures->outcomes[outcome], 1, memory_order_relaxed);
}

static void emit(struct buf *out, const char *name, const char *type, uint64_t value)
{
	buf_printf(out, "# TYPE mintmark_gate_%s %s\nmintmark_gate_%s %llu\n", name, type, name,
		   (unsigned long long)value);
}

void figures_emit(struct figures *figures, uint64_t fetches, uint64_t open_connections, struct buf *out)
{
	buf_put(out, STR("# TYPE mintmark_gate_answers_total counter\n"));
	for (unsigned i = 0; i < OUTCOMES; i++)
		buf_printf(out, "mintmark_gate_answers_total{outcome=\"%s\"} %llu\n", names[i],
			   (unsigned long long)atomic_load_explicit(&figures->outcomes[i], memory_order_relaxed));
	emit(out, "jwks_fetches_total", "counter", fetches);
	emit(out, "reloads_total", "counter", atomic_load(&figures->reloads));
	emit(out, "reloads_failed_total", "counter", atomic_load(&figures->reloads_failed));
	emit(out, "connections_open", "gauge", open_connections);
}
