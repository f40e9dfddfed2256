/* See link.h. Server process and command line. Must never log a link's text or put it into an audit note. */
#include "account/link.h"

static const struct {
	enum once_kind once;
	const char *path;
} kinds[LINK_KINDS] = {
	[LINK_INVITE] = {ONCE_INVITE, "/invite"},
	[LINK_ADMIN] = {ONCE_ADMIN, "/invite"},
	[LINK_VERIFY] = {ONCE_VERIFY, "/verify"},
	[LINK_RESET] = {ONCE_RESET, "/reset/new"},
};

int link_new(struct store *store, const struct link_terms *terms, const struct audit_note *note,
	     char ret_text[ID_SECRET_LEN + 1])
{
	char text[ID_SECRET_LEN + 1];
	struct once once = {
		.kind = kinds[terms->kind].once,
		.account_id = terms->account_id,
		.data = terms->data,
		.created_s = terms->now_s,
		.expires_s = terms->now_s + terms->lifetime_s,
	};
	TRY(id_bearer_new(BEARER_LINK, text, once.sha256));
	int rc = store_once_put(store, &once, note);
	if (rc == 0)
		memcpy(ret_text, text, sizeof(text));
	secret_wipe(text, sizeof(text));
	return rc;
}

/* What is no link of ours is simply none. */
static int hash(struct str text, unsigned char ret_sha256[32])
{
	int rc = id_bearer_parse(BEARER_LINK, text, ret_sha256);
	return rc == E_SYNTAX ? E_ABSENT : rc;
}

int link_peek(struct store *store, const struct link_key *key, struct arena *arena, struct once *ret_once)
{
	unsigned char sha256[32];
	const struct store_once_key found = {sha256, kinds[key->kind].once, key->now_s};
	TRY(hash(key->text, sha256));
	return store_once_peek(store, &found, arena, ret_once);
}

int link_once(const struct link_key *key, unsigned char ret_sha256[32], struct store_once_key *ret_key)
{
	TRY(hash(key->text, ret_sha256));
	*ret_key = (struct store_once_key){ret_sha256, kinds[key->kind].once, key->now_s};
	return 0;
}

void link_url(struct str issuer, enum link_kind kind, struct str text, struct buf *out)
{
	buf_put(out, str_trim_end(issuer, '/'));
	buf_printf(out, "%s?token=%.*s", kinds[kind].path, STR_ARG(text));
}

int link_invited(struct str data, struct arena *arena, struct str *ret_email, struct str_list *ret_roles)
{
	struct str email = data, role, rest = {0};
	struct str_list roles = {arena_array(arena, MODEL_ROLES_MAX, sizeof(*roles.v)), 0};
	if (!roles.v)
		return E_NOMEM;
	bool more = str_cut(data, ' ', &email, &rest);
	while (more) {
		role = rest;
		more = str_cut(rest, ' ', &role, &rest);
		if (role.len == 0 || roles.n == MODEL_ROLES_MAX)
			return E_SYNTAX;
		roles.v[roles.n++] = role;
	}
	*ret_email = str_eq(email, STR("-")) ? (struct str){0} : email;
	*ret_roles = roles;
	return 0;
}
