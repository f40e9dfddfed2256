/* Strict base64url, base64, hex, form decoding, base62, CRC-32, RFC 3339; see enc.h. */
#include "base/enc.h"

#include <time.h>

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void enc_b64url(struct buf *out, struct str bytes)
{
	const unsigned char *in = (const unsigned char *)bytes.p;
	size_t len = ENC_B64URL_LEN(bytes.len);
	char *at = len > 0 ? buf_reserve(out, len) : NULL;
	if (!at)
		return;
	size_t i = 0;
	for (; i + 3 <= bytes.len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
		*at++ = url_alphabet[v >> 18];
		*at++ = url_alphabet[v >> 12 & 63];
		*at++ = url_alphabet[v >> 6 & 63];
		*at++ = url_alphabet[v & 63];
	}
	if (i < bytes.len) {
		bool two = i + 2 == bytes.len;
		uint32_t v = (uint32_t)in[i] << 16 | (two ? (uint32_t)in[i + 1] << 8 : 0);
		*at++ = url_alphabet[v >> 18];
		*at++ = url_alphabet[v >> 12 & 63];
		if (two)
			*at++ = url_alphabet[v >> 6 & 63];
	}
	out->len += len;
}

/* The value of a base64 digit, or 64. plus and slash are the alphabet's characters 62 and 63. */
static unsigned digit_value(char c, char plus, char slash)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == plus)
		return 62;
	return c == slash ? 63 : 64;
}

static int decode64(struct str text, char plus, char slash, unsigned char *out, size_t size, size_t *ret_len)
{
	size_t n = text.len / 4 * 3 + (text.len % 4 > 0 ? text.len % 4 - 1 : 0);
	uint32_t bits = 0;
	unsigned have = 0;
	if (text.len % 4 == 1)
		return E_SYNTAX;
	if (n > size)
		return E_LIMIT;
	for (size_t i = 0; i < text.len; i++) {
		unsigned value = digit_value(text.p[i], plus, slash);
		if (value == 64)
			return E_SYNTAX;
		bits = (bits << 6 | value) & 0xFFFF;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		*out++ = (unsigned char)(bits >> have);
	}
	if ((bits & ((1U << have) - 1)) != 0) /* RFC 4648 3.5: bits that mean nothing must be zero */
		return E_SYNTAX;
	*ret_len = n;
	return 0;
}

int enc_b64url_decode(struct str text, void *ret_bytes, size_t size, size_t *ret_len)
{
	return decode64(text, '-', '_', ret_bytes, size, ret_len);
}

int enc_b64_decode(struct str text, void *ret_bytes, size_t size, size_t *ret_len)
{
	if (text.len % 4 != 0)
		return E_SYNTAX;
	for (int pad = 0; pad < 2 && text.len > 0 && text.p[text.len - 1] == '='; pad++)
		text.len--;
	return decode64(text, '+', '/', ret_bytes, size, ret_len);
}

void enc_url(struct buf *out, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.p[i];
		if (str_is_unreserved((struct str){&text.p[i], 1})) {
			buf_put_char(out, text.p[i]);
			continue;
		}
		const char escaped[] = {'%', digits[byte >> 4], digits[byte & 15]};
		buf_put_mem(out, escaped, sizeof(escaped));
	}
}

void enc_hex(struct buf *out, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *at = bytes.len > 0 ? buf_reserve(out, bytes.len * 2) : NULL;
	if (!at)
		return;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		*at++ = digits[c >> 4];
		*at++ = digits[c & 15];
	}
	out->len += bytes.len * 2;
}

int enc_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int enc_hex_decode(struct str text, void *ret_bytes, size_t size)
{
	unsigned char *out = ret_bytes;
	if (text.len != size * 2)
		return E_SYNTAX;
	for (size_t i = 0; i < size; i++) {
		int high = enc_hex_digit(text.p[2 * i]);
		int low = enc_hex_digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return E_SYNTAX;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

int enc_form_decode_to(struct str text, char *out, size_t *ret_len)
{
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '+')
			c = ' ';
		if (c == '%') {
			if (text.len - i < 3 || enc_hex_decode((struct str){text.p + i + 1, 2}, &c, 1) < 0)
				return E_SYNTAX;
			i += 2;
		}
		if (c == 0)
			return E_SYNTAX;
		out[len++] = (char)c;
	}
	if (!str_is_utf8((struct str){out, len}))
		return E_SYNTAX;
	*ret_len = len;
	return 0;
}

int enc_form_decode(struct str text, struct arena *arena, struct str *ret_value)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len;
	if (!out)
		return E_NOMEM;
	TRY(enc_form_decode_to(text, out, &len));
	*ret_value = (struct str){out, len};
	return 0;
}

void enc_base62(struct buf *out, const unsigned char *bytes, size_t n, unsigned digits)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char number[64];
	char *at = n <= sizeof(number) ? buf_reserve(out, digits) : NULL;
	if (!at)
		return;
	memcpy(number, bytes, n);
	for (unsigned d = digits; d-- > 0;) { /* long division by 62, once per digit */
		unsigned rest = 0;
		for (size_t i = 0; i < n; i++) {
			unsigned part = rest << 8 | number[i];
			number[i] = (unsigned char)(part / 62);
			rest = part % 62;
		}
		at[d] = alphabet[rest];
	}
	explicit_bzero(number, sizeof(number));
	out->len += digits;
}

uint32_t enc_crc32(struct str bytes)
{
	uint32_t crc = 0xFFFFFFFF;
	for (size_t i = 0; i < bytes.len; i++) {
		crc ^= (unsigned char)bytes.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

void enc_time(struct buf *out, int64_t t_s)
{
	struct tm tm;
	time_t t = (time_t)t_s;
	char text[40];
	if (!gmtime_r(&t, &tm))
		return;
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_put_mem(out, text, len);
}

void enc_b64(struct buf *out, struct str bytes)
{
	size_t start = out->len;
	enc_b64url(out, bytes);
	if (buf_status(out) < 0)
		return;
	for (size_t i = start; i < out->len; i++)
		out->p[i] = (char)(out->p[i] == '-' ? '+' : out->p[i] == '_' ? '/' : out->p[i]);
	while ((out->len - start) % 4 != 0)
		buf_put_char(out, '=');
}
