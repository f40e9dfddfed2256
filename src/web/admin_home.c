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

/* Tokens and failures in one picture, on one scale. */
static int show_chart(struct call *call, const char *title, const int64_t *tokens, const int64_t *failures, size_t n)
{
	struct page_vars *row = page_row(call->web->vars, "charts");
	struct str path;
	int64_t max = highest(tokens, n), other = highest(failures, n);
	max = other > max ? other : max;
	TRY(say_bars(&call->arena, &(struct say_bars){tokens, n, WIDTH, HEIGHT, max}, &path));
	page_text(row, "tokens_path", path);
	TRY(say_bars(&call->arena, &(struct say_bars){failures, n, WIDTH, HEIGHT, max}, &path));
	page_text(row, "failures_path", path);
	page_text(row, "chart", str_of(title));
	page_number(row, "max", max);
	page_number(row, "tokens", sum(tokens, n));
	page_number(row, "failures", sum(failures, n));
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
	page_flag(vars, "at_admin", true);
	TRY(store_count(call->env->store, &counts));
	page_number(vars, "n_accounts", counts.accounts);
	page_number(vars, "n_clients", counts.clients);
	page_number(vars, "n_audit", counts.audit_seq);
	recent_read(call->env->recent, call_now_s(call), &figures);
	TRY(show_chart(call, "The last hour, by minute", figures.minute_tokens, figures.minute_failures,
		       RECENT_MINUTES));
	TRY(show_chart(call, "The last day, by hour", figures.hour_tokens, figures.hour_failures, RECENT_HOURS));
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
	page_flag(vars, "at_admin", true);
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
