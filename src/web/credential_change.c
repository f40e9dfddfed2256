/*
 * Changes that ask once more on a page of their own: rotate, regenerate, revoke, disable, enable, delete. One table;
 * which row, says the path's last segment. See credential.h.
 */
#include "http/request.h"
#include "web/credential.h"

enum { CHANGE_ID, CHANGE_SECRET, CHANGE_EXPIRY, CHANGE_DAY, CHANGE_OVERLAP, CHANGE_TOKENS, CHANGE_FIELDS };
static const struct form_param params[] = {
	[CHANGE_ID] = {"id", false},         [CHANGE_SECRET] = {"secret", false},   [CHANGE_EXPIRY] = {"expiry", false},
	[CHANGE_DAY] = {"day", false},       [CHANGE_OVERLAP] = {"overlap", false}, [CHANGE_TOKENS] = {"tokens", false},
};
static const struct form_table table = {params, CHANGE_FIELDS};

enum { ONE_SECRET = 1, NEW_SECRET = 2, OVERLAP = 4, DANGER = 8, ASK_TOKENS = 16, GONE = 32 };

static const struct action {
	const char *name, *op, *title, *text, *button;
	unsigned flags;
} actions[] = {
	{"rotate", "secret.add", "Rotate the secret",
		"You get a new secret now. The old one goes on working for the time you choose, so that nothing stops "
		"while you put the new one in its place.", "Make the new secret", NEW_SECRET | OVERLAP},
	{"regenerate", "secret.regenerate", "Replace all secrets now",
		"Every secret and every access token of this credential stops working at once. Whatever uses it fails "
		"until it has the new secret.", "Replace all secrets", NEW_SECRET | DANGER},
	{"revoke", "secret.revoke", "Revoke one secret",
		"This secret stops working at once and for good.", "Revoke the secret",
		ONE_SECRET | DANGER | ASK_TOKENS},
	{"disable", "client.disable", "Disable the credential",
		"It stops working at once, and its access tokens end. You can enable it again; those tokens stay "
		"ended.",
		"Disable", DANGER},
	{"enable", "client.enable", "Enable the credential", "Its secrets work again.", "Enable", 0},
	{"delete", "client.delete", "Delete the credential",
		"It is gone for good, with its secrets and access tokens. Whatever uses it stops working at once.",
		"Delete", DANGER | GONE},
};

static const struct {
	const char *value, *label;
	int64_t s;
} overlaps[] = {
	{"1d", "A day", 86400}, {"1h", "An hour", 3600}, {"7d", "A week", 7 * 86400},
	{"0", "Not at all: the old secret ends now", 0},
};
enum { OVERLAPS = sizeof(overlaps) / sizeof(overlaps[0]) };

static const struct action *find_action(struct str path)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		size_t len = strlen(actions[i].name);
		if (path.len > len && memcmp(path.p + path.len - len, actions[i].name, len) == 0)
			return &actions[i];
	}
	return NULL;
}

static const struct client_secret *find_secret(const struct client *client, struct str id)
{
	for (size_t i = 0; i < client->n_secrets; i++) {
		const struct client_secret *row = &client->secrets[i];
		if (str_eq(row->id, id))
			return row;
	}
	return NULL;
}

