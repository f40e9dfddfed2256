/*
 * The link of the audit chain: hash = SHA-256 over a fixed mark, prev and all fields of the entry, each with its length
 * before it. Pure functions, thread-safe.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "model/model.h"
#include "store/store.h"

enum { AUDIT_HASH_LEN = 32 };

/* From everything but entry->hash. E_CRYPTO; E_LIMIT: a field is longer than any the store would write. */
must_check int audit_hash(const struct audit_entry *entry, unsigned char ret_hash[AUDIT_HASH_LEN]);
/* The entry that follows seq and prev; its strings are the note's. E_CRYPTO. */
must_check int audit_link(const struct audit_note *note, int64_t seq, const unsigned char prev[AUDIT_HASH_LEN],
			  struct audit_entry *ret_entry);
/* Whether the entry is number seq, follows prev and carries its right hash. E_SIGNATURE, E_CRYPTO. */
must_check int audit_check(const struct audit_entry *entry, int64_t seq, const unsigned char prev[AUDIT_HASH_LEN]);

#endif
