/* The table of places; see storage.h. */
#include "client/storage.h"

#include "base/clock.h"
#include "base/enc.h"
#include "crypto/digest.h"

enum { NAME_MAX_LEN = 32768, ID_BYTES = 20, MS_NS = 1000000 };

static const struct storage file = {.name = "file", .words = "logins.json"};

const struct storage *storage_of(enum storage_place place)
{
	static const struct storage *const rows[STORAGE_PLACES] = {
		[STORAGE_FILE] = &file,
		[STORAGE_KEYRING] = &storage_keyring,
		[STORAGE_SECRET_SERVICE] = &storage_secret,
	};
	return rows[place];
}

bool storage_find(struct str name, enum storage_place *ret_place)
{
	*ret_place = STORAGE_AUTO;
	if (str_eq(name, STR("auto")))
		return true;
	for (unsigned i = 0; i < STORAGE_PLACES; i++)
		if (str_eq(name, str_of(storage_of((enum storage_place)i)->name))) {
			*ret_place = (enum storage_place)i;
			return true;
		}
	return false;
}

int storage_begin(struct storage_call *call, uint32_t timeout_ms)
{
	_cleanup_(buf_done) struct buf text;
	unsigned char digest[SHA256_LEN];
	struct buf id;
	const struct str parts[] = {call->folder, call->app, call->issuer, call->client_id};
	buf_init(&text, NAME_MAX_LEN);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		buf_put_str32(&text, parts[i]); /* no two different logins have one text */
	if (buf_status(&text) < 0)
		return trouble_of(call->trouble, buf_status(&text), "the name of the login");
	digest_sha256_light(buf_str(&text), digest);
	buf_init_fixed(&id, call->id, sizeof(call->id) - 1);
	enc_hex(&id, str_mem(digest, ID_BYTES));
	call->id[id.len] = '\0';
	if (timeout_ms > STORAGE_TIMEOUT_MS)
		timeout_ms = STORAGE_TIMEOUT_MS;
	call->end_ns = clock_mono_ns() + (int64_t)timeout_ms * MS_NS;
	return MINTMARK_OK;
}

int storage_is_over(struct storage_call *call, const char *words)
{
	if (call->cancel && atomic_load(call->cancel))
		return trouble_set(call->trouble, MINTMARK_ERROR_CANCELLED, "The call was cancelled.");
	if (clock_mono_ns() < call->end_ns)
		return 0;
	return trouble_set_passing(call->trouble, MINTMARK_ERROR_STORAGE,
				   "%s does not answer in time. Does it wait for somebody to unlock it?", words);
}
