/* What forms of credentials have in common: expiry, networks, scopes; see credential.h. */
#include "oauth/scope.h"
#include "web/credential.h"
#include "web/say.h"

enum { DAY_S = 86400, LAST_DAYS = 36500 };

static const struct {
	const char *value, *label;
	int days; /* 0: never; -1: a day of its own */
} presets[] = {{"30", "30 days", 30}, {"90", "90 days", 90}, {"365", "A year", 365}, {"never", "Never", 0},
	       {"date", "On a day", -1}};
enum { PRESETS = sizeof(presets) / sizeof(presets[0]), PRESET_USUAL = 1 };

void credential_expiry_show(struct call *call, const struct credential_expiry *expiry)
{
	struct str chosen = expiry->preset.len > 0 ? expiry->preset : str_of(presets[PRESET_USUAL].value);
	for (size_t i = 0; i < PRESETS; i++) {
		struct page_vars *row = page_row(call->web->vars, "expiries");
		page_text(row, "value", str_of(presets[i].value));
		page_text(row, "label", str_of(presets[i].label));
		page_flag(row, "chosen", str_eq(chosen, str_of(presets[i].value)));
	}
	page_text(call->web->vars, "day", expiry->day);
	say_day(call->web->vars, "today", call_now_s(call));
}

int credential_expiry_read(struct call *call, const struct credential_expiry *expiry, int64_t *ret_s)
{
	int64_t now_s = call_now_s(call), end_s;
	for (size_t i = 0; i < PRESETS; i++) {
		if (!str_eq(expiry->preset, str_of(presets[i].value)))
			continue;
		if (presets[i].days >= 0) {
			*ret_s = presets[i].days > 0 ? now_s + (int64_t)presets[i].days * DAY_S : 0;
			return 0;
		}
		if (say_parse_day(expiry->day, &end_s) < 0 || end_s <= now_s ||
		    end_s > now_s + (int64_t)LAST_DAYS * DAY_S)
			break;
		*ret_s = end_s;
		return 0;
	}
	page_text(call->web->vars, "error", STR("Choose when it expires: a day from today on, as 2027-01-31."));
	return E_SYNTAX;
}

void credential_networks_put(struct json_out *out, struct str lines)
{
	json_open(out, "networks", '[');
	while (lines.len > 0) {
		size_t n = 0;
		while (n < lines.len && !strchr("\r\n, ", lines.p[n]))
			n++;
		if (n > 0)
			json_str(out, NULL, str_trim_ows(str_mem(lines.p, n)));
		lines = str_mem(lines.p + n, lines.len - n);
		if (lines.len > 0)
			lines = str_mem(lines.p + 1, lines.len - 1);
	}
	json_close(out, ']');
}

/* --- scopes --- */

#define MANAGEMENT "mintmark:" /* admin/manage_api.h */
#define NO_API "-"             /* where a form names an API: identity scopes */

static const struct {
	const char *name, *text;
} identity[] = {
	{"openid", "Who you are"},
	{"profile", "Your name"},
	{"email", "Your e-mail address"},
	{"roles", "Your roles"},
	{"offline_access", "Staying signed in"}, /* of apps; a credential has no use for it */
};
enum { IDENTITIES = sizeof(identity) / sizeof(identity[0]) };

/* accounts.self_service_scopes; an admin gives what there is. */
static bool may_give(const struct call *call, const struct credential_place *place, const struct api *api,
		     struct str scope)
{
	const struct str_list policy = call->policy->self_service;
	if (place->admin)
		return true;
	if (str_has_prefix(scope, STR(MANAGEMENT)))
		return false;
	return str_list_has(policy, STR("*")) || str_list_has(policy, scope) || str_list_has(policy, api->audience);
}

/* Whether "API SCOPE" is among them. */
static bool is_among(const struct form_value *values, struct str api, struct str scope)
{
	for (; values && values->present; values = values->next) {
		struct str first, second;
		if (str_cut(values->value, ' ', &first, &second) && str_eq(first, api) && str_eq(second, scope))
			return true;
	}
	return false;
}

/* Of an API. */
static bool may_have(const struct call *call, const struct credential_place *place,
		     const struct credential_scopes *scopes, const struct api *api, struct str scope)
{
	return (!scopes->held && may_give(call, place, api, scope)) || is_among(scopes->given, api->id, scope);
}

static bool may_have_identity(const struct credential_scopes *scopes, struct str scope)
{
	bool may_give = !scopes->held && !str_eq(scope, STR("offline_access"));
	return may_give || is_among(scopes->given, STR(NO_API), scope);
}

int credential_scopes_given(struct call *call, const struct client *client, const struct form_value **ret_given)
{
	struct form_value *values = arena_array(&call->arena, client->n_grants + 1, sizeof(*values));
	if (!values)
		return E_NOMEM;
	for (size_t i = 0; i < client->n_grants; i++) {
		struct str api = client->grants[i].api_id;
		TRY(arena_printf(&call->arena, &values[i].value, "%.*s %.*s",
				 STR_ARG(api.len > 0 ? api : STR(NO_API)), STR_ARG(client->grants[i].scope)));
		values[i].present = true;
		values[i].next = &values[i + 1]; /* the last one is not present */
	}
	*ret_given = values;
	return 0;
}

