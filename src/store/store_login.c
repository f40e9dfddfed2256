/* The front of the store: what an account signs in with. See store.c. */
#include "store/front.h"

/* Of a write verb: a passkey that can't exist is a slip of the caller, not just absent. */
static int check_passkey_id(struct str account_id, struct str id, const struct audit_note *note)
{
	if (id.len > MODEL_PASSKEY_ID_MAX)
		return E_LIMIT;
	return id.len > 0 ? check_id_note(account_id, note) : E_SYNTAX;
}

int store_login_get(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login)
{
	struct front_span span;
	TRY(check_key(account_id, MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->login_get(store, account_id, arena, ret_login));
}

static int set_password(struct store *store, struct str account_id, const struct new_password *password,
			const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	TRY(check_phc(password->phc));
	TRY(check_end(password->until_s, false));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->login_set_password(store, account_id, password, note));
}

int store_login_set_password(struct store *store, struct str account_id, struct str phc, const unsigned char *except,
			     int64_t until_s, const struct audit_note *note)
{
	return set_password(store, account_id, &(struct new_password){phc, except, NULL, until_s}, note);
}

int store_login_reset_password(struct store *store, struct str account_id, struct str phc,
			       const struct store_once_key *taken, int64_t until_s, const struct audit_note *note)
{
	TRY(check_hash(taken->sha256));
	TRY(check_once_kind(taken->kind));
	TRY(check_now(taken->now_s));
	return set_password(store, account_id, &(struct new_password){phc, NULL, taken, until_s}, note);
}

int store_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->login_reset_factors(store, account_id, note));
}

int store_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
			 const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	TRY(check_totp(totp));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->login_set_totp(store, account_id, totp, note));
}

int store_login_use_totp(struct store *store, struct str account_id, int64_t step)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(check_now(step));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->login_use_totp(store, account_id, step));
}

int store_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
			     const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	TRY(check_hash(sha256));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->login_use_recovery(store, account_id, sha256, note));
}

int store_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_passkey(passkey));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->passkey_put(store, passkey, note));
}

int store_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey)
{
	struct front_span span;
	TRY(check_key_bytes(id, MODEL_PASSKEY_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->passkey_get(store, id, arena, ret_passkey));
}

int store_passkey_list(struct store *store, struct str account_id, struct arena *arena, struct passkey **ret_passkeys,
		       size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->passkey_list(store, account_id, arena, ret_passkeys, ret_n));
}

int store_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
			 const struct audit_note *note)
{
	struct front_span span;
	TRY(check_passkey_id(account_id, id, note));
	TRY(check_passkey_name(name));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->passkey_rename(store, account_id, id, name, note));
}

int store_passkey_delete(struct store *store, struct str account_id, struct str id, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_passkey_id(account_id, id, note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->passkey_delete(store, account_id, id, note));
}

int store_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s)
{
	struct front_span span;
	TRY(check_key_bytes(id, MODEL_PASSKEY_ID_MAX));
	TRY(check_end(counter, false));
	TRY(check_now(now_s));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->passkey_use(store, id, counter, now_s));
}

int store_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_upstream(link));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->upstream_put(store, link, note));
}

int store_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
		       struct upstream_link *ret_link)
{
	struct front_span span;
	TRY(check_key(issuer, MODEL_AUDIENCE_MAX));
	TRY(check_key(subject, MODEL_AUDIENCE_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->upstream_get(store, issuer, subject, arena, ret_link));
}

int store_upstream_list(struct store *store, struct str account_id, struct arena *arena,
			struct upstream_link **ret_links, size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->upstream_list(store, account_id, arena, ret_links, ret_n));
}

int store_upstream_delete(struct store *store, struct str account_id, struct str issuer, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	TRY(check_key(issuer, MODEL_AUDIENCE_MAX));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->upstream_delete(store, account_id, issuer, note));
}
