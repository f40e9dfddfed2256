/* The front of the store: sessions, and what is good for one use. See store.c. */
#include "store/front.h"

int store_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
		      const struct audit_note *note)
{
	struct front_span span;
	TRY(check_session(session));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->session_put(store, session, replaces, note));
}

int store_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
		      struct session *ret_session, struct account *ret_account)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(check_now(now_s));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->session_get(store, sha256, now_s, arena, ret_session, ret_account));
}

int store_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			struct str addr)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(check_now(now_s));
	TRY(check_end(expires_s, true));
	TRY(check_addr(addr));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->session_touch(store, sha256, now_s, expires_s, addr));
}

int store_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		       struct session **ret_sessions, size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(account_id));
	TRY(check_now(now_s));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->session_list(store, account_id, now_s, arena, ret_sessions, ret_n));
}

int store_session_end(struct store *store, struct str account_id, struct str id, const unsigned char *except,
		      const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(account_id, note));
	if (id.len > 0)
		TRY(check_id(id));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->session_end(store, account_id, id, except, note));
}

int store_once_put(struct store *store, const struct once *once, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_once(once));
	if (note)
		TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->once_put(store, once, note));
}

static int check_once_key(const struct store_once_key *key)
{
	TRY(check_hash(key->sha256));
	TRY(check_once_kind(key->kind));
	return check_now(key->now_s);
}

int store_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once)
{
	struct front_span span;
	TRY(check_once_key(key));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->once_peek(store, key, arena, ret_once));
}

int store_once_take(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once,
		    const struct audit_note *note)
{
	struct front_span span;
	TRY(check_once_key(key));
	if (note)
		TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->once_take(store, key, arena, ret_once, note));
}

int store_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
		    struct once **ret_onces, size_t *ret_n)
{
	struct front_span span;
	TRY(check_once_kind(range->kind));
	TRY(check_now(range->now_s));
	TRY(check_limit(range->limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->once_list(store, range, arena, ret_onces, ret_n));
}

int store_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more)
{
	struct front_span span;
	TRY(check_now(now_s));
	TRY(check_limit(limit));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->sweep(store, now_s, limit, ret_more));
}
