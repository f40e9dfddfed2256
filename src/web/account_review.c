/*
 * What can act for somebody's account, on one page, and ending any of it: after a reset of the password, or whenever
 * somebody else may have been in. A new password ends sessions and tokens; what is listed here outlives it, and an
 * intruder can have made it. Asks once more before it ends anything. Server process, pool threads. Must never end what
 * was not shown and ticked.
 */
#include <stdlib.h>

#include "base/enc.h"
#include "web/account_page.h"
#include "web/account_pages.h"
#include "web/credential.h"
#include "web/say.h"
#include "web/web_op.h"

enum { THINGS_MAX = 500, CREDENTIALS_MAX = 200, /* of each kind; the rest comes up when these have ended */
       STATUS_REFUSED = 422, STATUS_LAST = 409 };

enum field { ACTION, END, DONE, FIELDS };
static const struct form_param params[FIELDS] = {
	[ACTION] = {"action", false}, [END] = {"end", true}, [DONE] = {"done", false},
};
static const struct form_table table = {params, FIELDS};

struct thing {
	struct str value;     /* what its box sends: kind and id */
	struct str id, name, about;
	int64_t since_s, used_s;
	bool never_used;      /* used_s is known: it was not */
	bool chosen;
};

struct things {
	struct thing *v;
	size_t n;
};

/* --- what there is --- */

static int add(struct call *call, struct things *things, const char *kind, struct str id, const struct thing *thing)
{
	if (things->n == THINGS_MAX)
		return 0;
	struct thing *row = &things->v[things->n++];
	*row = *thing;
	row->id = id;
	return arena_printf(&call->arena, &row->value, "%s %.*s", kind, STR_ARG(id));
}

static int add_credential(struct call *call, struct things *things, struct str id)
{
	struct client client;
	TRY(store_client_get(call->env->store, id, &call->arena, &client));
	struct thing thing = {.name = client.name, .about = client.id, .since_s = client.created_s};
	for (size_t i = 0; i < client.n_secrets; i++)
		if (client.secrets[i].last_used_s > thing.used_s)
			thing.used_s = client.secrets[i].last_used_s;
	thing.never_used = thing.used_s == 0;
	return add(call, things, "credential", client.id, &thing);
}

static int find_credentials(struct call *call, struct things *things)
{
	const struct store_client_range range = {
		call->web->account.id, {.limit = CREDENTIALS_MAX, .order = STORE_BY_TIME, .descending = true}};
	struct client *clients;
	size_t n;
	TRY(credential_flush_use(call));
	TRY(store_client_list(call->env->store, &range, &call->arena, &clients, &n));
	for (size_t i = 0; i < n; i++) {
		int rc = add_credential(call, things, clients[i].id);
		if (rc < 0 && rc != E_ABSENT) /* gone meanwhile */
			return rc;
	}
	return 0;
}

static int find_passkeys(struct call *call, struct things *things)
{
	struct passkey *passkeys;
	size_t n;
	TRY(store_passkey_list(call->env->store, call->web->account.id, &call->arena, &passkeys, &n));
	for (size_t i = 0; i < n; i++) {
		char mem[ENC_B64URL_LEN(MODEL_PASSKEY_ID_MAX)];
		struct buf text;
		struct str id;
		buf_init_fixed(&text, mem, sizeof(mem));
		enc_b64url(&text, passkeys[i].id);
		TRY(buf_status(&text));
		TRY(arena_str(&call->arena, buf_str(&text), &id));
		const struct thing thing = {.name = passkeys[i].name, .since_s = passkeys[i].created_s,
					    .used_s = passkeys[i].last_used_s,
					    .never_used = passkeys[i].last_used_s == 0};
		TRY(add(call, things, "passkey", id, &thing));
	}
	return 0;
}

static int find_links(struct call *call, struct things *things)
{
	struct upstream_link *links;
	size_t n;
	TRY(store_upstream_list(call->env->store, call->web->account.id, &call->arena, &links, &n));
	for (size_t i = 0; i < n; i++) {
		const struct thing thing = {.name = links[i].issuer, .about = links[i].email,
					    .since_s = links[i].created_s};
		TRY(add(call, things, "link", links[i].issuer, &thing));
	}
	return 0;
}

static int find_apps(struct call *call, struct things *things)
{
	struct account_page_app *apps;
	size_t n;
	TRY(account_page_find_apps(call, &apps, &n));
	for (size_t i = 0; i < n; i++) {
		const struct thing thing = {.name = apps[i].name, .about = apps[i].words, .since_s = apps[i].since_s,
					    .used_s = apps[i].used_s};
		TRY(add(call, things, "app", apps[i].id, &thing));
	}
	return 0;
}

/* --- ending it --- */

static int end_credential(struct call *call, const struct thing *thing)
{
	_cleanup_(web_op_done) struct web_op op = {0};
	web_op_begin(&op, "client.delete");
	json_str(&op.args, "client_id", thing->id);
	return web_op_run(call, &op);
}

static int end_passkey(struct call *call, const struct thing *thing)
{
	unsigned char id[MODEL_PASSKEY_ID_MAX];
	size_t len;
	struct audit_note note;
	TRY(enc_b64url_decode(thing->id, id, sizeof(id), &len));
	TRY(web_note(call, "passkey.delete", call->web->account.id, &note));
	note.detail = thing->name;
	return store_passkey_delete(call->env->store, call->web->account.id, str_mem(id, len), &note);
}

