/*
 * A read cursor over borrowed bytes: each call takes from the front, or fails with E_SYNTAX and takes nothing.
 * The reading half of buf_put_u16be() and friends. Not thread-safe: one owner.
 */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include <stdint.h>

#include "base/str.h"

struct cur {
	const unsigned char *p;
	size_t left;
};

static inline struct cur cur_of(struct str s) { return (struct cur){(const unsigned char *)s.p, s.len}; }

must_check int cur_u8(struct cur *cur, uint8_t *ret_value);
must_check int cur_u16be(struct cur *cur, uint16_t *ret_value);
must_check int cur_u32be(struct cur *cur, uint32_t *ret_value);
must_check int cur_u64be(struct cur *cur, uint64_t *ret_value);
/* n raw bytes, borrowed. */
must_check int cur_mem(struct cur *cur, size_t n, struct str *ret_bytes);
/* A length-prefixed string, borrowed; E_LIMIT when it is longer than max. */
must_check int cur_str16(struct cur *cur, size_t max, struct str *ret_s);
must_check int cur_str32(struct cur *cur, size_t max, struct str *ret_s);
/* E_SYNTAX when something is left. */
must_check int cur_end(const struct cur *cur);

#endif
