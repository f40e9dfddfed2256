/* Byte-string helpers; see str.h. libc only, no locale: tolower() and friends are not used. */
#include "base/str.h"

static unsigned char lower(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

bool str_eq_ci(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_has_prefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq((struct str){s.p, prefix.len}, prefix);
}

static bool is_ows(char c) { return c == ' ' || c == '\t'; }

struct str str_trim_ows(struct str s)
{
	while (s.len > 0 && is_ows(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_ows(s.p[s.len - 1]))
		s.len--;
	return s;
}

struct str str_trim_end(struct str s, char c)
{
	while (s.len > 0 && s.p[s.len - 1] == c)
		s.len--;
	return s;
}

struct str str_url_path(struct str url)
{
	struct str scheme, rest;
	if (!str_cut(url, ':', &scheme, &rest) || rest.len < 2)
		return (struct str){0};
	rest = (struct str){rest.p + 2, rest.len - 2};
	size_t at = str_find(rest, '/');
	return str_trim_end((struct str){rest.p + at, rest.len - at}, '/');
}

size_t str_find(struct str s, char c)
{
	const char *hit = s.len > 0 ? memchr(s.p, c, s.len) : NULL;
	return hit ? (size_t)(hit - s.p) : s.len;
}

bool str_cut(struct str s, char c, struct str *ret_head, struct str *ret_tail)
{
	size_t at = str_find(s, c);
	if (at == s.len)
		return false;
	*ret_head = (struct str){s.p, at};
	*ret_tail = (struct str){s.p + at + 1, s.len - at - 1};
	return true;
}

bool str_has_word(struct str list, struct str word)
{
	struct str one;
	while (word.len > 0 && str_cut(list, ' ', &one, &list))
		if (str_eq(one, word))
			return true;
	return word.len > 0 && str_eq(list, word);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

int str_order(const void *a, const void *b) { return str_cmp(*(const struct str *)a, *(const struct str *)b); }

bool str_list_has(struct str_list list, struct str s)
{
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.v[i], s))
			return true;
	return false;
}

int str_to_u64(struct str s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	if (s.len == 0 || (s.len > 1 && s.p[0] == '0'))
		return E_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return E_SYNTAX;
		uint64_t digit = (uint64_t)(s.p[i] - '0');
		if (digit > max || value > (max - digit) / 10)
			return E_LIMIT;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return 0;
}

/* Length of the well-formed sequence at p (n bytes are there), or 0. RFC 3629 4. */
static size_t utf8_step(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char first, last, low, high;
		unsigned char len;
	} rows[] = {
		{0x00, 0x7F, 0, 0, 1},          {0xC2, 0xDF, 0x80, 0xBF, 2},
		{0xE0, 0xE0, 0xA0, 0xBF, 3},    {0xE1, 0xEC, 0x80, 0xBF, 3},
		{0xED, 0xED, 0x80, 0x9F, 3},    {0xEE, 0xEF, 0x80, 0xBF, 3},
		{0xF0, 0xF0, 0x90, 0xBF, 4},    {0xF1, 0xF3, 0x80, 0xBF, 4},
		{0xF4, 0xF4, 0x80, 0x8F, 4},
	};
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		if (p[0] < rows[r].first || p[0] > rows[r].last)
			continue;
		if (rows[r].len > n)
			return 0;
		if (rows[r].len > 1 && (p[1] < rows[r].low || p[1] > rows[r].high))
			return 0;
		for (size_t i = 2; i < rows[r].len; i++)
			if ((p[i] & 0xC0) != 0x80)
				return 0;
		return rows[r].len;
	}
	return 0;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t left = s.len;
	while (left > 0) {
		size_t n = utf8_step(p, left);
		if (n == 0)
			return false;
		p += n;
		left -= n;
	}
	return true;
}

/* Of a well-formed sequence of n bytes. */
static uint32_t utf8_value(const unsigned char *p, size_t n)
{
	uint32_t value = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		value = value << 6 | (p[i] & 0x3F);
	return value;
}

bool str_is_blank(struct str s)
{
	/* White space, marks of width zero, fillers, and what only changes its neighbours (Unicode 15: PropList). */
	static const struct {
		uint32_t first, last;
	} blanks[] = {
		{0x00, 0x20},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},
		{0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F},
		{0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
		{0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFC}, {0xE0000, 0xE0FFF},
	};
	const unsigned char *p = (const unsigned char *)s.p;
	for (size_t at = 0, n; at < s.len; at += n > 0 ? n : 1) {
		size_t i = 0;
		n = utf8_step(p + at, s.len - at);
		uint32_t value = n > 0 ? utf8_value(p + at, n) : 0;
		while (i < sizeof(blanks) / sizeof(blanks[0]) && (value < blanks[i].first || value > blanks[i].last))
			i++;
		if (i == sizeof(blanks) / sizeof(blanks[0]))
			return false;
	}
	return true;
}

/* The last two bytes of U+200E/F, U+2028-202E, U+2066-2069; the first one is E2. */
static bool turns_text(unsigned char second, unsigned char third)
{
	if (second == 0x80)
		return third == 0x8E || third == 0x8F || (third >= 0xA8 && third <= 0xAE);
	return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

size_t str_printable(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = utf8_step(p, s.len);
	if (n == 1)
		return p[0] >= 0x20 && p[0] != 0x7F;
	if (n == 2 && ((p[0] == 0xC2 && p[1] < 0xA0) || (p[0] == 0xD8 && p[1] == 0x9C)))
		return 0;
	if (n != 3 || p[0] != 0xE2)
		return n;
	return turns_text(p[1], p[2]) ? 0 : n;
}

bool str_is_b64token(struct str s)
{
	size_t n = 0;
	while (n < s.len && (str_is_unreserved(str_mem(s.p + n, 1)) || s.p[n] == '+' || s.p[n] == '/'))
		n++;
	if (n == 0)
		return false;
	while (n < s.len && s.p[n] == '=')
		n++;
	return n == s.len;
}

bool str_is_unreserved(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			  c == '-' || c == '_' || c == '.' || c == '~';
		if (!ok)
			return false;
	}
	return true;
}
