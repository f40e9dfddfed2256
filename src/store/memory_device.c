/* Devices of the memory backend. */
#include "store/memory.h"

enum { SLOWER_S = 5 };

/* Of several with one code all but the newest are over. */
static struct memory_device *by_user_code(const struct memory_state *state, struct str user_code)
{
	struct memory_device *newest = NULL;
	MEMORY_EACH(struct memory_device, row, state, MEMORY_DEVICE) {
		if (str_eq(row->device.user_code, user_code))
			newest = row;
	}
	return newest;
}

static int put(struct memory_state *next, const struct device *device)
{
	const struct memory_device *other = by_user_code(next, device->user_code);
	struct memory_device row = {.device = *device};
	row.device.account_id = row.device.session_id = STR("");
	row.device.methods = 0;
	row.device.auth_s = 0;
	if (!memory_client(next, device->client_id) || (device->api_id.len > 0 && !memory_api(next, device->api_id)))
		return E_ABSENT;
	if (memory_table_by_hash(next, MEMORY_DEVICE, device->sha256) ||
	    (other && other->device.expires_s > device->created_s))
		return E_EXISTS;
	return memory_table_add(next, MEMORY_DEVICE, &row);
}

int memory_device_put(struct store *store, const struct device *device)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, put(next, device), NULL);
}

int memory_device_peek(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
		       struct device *ret_device)
{
	const struct memory_state *state = memory_lock(store);
	const struct memory_device *row = user_code.len > 0 ? by_user_code(state, user_code)
							    : memory_table_by_hash(state, MEMORY_DEVICE, sha256);
	return memory_unlock(store, row ? memory_table_read(arena, MEMORY_DEVICE, row, ret_device) : E_ABSENT);
}

int memory_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	struct memory_device *row = memory_table_by_hash(next, MEMORY_DEVICE, sha256);
	if (!row)
		return memory_end(store, next, E_ABSENT, NULL);
	struct device *device = &row->device;
	bool too_fast = device->polled_s != 0 && now_s < device->polled_s + device->interval_s;
	device->polled_s = now_s;
	device->interval_s += too_fast ? SLOWER_S : 0; /* RFC 8628 3.5 */
	TRY(memory_end(store, next, 0, NULL));
	return too_fast ? E_POLLED_TOO_FAST : 0;
}

static int decide(struct memory_state *next, struct device *device, const struct device *decision, int64_t now_s)
{
	if (!device || device->expires_s <= now_s)
		return E_ABSENT;
	if (device->state != DEVICE_PENDING)
		return E_CONFLICT;
	if (decision->account_id.len > 0 && !memory_account(next, decision->account_id))
		return E_ABSENT;
	device->state = decision->state;
	device->methods = decision->methods;
	device->auth_s = decision->auth_s;
	TRY(arena_str(&next->arena, decision->account_id, &device->account_id));
	TRY(arena_str(&next->arena, decision->session_id, &device->session_id));
	return arena_str(&next->arena, decision->scope, &device->scope);
}

int memory_device_decide(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			 const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	struct memory_device *row = by_user_code(next, user_code);
	return memory_end(store, next, decide(next, row ? &row->device : NULL, decision, now_s), note);
}

static int redeem(struct memory_state *next, struct memory_device *row, const struct issue *issue)
{
	if (!row)
		return E_ABSENT;
	if (row->device.state == DEVICE_REDEEMED)
		return memory_family_reuse(next, row->family_id, issue->now_s);
	if (row->device.expires_s <= issue->now_s)
		return E_ABSENT;
	if (row->device.state != DEVICE_APPROVED)
		return E_CONFLICT;
	row->device.state = DEVICE_REDEEMED;
	TRY(arena_str(&next->arena, issue->family->id, &row->family_id));
	return memory_family_begin(next, issue);
}

int memory_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			 const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = redeem(next, memory_table_by_hash(next, MEMORY_DEVICE, sha256), issue);
	return memory_family_commit(store, next, rc, note, note);
}