static int show(struct call *call, const struct action *action, const struct client *client,
		const struct form_value *values, int status)
{
	struct page_vars *vars = call->web->vars;
	const struct client_secret *secret = find_secret(client, values[CHANGE_SECRET].value);
	page_text(vars, "title", str_of(action->title));
	page_text(vars, "action", str_of(action->name));
	page_text(vars, "text", str_of(action->text));
	page_text(vars, "button", str_of(action->button));
	page_text(vars, "id", client->id);
	page_text(vars, "client_name", client->name);
	page_flag(vars, "danger", action->flags & DANGER);
	page_flag(vars, "ask_expiry", action->flags & NEW_SECRET);
	page_flag(vars, "ask_overlap", action->flags & OVERLAP);
	page_flag(vars, "ask_tokens", action->flags & ASK_TOKENS);
	if (secret && action->flags & ONE_SECRET) {
		page_text(vars, "secret_id", secret->id);
		page_text(vars, "hint", secret->hint);
	}
	for (size_t i = 0; i < OVERLAPS; i++) {
		struct page_vars *row = page_row(vars, "overlaps");
		page_text(row, "value", str_of(overlaps[i].value));
		page_text(row, "label", str_of(overlaps[i].label));
		page_flag(row, "chosen", str_eq(values[CHANGE_OVERLAP].value, str_of(overlaps[i].value)));
	}
	const struct credential_expiry expiry = {values[CHANGE_EXPIRY].value, values[CHANGE_DAY].value};
	credential_expiry_show(call, &expiry);
	return web_show(call, status, "credential_confirm");
}

/* E_SYNTAX: none was chosen. */
static int read_overlap(struct str value, int64_t *ret_s)
{
	for (size_t i = 0; i < OVERLAPS; i++)
		if (str_eq(value, str_of(overlaps[i].value))) {
			*ret_s = overlaps[i].s;
			return 0;
		}
	return E_SYNTAX;
}

/* A rotation without overlap ends the old secrets, but no tokens: nobody says that they leaked. */
static int begin_rotation(struct call *call, const struct form_value *values, struct web_op *op)
{
	int64_t overlap_s;
	TRY(read_overlap(values[CHANGE_OVERLAP].value, &overlap_s));
	web_op_begin(op, overlap_s > 0 ? "secret.add" : "secret.regenerate");
	if (overlap_s > 0)
		json_int(&op->args, "others_expire_at", call_now_s(call) + overlap_s);
	else
		json_bool(&op->args, "revoke_tokens", false);
	return 0;
}

static int run(struct call *call, const struct action *action, const struct client *client,
	       const struct form_value *values, struct web_op *op)
{
	int64_t expires_s = 0;
	const struct credential_expiry expiry = {values[CHANGE_EXPIRY].value, values[CHANGE_DAY].value};
	if (action->flags & NEW_SECRET)
		TRY(credential_expiry_read(call, &expiry, &expires_s));
	if (action->flags & OVERLAP)
		TRY(begin_rotation(call, values, op));
	else
		web_op_begin(op, action->op);
	json_str(&op->args, "client_id", client->id);
	if (action->flags & NEW_SECRET)
		json_int(&op->args, "client_secret_expires_at", expires_s);
	if (action->flags & ONE_SECRET)
		json_str(&op->args, "secret_id", values[CHANGE_SECRET].value);
	if (action->flags & ASK_TOKENS)
		json_bool(&op->args, "revoke_tokens", values[CHANGE_TOKENS].present);
	int rc = web_op_run(call, op);
	if (rc < 0)
		page_text(call->web->vars, "error", str_of(op->why));
	return rc;
}

int credential_step_change(struct call *call)
{
	struct credential_place place;
	struct form_value values[CHANGE_FIELDS];
	struct client client;
	_cleanup_(web_op_done) struct web_op op = {0};
	const struct action *action = find_action(call->request->path);
	if (!action)
		FAIL(call, NOT_FOUND, "no such change");
	TRY(credential_place(call, &place));
	TRY(web_form(call, &table, values));
	TRY(credential_find(call, &place, values[CHANGE_ID].value, &client));
	if ((action->flags & ONE_SECRET) && !find_secret(&client, values[CHANGE_SECRET].value))
		FAIL(call, NOT_FOUND, "no such secret");
	if (!call->web->is_post)
		return show(call, action, &client, values, 200);
	int rc = run(call, action, &client, values, &op);
	if (rc < 0)
		return web_op_is_refusal(rc) ? show(call, action, &client, values, 400) : rc;
	if (action->flags & NEW_SECRET)
		return credential_secret_put(call, &place, &op);
	return action->flags & GONE ? web_redirect(call, place.root) : credential_go(call, &place, client.id);
}
