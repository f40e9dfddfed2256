/* The overview of administration, and the check of the audit chain; see admin_list.h. Server process, pool threads. */
#include "oauth/recent.h"
#include "web/admin_list.h"
#include "web/say.h"

enum { WIDTH = 600, HEIGHT = 120 };

static int64_t highest(const int64_t *values, size_t n)
{
	int64_t max = 1;
	for (size_t i = 0; i < n; i++)
		max = values[i] > max ? values[i] : max;
	return max;
}

static int64_t sum(const int64_t *values, size_t n)
{
	int64_t all = 0;
	for (size_t i = 0; i < n; i++)
		all += values[i];
	return all;
}

struct chart {
	const char *title;
	const int64_t *tokens, *failures;
	size_t n;
	int64_t step_s;
};

/* When a bar begins; the last one is the present. */
static int64_t begin_s(const struct chart *chart, size_t i, int64_t now_s)
{
	return (now_s / chart->step_s - (int64_t)(chart->n - 1 - i)) * chart->step_s;
}

/* Below the picture the time of every quarter; beside it all figures as a table, for who does not see it. */
static void show_figures(struct page_vars *row, const struct chart *chart, int64_t now_s)
{
	for (size_t i = 0; i < chart->n; i++) {
		struct page_vars *line = page_row(row, "lines");
		say_clock(line, "time", begin_s(chart, i, now_s));
		page_number(line, "line_tokens", chart->tokens[i]);
		page_number(line, "line_failures", chart->failures[i]);
		if (i % (chart->n / 4) == 0)
			say_clock(page_row(row, "marks"), "mark", begin_s(chart, i, now_s));
	}
}

/* Tokens and failures side by side in one picture, on one scale. */
static int show_chart(struct call *call, const struct chart *chart)
{
	struct page_vars *row = page_row(call->web->vars, "charts");
	struct say_bars bars = {chart->tokens, chart->n, WIDTH, HEIGHT, highest(chart->tokens, chart->n), 0, 2};
	struct str path;
	int64_t other = highest(chart->failures, chart->n);
	bars.max = other > bars.max ? other : bars.max;
	bars.max += bars.max % 2; /* the line in the middle has a whole number */
	TRY(say_bars(&call->arena, &bars, &path));
	page_text(row, "tokens_path", path);
	bars.values = chart->failures;
	bars.lane = 1;
	TRY(say_bars(&call->arena, &bars, &path));
	page_text(row, "failures_path", path);
	page_text(row, "chart", str_of(chart->title));
	page_number(row, "max", bars.max);
	page_number(row, "half", bars.max / 2);
	page_number(row, "tokens", sum(chart->tokens, chart->n));
	page_number(row, "failures", sum(chart->failures, chart->n));
	show_figures(row, chart, call_now_s(call));
	return 0;
}

static int show_top(struct call *call, const struct recent_client *top)
{
	struct client client;
	struct str id;
	for (size_t i = 0; i < RECENT_TOP && top[i].count > 0; i++) {
		struct page_vars *row = page_row(call->web->vars, "top");
		TRY(arena_str(&call->arena, str_of(top[i].id), &id));
		int rc = store_client_get(call->env->store, id, &call->arena, &client);
		if (rc < 0 && rc != E_ABSENT)
			return rc;
		page_text(row, "client_id", id);
		page_text(row, "client_name", rc == 0 ? client.name : STR("deleted"));
		page_number(row, "count", top[i].count);
		page_number(row, "width", top[i].count * WIDTH / top[0].count);
	}
	return 0;
}

int admin_home_step(struct call *call)
{
	struct recent_figures figures;
	struct store_counts counts;
	struct page_vars *vars = call->web->vars;
	admin_list_frame(call);
	TRY(store_count(call->env->store, &counts));
	page_number(vars, "n_accounts", counts.accounts);
	page_number(vars, "n_clients", counts.clients);
	page_number(vars, "n_audit", counts.audit_seq);
	recent_read(call->env->recent, call_now_s(call), &figures);
	const struct chart hour = {"The last hour, by minute", figures.minute_tokens, figures.minute_failures,
				   RECENT_MINUTES, 60};
	const struct chart day = {"The last day, by hour", figures.hour_tokens, figures.hour_failures, RECENT_HOURS,
				  3600};
	TRY(show_chart(call, &hour));
	TRY(show_chart(call, &day));
	TRY(show_top(call, figures.top));
	return web_show(call, 200, "admin_home");
}

int admin_home_verify(struct call *call)
{
	struct page_vars *vars = call->web->vars;
	static const struct form_param params[] = {{"id", false}};
	static const struct form_table table = {params, 1};
	struct form_value value;
	int64_t seq = 0;
	admin_list_frame(call);
	TRY(web_form(call, &table, &value));
	if (call->web->is_post) {
		int rc = store_audit_verify(call->env->store, &seq);
		if (rc < 0 && rc != E_SIGNATURE)
			return rc;
		page_flag(vars, "good", rc == 0);
		page_flag(vars, "bad", rc != 0);
		page_number(vars, "seq", seq);
	}
	return web_show(call, 200, "admin_verify");
}
