/* Counters and their text; see figures.h. */
#include "gate/figures.h"

/* What an outcome is called: a word, or the error that was answered. */
static const struct {
	const char *name;
	int code;
} rows[OUTCOMES] = {
	[OUTCOME_ALLOWED] = {"allowed", 0},
	[OUTCOME_PUBLIC] = {"public", 0},
	[OUTCOME_TOKEN_MISSING] = {NULL, E_TOKEN_MISSING},
	[OUTCOME_INVALID_TOKEN] = {NULL, E_INVALID_TOKEN},
	[OUTCOME_INSUFFICIENT_SCOPE] = {NULL, E_INSUFFICIENT_SCOPE},
	[OUTCOME_UNDECLARED] = {NULL, E_UNDECLARED},
	[OUTCOME_UNSATISFIABLE] = {NULL, E_UNSATISFIABLE},
	[OUTCOME_INVALID_REQUEST] = {NULL, E_INVALID_REQUEST},
	[OUTCOME_UNAVAILABLE] = {"unavailable", 0},
	[OUTCOME_OTHER] = {"other", 0},
};

enum outcome figures_outcome(int code, bool is_public)
{
	if (code == 0)
		return is_public ? OUTCOME_PUBLIC : OUTCOME_ALLOWED;
	for (unsigned i = 0; i < OUTCOMES; i++)
		if (rows[i].code == code)
			return (enum outcome)i;
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
		buf_printf(out, "mintmark_gate_answers_total{outcome=\"%s\"} %llu\n",
			   rows[i].name ? rows[i].name : err_row(rows[i].code)->wire,
			   (unsigned long long)atomic_load_explicit(&figures->outcomes[i], memory_order_relaxed));
	emit(out, "jwks_fetches_total", "counter", fetches);
	emit(out, "reloads_total", "counter", atomic_load(&figures->reloads));
	emit(out, "reloads_failed_total", "counter", atomic_load(&figures->reloads_failed));
	emit(out, "connections_open", "gauge", open_connections);
}
