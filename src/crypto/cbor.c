/* See cbor.h. */
#include "crypto/cbor.h"

int cbor_head(struct cur *cur, enum cbor_major *ret_major, uint64_t *ret_arg)
{
	struct cur ahead = *cur;
	uint8_t first, byte;
	TRY(cur_u8(&ahead, &first));
	unsigned info = first & 31;
	uint64_t arg = info;
	if (info > 27) /* reserved, or of indefinite length */
		return E_SYNTAX;
	if (info >= 24) {
		arg = 0;
		for (unsigned n = 1U << (info - 24); n > 0; n--) {
			TRY(cur_u8(&ahead, &byte));
			arg = arg << 8 | byte;
		}
	}
	*cur = ahead;
	*ret_major = (enum cbor_major)(first >> 5);
	*ret_arg = arg;
	return 0;
}

int cbor_string(struct cur *cur, enum cbor_major major, struct str *ret_bytes)
{
	struct cur ahead = *cur;
	enum cbor_major found;
	uint64_t len;
	TRY(cbor_head(&ahead, &found, &len));
	if (found != major || len > ahead.left)
		return E_SYNTAX;
	TRY(cur_mem(&ahead, (size_t)len, ret_bytes));
	*cur = ahead;
	return 0;
}

/* How many values the container of this head has. E_SYNTAX: more than there are bytes. */
static int count(enum cbor_major major, uint64_t arg, size_t left, size_t *ret_n)
{
	if (arg > left)
		return E_SYNTAX;
	*ret_n = (size_t)arg * (major == CBOR_MAP ? 2 : 1);
	return 0;
}

int cbor_skip(struct cur *cur)
{
	size_t todo[CBOR_DEPTH_MAX + 1] = {1}; /* values that are left, by depth */
	unsigned depth = 0;
	for (;;) {
		enum cbor_major major;
		uint64_t arg;
		struct str bytes;
		while (todo[depth] == 0) {
			if (depth == 0)
				return 0;
			depth--;
		}
		todo[depth]--;
		TRY(cbor_head(cur, &major, &arg));
		if (major == CBOR_BYTES || major == CBOR_TEXT)
			TRY(arg > cur->left ? E_SYNTAX : cur_mem(cur, (size_t)arg, &bytes));
		if (major == CBOR_TAG)
			todo[depth]++;
		if (major != CBOR_ARRAY && major != CBOR_MAP)
			continue;
		if (depth == CBOR_DEPTH_MAX)
			return E_SYNTAX;
		TRY(count(major, arg, cur->left, &todo[++depth]));
	}
}
