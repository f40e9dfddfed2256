/* UUID text; see uuid.h. RFC 9562 4. */
#include "series/uuid.h"

static const unsigned char group_ends[] = {8, 13, 18, 23};

static bool is_dash_place(size_t at)
{
	for (size_t i = 0; i < sizeof(group_ends); i++)
		if (group_ends[i] == at)
			return true;
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int uuid_parse(struct str text, struct uuid *ret_uuid)
{
	struct uuid uuid = {0};
	size_t n = 0;
	if (text.len != UUID_TEXT_LEN)
		return E_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		int value = digit(text.p[i]);
		if (is_dash_place(i) != (text.p[i] == '-') || (value < 0 && text.p[i] != '-'))
			return E_SYNTAX;
		if (value < 0)
			continue;
		uuid.b[n / 2] = (unsigned char)(uuid.b[n / 2] << 4 | value);
		n++;
	}
	*ret_uuid = uuid;
	return 0;
}

void uuid_write(const struct uuid *uuid, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < sizeof(uuid->b); i++) {
		*ret_text++ = digits[uuid->b[i] >> 4];
		*ret_text++ = digits[uuid->b[i] & 15];
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*ret_text++ = '-';
	}
}
