/* See first_admin.h. */
#include "cli/first_admin.h"

#include "account/address.h"
#include "account/link.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "oauth/person.h"

enum { PAGE = 1000, ARENA_MAX = 8 << 20 };

/* One page behind *after, which moves on; *ret_more: there may be another. */
static int look_through(struct store *store, struct arena *arena, char after[MODEL_ID_MAX + 1], bool *ret_found,
			bool *ret_more)
{
	struct account *accounts;
	size_t n;
	const struct store_range range = {.after = str_of(after), .limit = PAGE, .order = STORE_BY_ID};
	TRY(store_account_list(store, &range, arena, &accounts, &n));
	for (size_t i = 0; i < n; i++)
		*ret_found |= str_list_has(accounts[i].roles, STR(PERSON_ADMIN_ROLE));
	*ret_more = n == PAGE;
	if (n > 0) {
		memcpy(after, accounts[n - 1].id.p, accounts[n - 1].id.len);
		after[accounts[n - 1].id.len] = '\0';
	}
	return 0;
}

static int find_admin(struct store *store, bool *ret_found)
{
	char after[MODEL_ID_MAX + 1] = "";
	bool found = false, more = true;
	while (more && !found) {
		struct arena arena;
		arena_init(&arena, ARENA_MAX);
		int rc = look_through(store, &arena, after, &found, &more);
		arena_done(&arena);
		TRY(rc);
	}
	*ret_found = found;
	return 0;
}

/* One that was printed before is still good. */
static int find_link(struct store *store, struct arena *arena, bool *ret_found)
{
	const struct store_once_range range = {ONCE_ADMIN, clock_now_s(&clock_system), 1};
	struct once *onces;
	size_t n;
	TRY(store_once_list(store, &range, arena, &onces, &n));
	*ret_found = n > 0;
	return 0;
}

static int make(struct transport *transport, struct str email, struct arena *arena, struct buf *out)
{
	char text[ID_SECRET_LEN + 1];
	struct str address = STR("-"), data;
	int64_t now_s = clock_now_s(&clock_system);
	if (email.len > 0)
		TRY(address_parse(email, arena, &address));
	TRY(arena_printf(arena, &data, "%.*s Admin", STR_ARG(address)));
	const struct link_terms terms = {.kind = LINK_ADMIN, .data = data, .now_s = now_s,
					 .lifetime_s = FIRST_ADMIN_LIFETIME_S};
	const struct audit_note note = {now_s, transport->admin.actor, STR("account.invite"), STR("Admin"), address};
	TRY(link_new(transport->admin.store, &terms, &note, text));
	link_url(transport->config->issuer, LINK_ADMIN, str_of(text), out);
	secret_wipe(text, sizeof(text));
	return buf_status(out);
}

int first_admin_link(struct transport *transport, const char *email, struct buf *out)
{
	struct arena arena;
	bool found = true;
	if (!transport->local)
		return EXIT_OK;
	arena_init(&arena, ARENA_MAX);
	int rc = find_link(transport->admin.store, &arena, &found);
	if (rc == 0 && !found)
		rc = find_admin(transport->admin.store, &found);
	if (rc == 0 && !found)
		rc = make(transport, str_of(email), &arena, out);
	arena_done(&arena);
	if (rc == E_SYNTAX)
		return args_fail(EXIT_USAGE, "--email: '%s' is no e-mail address", email ? email : "");
	return rc < 0 ? args_fail_code(rc, "the first administrator's link can not be made") : EXIT_OK;
}
