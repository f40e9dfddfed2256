/* The front of the store: devices (RFC 8628) and the bridge. See store.c. */
#include "store/front.h"

int store_device_put(struct store *store, const struct device *device)
{
	struct front_span span;
	TRY(check_device(device));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->device_put(store, device));
}

int store_device_peek(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
		      struct device *ret_device)
{
	struct front_span span;
	if (user_code.len > 0)
		TRY(check_key(user_code, MODEL_USER_CODE_MAX));
	else
		TRY(check_hash(sha256));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->device_peek(store, sha256, user_code, arena, ret_device));
}

int store_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(check_now(now_s));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->device_poll(store, sha256, now_s));
}

int store_device_decide(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			const struct audit_note *note)
{
	struct front_span span;
	TRY(check_key(user_code, MODEL_USER_CODE_MAX));
	TRY(check_decision(decision));
	TRY(check_now(now_s));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->device_decide(store, user_code, decision, now_s, note));
}

int store_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			const struct audit_note *note)
{
	struct front_span span;
	TRY(check_redeem(sha256, issue, note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->device_redeem(store, sha256, issue, note));
}
