/* The browsers that are signed in, and signing them out. Server process, pool threads. */
#include "web/account_pages.h"
#include "web/say.h"

static int show(struct call *call)
{
	struct session *sessions;
	size_t n;
	struct page_vars *vars = call->web->vars;
	TRY(store_session_list(call->env->store, call->web->account.id, call_now_s(call), &call->arena, &sessions,
			       &n));
	for (size_t i = 0; i < n; i++) {
		struct page_vars *row = page_row(vars, "sessions");
		bool this_one = str_eq(sessions[i].id, call->web->session.id);
		page_text(row, "id", sessions[i].id);
		page_text(row, "agent", sessions[i].agent.len > 0 ? sessions[i].agent : STR("unknown program"));
		page_text(row, "addr", sessions[i].addr);
		say_time(row, "since", sessions[i].auth_s);
		say_ago(row, "since_ago", sessions[i].auth_s, call_now_s(call));
		say_time(row, "seen", sessions[i].seen_s);
		say_ago(row, "seen_ago", sessions[i].seen_s, call_now_s(call));
		page_flag(row, "this_one", this_one);
		page_flag(row, "other", !this_one);
	}
	page_flag(vars, "others", n > 1);
	page_flag(vars, "at_account", true);
	return web_show(call, 200, "account_sessions");
}

static int end(struct call *call, struct str id)
{
	struct audit_note note;
	struct str account_id = call->web->account.id;
	TRY(web_note(call, "session.end", id.len > 0 ? id : account_id, &note));
	int rc = store_session_end(call->env->store, account_id, id, id.len > 0 ? NULL : call->web->session.sha256,
				   &note);
	TRY(rc == E_ABSENT ? 0 : rc); /* it is over already: that is what was wanted */
	return web_redirect(call, STR("/account/sessions"));
}

int account_sessions_page(struct call *call)
{
	enum field { ID, ALL, FIELDS };
	static const struct form_param params[FIELDS] = {[ID] = {"id", false}, [ALL] = {"all", false}};
	static const struct form_table table = {params, FIELDS};
	struct form_value values[FIELDS];
	TRY(web_form(call, &table, values));
	if (!call->web->is_post)
		return show(call);
	if (values[ID].present == values[ALL].present)
		FAIL(call, INVALID_REQUEST, "one session or all others");
	return end(call, values[ID].value);
}