static void show_scope(struct page_vars *group, struct str api, struct str scope, struct str text,
		       const struct form_value *ticked)
{
	struct page_vars *row = page_row(group, "scopes");
	page_text(row, "api", api);
	page_text(row, "scope", scope);
	page_text(row, "text", text);
	page_flag(row, "ticked", is_among(ticked, api, scope));
}

static void show_api(struct call *call, const struct credential_place *place, const struct credential_scopes *scopes,
		     const struct api *api)
{
	struct page_vars *group = NULL;
	for (size_t k = 0; k < api->n_scopes; k++) {
		const struct api_scope *scope = &api->scopes[k];
		if (!may_have(call, place, scopes, api, scope->name))
			continue;
		if (!group) {
			group = page_row(call->web->vars, "apis");
			page_text(group, "api_name", api->name);
			page_text(group, "audience", api->audience);
		}
		show_scope(group, api->id, scope->name, scope->description, scopes->ticked);
	}
}

int credential_scopes_show(struct call *call, const struct credential_place *place,
			   const struct credential_scopes *scopes)
{
	struct api *apis;
	size_t n;
	struct page_vars *group = page_row(call->web->vars, "apis");
	page_text(group, "api_name", STR("About you"));
	for (size_t i = 0; i < IDENTITIES; i++)
		if (may_have_identity(scopes, str_of(identity[i].name)))
			show_scope(group, STR(NO_API), str_of(identity[i].name), str_of(identity[i].text),
				   scopes->ticked);
	TRY(store_api_list(call->env->store, &call->arena, &apis, &n));
	for (size_t i = 0; i < n; i++)
		show_api(call, place, scopes, &apis[i]);
	return 0;
}

/* What was ticked of one API: how many, or E_INVALID_SCOPE. */
static int take_api(struct call *call, const struct credential_place *place, const struct credential_scopes *scopes,
		    const struct api *api, struct str_list *list)
{
	size_t before = list->n;
	for (size_t k = 0; k < api->n_scopes; k++) {
		struct str scope = api->scopes[k].name;
		if (!is_among(scopes->ticked, api->id, scope))
			continue;
		if (!may_have(call, place, scopes, api, scope) || list->n == MODEL_SCOPES_MAX)
			return E_INVALID_SCOPE;
		list->v[list->n++] = scope;
	}
	return (int)(list->n - before);
}

/* The operation gives a scope at every API that has it; the form ticks it at one. */
static bool is_ambiguous(const struct api *api, struct str_list scopes, const struct form_value *ticked)
{
	for (size_t k = 0; k < api->n_scopes; k++)
		if (str_list_has(scopes, api->scopes[k].name) && !is_among(ticked, api->id, api->scopes[k].name))
			return true;
	return false;
}

/* default_audience: empty when nothing of an API is ticked. */
static int put(struct call *call, struct str_list list, struct str_list audiences, struct str usual,
	       struct json_out *out)
{
	struct str text;
	TRY(scope_join(list, &call->arena, &text));
	json_str(out, "scope", text);
	json_strs(out, "audiences", audiences);
	if (usual.len == 0 && audiences.n > 0)
		usual = audiences.v[0];
	json_str(out, "default_audience", usual);
	return 0;
}

static int gather(struct call *call, const struct credential_place *place, const struct credential_scopes *scopes,
		  struct json_out *out)
{
	struct api *apis;
	struct str usual = {0};
	size_t n;
	TRY(store_api_list(call->env->store, &call->arena, &apis, &n));
	struct str_list list = {arena_array(&call->arena, MODEL_SCOPES_MAX + IDENTITIES, sizeof(struct str)), 0};
	struct str_list audiences = {arena_array(&call->arena, n + 1, sizeof(struct str)), 0};
	if (!list.v || !audiences.v)
		return E_NOMEM;
	for (size_t i = 0; i < IDENTITIES; i++) {
		struct str scope = str_of(identity[i].name);
		if (is_among(scopes->ticked, STR(NO_API), scope) && may_have_identity(scopes, scope))
			list.v[list.n++] = scope;
	}
	for (size_t i = 0; i < n; i++) {
		int rc = take_api(call, place, scopes, &apis[i], &list);
		TRY(rc);
		if (rc == 0)
			continue;
		audiences.v[audiences.n++] = apis[i].audience;
		if (str_eq(apis[i].id, scopes->default_api))
			usual = apis[i].audience;
	}
	for (size_t i = 0; i < n; i++)
		if (str_list_has(audiences, apis[i].audience) && is_ambiguous(&apis[i], list, scopes->ticked))
			return E_INVALID_SCOPE;
	return put(call, list, audiences, usual, out);
}

int credential_scopes_put(struct call *call, const struct credential_place *place,
			  const struct credential_scopes *scopes, struct json_out *out)
{
	bool had_none = scopes->given && !scopes->given->present;
	if (!scopes->ticked->present && !place->admin && !had_none) {
		page_text(call->web->vars, "error", STR("Choose at least one scope: without any "
							"it would open nothing."));
		return E_INVALID_SCOPE;
	}
	int rc = gather(call, place, scopes, out);
	if (rc == E_INVALID_SCOPE)
		page_text(call->web->vars, "error",
			  STR("These scopes can not be given together: one of them is not to be had here, or several "
			      "of the chosen APIs have it."));
	return rc;
}
