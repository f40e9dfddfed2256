/* See history.h. */
#include "web/history.h"

#include "base/addr.h"
#include "web/say.h"

static const struct {
	const char *action, *what;
} words[] = {
	{"client.create", "Created"},
	{"client.update", "Name, scopes or other settings changed"},
	{"client.disable", "Disabled"},
	{"client.enable", "Enabled"},
	{"client.delete", "Deleted"},
	{"client.network", "Refused: a right secret from a network that is not allowed"},
	{"client.register", "Registered by itself"},
	{"client.register_update", "Changed by itself"},
	{"client.register_delete", "Deleted by itself"},
	{"bridge.redeem", "Created by a program that was let in"},
	{"secret.add", "New secret"},
	{"secret.regenerate", "All secrets replaced"},
	{"secret.revoke", "Secret revoked"},
	{"secret.leaked", "Secret reported as leaked, and revoked"},
	{"token.revoke", "Access token revoked"},
	{"consent.give", "Access allowed"},
	{"consent.delete", "Access taken away"},
	{"family.end", "Sign-in ended"},
	{"code.redeem", "A used code came again: its sign-in ended"},
	{"refresh.reuse", "A used refresh token came again: its sign-in ended"},
	{"throttle", "Too many wrong secrets: slowed down"},
};

struct str history_what(struct str action)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(action, str_of(words[i].action)))
			return str_of(words[i].what);
	return action;
}

/* Of an actor without id, or whose id says nothing to the reader; empty: there is none. */
static struct str who_of(struct str kind, struct str id, const struct history_reader *reader)
{
	if (str_eq(kind, STR("system")))
		return STR("The server");
	if (str_eq(kind, STR("cli")))
		return STR("The operator, by command line");
	if (str_eq(kind, STR("client")) && str_eq(id, reader->client->id))
		return STR("The program itself");
	if (!str_eq(kind, STR("account")))
		return (struct str){0};
	if (str_eq(id, reader->account_id))
		return STR("You");
	return reader->admin ? (struct str){0} : STR("An administrator"); /* nobody else can */
}

/* "account:mma_…", "client:mmc_…", "cli:uid=0", "system": see struct audit_entry. */
static void show_who(struct page_vars *vars, struct str actor, const struct history_reader *reader)
{
	struct str kind, id = {0};
	if (!str_cut(actor, ':', &kind, &id))
		kind = actor;
	struct str who = who_of(kind, id, reader);
	if (who.len == 0 && str_eq(kind, STR("account")))
		page_printf(vars, "who", "Account %.*s", STR_ARG(id));
	else if (who.len == 0 && str_eq(kind, STR("client")))
		page_printf(vars, "who", "Program %.*s", STR_ARG(id));
	else
		page_text(vars, "who", who.len > 0 ? who : actor);
}

static bool is_address(struct str text)
{
	unsigned char addr[16];
	return addr_parse(text, addr) == 0;
}

/* admin/admin.c puts "… from ADDRESS" behind what came by network. */
static void show_where(struct page_vars *vars, struct str actor, struct str *detail)
{
	const struct str from = STR(" from ");
	if (is_address(*detail)) { /* nothing but that: refusals */
		page_text(vars, "where", *detail);
		*detail = (struct str){0};
		return;
	}
	if (str_has_prefix(actor, STR("cli")))
		return;
	for (size_t n = detail->len; n-- > 0;) {
		struct str tail = str_mem(detail->p + n, detail->len - n);
		if (!str_has_prefix(tail, from))
			continue;
		tail = str_mem(tail.p + from.len, tail.len - from.len);
		if (!is_address(tail))
			return;
		page_text(vars, "where", tail);
		detail->len = n;
		return;
	}
}

/* A secret is known to people by its last letters. */
static bool show_hint(struct page_vars *vars, const struct client *client, struct str id)
{
	for (size_t i = 0; i < client->n_secrets; i++) {
		const struct client_secret *row = &client->secrets[i];
		if (!str_eq(row->id, id))
			continue;
		page_text(vars, "hint", row->hint);
		return true;
	}
	return false;
}

void history_show(struct page_vars *vars, const struct audit_entry *entry, const struct history_reader *reader)
{
	struct str detail = entry->detail;
	say_time(vars, "time", entry->time_s);
	say_ago(vars, "ago", entry->time_s, reader->now_s);
	page_text(vars, "what", history_what(entry->action));
	show_who(vars, entry->actor, reader);
	show_where(vars, entry->actor, &detail);
	bool named = show_hint(vars, reader->client, detail);
	if (!named && !str_eq(detail, reader->client->name)) /* that is the page's title */
		page_text(vars, "detail", detail);
}
