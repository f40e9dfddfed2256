/* The front of the store: codes, families, refresh tokens, consent. See store.c. */
#include "store/front.h"

int store_code_put(struct store *store, const struct code *code, const unsigned char *pushed)
{
	struct front_span span;
	TRY(check_code(code));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->code_put(store, code, pushed));
}

int store_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena, struct code *ret_code,
		    bool *ret_used)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->code_peek(store, sha256, arena, ret_code, ret_used));
}

int store_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
		      const struct audit_note *note)
{
	struct front_span span;
	TRY(check_redeem(sha256, issue, note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->code_redeem(store, sha256, issue, note));
}

int store_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
		       struct refresh *ret_refresh, struct family *ret_family)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->refresh_peek(store, sha256, arena, ret_refresh, ret_family));
}

int store_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			 const struct issue *issue, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(check_end(grace_s, false));
	TRY(check_issue(issue, false));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->refresh_rotate(store, sha256, grace_s, issue, note));
}

int store_family_end(struct store *store, struct str id, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_now(note->now_s));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->family_end(store, id, note));
}

int store_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family)
{
	struct front_span span;
	TRY(check_key(id, MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->family_get(store, id, arena, ret_family));
}

int store_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		      struct family **ret_families, size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(check_now(now_s));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->family_list(store, account_id, now_s, arena, ret_families, ret_n));
}

int store_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
		      struct consent *ret_consent)
{
	struct front_span span;
	TRY(check_key(account_id, MODEL_ID_MAX));
	TRY(check_key(client_id, MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->consent_get(store, account_id, client_id, arena, ret_consent));
}

int store_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_consent(consent));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->consent_put(store, consent, note));
}

int store_consent_list(struct store *store, struct str account_id, struct arena *arena, struct consent **ret_consents,
		       size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->consent_list(store, account_id, arena, ret_consents, ret_n));
}

int store_consent_delete(struct store *store, struct str account_id, struct str client_id,
			 const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(check_id_note(client_id, note));
	TRY(check_now(note->now_s));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->consent_delete(store, account_id, client_id, note));
}