static int end_link(struct call *call, const struct thing *thing)
{
	struct audit_note note;
	TRY(web_note(call, "upstream.unlink", call->web->account.id, &note));
	note.detail = thing->id;
	return store_upstream_delete(call->env->store, call->web->account.id, thing->id, &note);
}

static int end_app(struct call *call, const struct thing *thing) { return account_page_end_app(call, thing->id); }

static const struct kind {
	const char *title, *text;
	int (*find)(struct call *call, struct things *things);
	int (*end)(struct call *call, const struct thing *thing);
	bool opens; /* one signs in with it */
} kinds[] = {
	{"Tokens", "Client ids whose secrets give access tokens for you. Ended: deleted, with secrets and tokens.",
	 find_credentials, end_credential, false},
	{"Passkeys", "Whoever has one signs in as you, without the password.", find_passkeys, end_passkey, true},
	{"Accounts elsewhere", "Whoever can sign in there can sign in here. Ended: disconnected.", find_links, end_link,
	 true},
	{"Apps with access", "Programs you signed in to, or allowed to act for you. Ended: they have to ask again.",
	 find_apps, end_app, false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct review {
	struct things things[KINDS];
	size_t n_chosen;
	bool leaves_a_way; /* to sign in, once what is chosen has ended */
};

/* --- the page --- */

static int compare(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;
	return (x->since_s < y->since_s) - (x->since_s > y->since_s); /* the newest first */
}

static bool is_among(const struct form_value *value, struct str wanted)
{
	for (; value && value->present; value = value->next)
		if (str_eq(value->value, wanted))
			return true;
	return false;
}

static int gather(struct call *call, const struct form_value *values, struct review *review)
{
	struct login login;
	bool all = str_eq(values[ACTION].value, STR("all"));
	TRY(store_login_get(call->env->store, call->web->account.id, &call->arena, &login));
	*review = (struct review){.leaves_a_way = login.phc.len > 0};
	for (size_t k = 0; k < KINDS; k++) {
		struct things *things = &review->things[k];
		things->v = arena_array(&call->arena, THINGS_MAX, sizeof(*things->v));
		if (!things->v)
			return E_NOMEM;
		TRY(kinds[k].find(call, things));
		if (things->n > 1)
			qsort(things->v, things->n, sizeof(*things->v), compare);
		for (size_t i = 0; i < things->n; i++) {
			struct thing *thing = &things->v[i];
			thing->chosen = all || is_among(&values[END], thing->value);
			review->n_chosen += thing->chosen;
			review->leaves_a_way |= kinds[k].opens && !thing->chosen;
		}
	}
	page_flag(call->web->vars, "totp", login.totp_on);
	return 0;
}

static void show_thing(struct call *call, struct page_vars *row, const struct thing *thing)
{
	page_text(row, "value", thing->value);
	page_text(row, "thing", thing->name.len > 0 ? thing->name : thing->id);
	page_text(row, "about", thing->about);
	page_flag(row, "chosen", thing->chosen);
	page_flag(row, "never_used", thing->never_used);
	say_time(row, "since", thing->since_s);
	say_ago(row, "used", thing->used_s, call_now_s(call));
}

/* confirm: only what is chosen, and whether it shall really end. */
static int show(struct call *call, const struct review *review, bool confirm, int status, const char *problem)
{
	struct page_vars *vars = call->web->vars;
	page_flag(vars, "confirm", confirm);
	page_text(vars, "problem", str_of(problem));
	for (size_t k = 0; k < KINDS; k++) {
		struct page_vars *group = page_row(vars, "kinds");
		page_text(group, "kind", str_of(kinds[k].title));
		page_text(group, "text", str_of(kinds[k].text));
		for (size_t i = 0; i < review->things[k].n; i++)
			if (!confirm || review->things[k].v[i].chosen)
				show_thing(call, page_row(group, "things"), &review->things[k].v[i]);
	}
	return web_show(call, status, "account_review");
}

static int end_all(struct call *call, const struct review *review)
{
	for (size_t k = 0; k < KINDS; k++)
		for (size_t i = 0; i < review->things[k].n; i++) {
			if (!review->things[k].v[i].chosen)
				continue;
			int rc = kinds[k].end(call, &review->things[k].v[i]);
			if (rc < 0 && rc != E_ABSENT)
				return rc; /* what was not reached is on the page still */
		}
	return web_redirect(call, STR("/account/review?done=1"));
}

int account_review_page(struct call *call)
{
	struct form_value values[FIELDS];
	struct review review;
	page_flag(call->web->vars, "at_account", true);
	TRY(web_form(call, &table, values));
	TRY(gather(call, values, &review));
	page_flag(call->web->vars, "done", !call->web->is_post && values[DONE].present);
	if (!call->web->is_post)
		return show(call, &review, false, 200, NULL);
	if (review.n_chosen == 0)
		return show(call, &review, false, STATUS_REFUSED, "Tick what shall end.");
	if (!review.leaves_a_way)
		return show(call, &review, false, STATUS_LAST,
			    "Nothing would be left to sign in with. Set a password first, or keep one way in.");
	if (!str_eq(values[ACTION].value, STR("end")))
		return show(call, &review, true, 200, NULL);
	return end_all(call, &review);
}
