/* Links of the audit chain; see audit.h. */
#include "store/audit.h"

#include "base/buf.h"
#include "crypto/digest.h"

static void put_number(struct buf *buf, int64_t value)
{
	buf_put_u32be(buf, sizeof(uint64_t));
	buf_put_u64be(buf, (uint64_t)value);
}

int audit_hash(const struct audit_entry *entry, unsigned char ret_hash[AUDIT_HASH_LEN])
{
	char mem[4096]; /* more than all bounded fields together */
	struct buf buf;
	buf_init_fixed(&buf, mem, sizeof(mem));
	buf_put_str32(&buf, STR("mintmark audit 1"));
	buf_put_str32(&buf, str_mem(entry->prev, sizeof(entry->prev)));
	put_number(&buf, entry->seq);
	put_number(&buf, entry->time_s);
	buf_put_str32(&buf, entry->actor);
	buf_put_str32(&buf, entry->action);
	buf_put_str32(&buf, entry->target);
	buf_put_str32(&buf, entry->detail);
	TRY(buf_status(&buf));
	return digest_sha256(buf_str(&buf), ret_hash);
}

int audit_link(const struct audit_note *note, int64_t seq, const unsigned char prev[AUDIT_HASH_LEN],
	       struct audit_entry *ret_entry)
{
	struct audit_entry entry = {
		.seq = seq,
		.time_s = note->now_s,
		.actor = note->actor,
		.action = note->action,
		.target = note->target,
		.detail = note->detail,
	};
	memcpy(entry.prev, prev, AUDIT_HASH_LEN);
	TRY(audit_hash(&entry, entry.hash));
	*ret_entry = entry;
	return 0;
}

int audit_check(const struct audit_entry *entry, int64_t seq, const unsigned char prev[AUDIT_HASH_LEN])
{
	unsigned char hash[AUDIT_HASH_LEN];
	if (entry->seq != seq || memcmp(entry->prev, prev, AUDIT_HASH_LEN) != 0)
		return E_SIGNATURE;
	int rc = audit_hash(entry, hash);
	if (rc < 0)
		return rc == E_LIMIT ? E_SIGNATURE : rc;
	return memcmp(hash, entry->hash, AUDIT_HASH_LEN) == 0 ? 0 : E_SIGNATURE;
}
