/* Read cursor; see cur.h. */
#include "base/cur.h"

static int take_be(struct cur *cur, unsigned bytes, uint64_t *ret_value)
{
	if (cur->left < bytes)
		return E_SYNTAX;
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | cur->p[i];
	cur->p += bytes;
	cur->left -= bytes;
	*ret_value = value;
	return 0;
}

int cur_u8(struct cur *cur, uint8_t *ret_value)
{
	uint64_t value;
	TRY(take_be(cur, 1, &value));
	*ret_value = (uint8_t)value;
	return 0;
}

int cur_u16be(struct cur *cur, uint16_t *ret_value)
{
	uint64_t value;
	TRY(take_be(cur, 2, &value));
	*ret_value = (uint16_t)value;
	return 0;
}

int cur_u32be(struct cur *cur, uint32_t *ret_value)
{
	uint64_t value;
	TRY(take_be(cur, 4, &value));
	*ret_value = (uint32_t)value;
	return 0;
}

int cur_u64be(struct cur *cur, uint64_t *ret_value) { return take_be(cur, 8, ret_value); }

int cur_mem(struct cur *cur, size_t n, struct str *ret_bytes)
{
	if (cur->left < n)
		return E_SYNTAX;
	*ret_bytes = str_mem(cur->p, n);
	cur->p += n;
	cur->left -= n;
	return 0;
}

static int take_str(struct cur *cur, unsigned length_bytes, size_t max, struct str *ret_s)
{
	struct cur trial = *cur;
	uint64_t len;
	TRY(take_be(&trial, length_bytes, &len));
	if (len > max)
		return E_LIMIT;
	TRY(cur_mem(&trial, (size_t)len, ret_s));
	*cur = trial;
	return 0;
}

int cur_str16(struct cur *cur, size_t max, struct str *ret_s) { return take_str(cur, 2, max, ret_s); }
int cur_str32(struct cur *cur, size_t max, struct str *ret_s) { return take_str(cur, 4, max, ret_s); }

int cur_end(const struct cur *cur) { return cur->left == 0 ? 0 : E_SYNTAX; }
