/* Emitting JSON straight into a buffer, without a tree; see json.h. RFC 8259. */
#include "json/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_out_init(struct json_out *out, struct buf *buf) { *out = (struct json_out){.buf = buf}; }

/* The comma that is due, and the member's name; names are literals of ours. */
static void begin(struct json_out *out, const char *name)
{
	if (out->comma)
		buf_put_char(out->buf, ',');
	out->comma = true;
	if (!name)
		return;
	json_put_quoted(out->buf, str_of(name));
	buf_put_char(out->buf, ':');
}

void json_open(struct json_out *out, const char *name, char bracket)
{
	begin(out, name);
	buf_put_char(out->buf, bracket);
	out->comma = false;
}

void json_close(struct json_out *out, char bracket)
{
	buf_put_char(out->buf, bracket);
	out->comma = true;
}

void json_str(struct json_out *out, const char *name, struct str value)
{
	begin(out, name);
	json_put_quoted(out->buf, value);
}

void json_int(struct json_out *out, const char *name, int64_t value)
{
	begin(out, name);
	buf_put_i64(out->buf, value);
}

void json_bool(struct json_out *out, const char *name, bool value)
{
	begin(out, name);
	buf_put(out->buf, value ? STR("true") : STR("false"));
}

void json_raw(struct json_out *out, const char *name, struct str json_text)
{
	begin(out, name);
	buf_put(out->buf, json_text);
}

static const double whole_max = 1e15; /* below it whole numbers have 15 digits, which are exact */

void json_put_number(struct buf *out, double value)
{
	char text[40];
	if (!isfinite(value)) { /* RFC 8259 6 */
		buf_put(out, STR("null"));
		return;
	}
	/* without rint(): libm is not among what libmintmark needs */
	if (fabs(value) < whole_max && value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
		buf_put_i64(out, (int64_t)value);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_put(out, str_of(text));
}

void json_number(struct json_out *out, const char *name, double value)
{
	begin(out, name);
	json_put_number(out->buf, value);
}

void json_strs(struct json_out *out, const char *name, struct str_list values)
{
	json_open(out, name, '[');
	for (size_t i = 0; i < values.n; i++)
		json_str(out, NULL, values.v[i]);
	json_close(out, ']');
}

/* Bytes that stand for themselves: all but the quote, the backslash and controls (RFC 8259 7). */
static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/* The same for eight bytes at once: none is below 0x20, above 0x7F, a quote or a backslash. */
static bool are_plain(const char *p)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t v, quote, slash;
	memcpy(&v, p, sizeof(v));
	quote = v ^ ones * '"';
	slash = v ^ ones * '\\';
	return ((v | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & high) == 0;
}

static size_t plain_len(struct str s)
{
	size_t n = 0;
	while (s.len - n >= 8 && are_plain(s.p + n))
		n += 8;
	while (n < s.len && is_plain((unsigned char)s.p[n]))
		n++;
	return n;
}

/* Length of the well-formed UTF-8 sequence at the front of s, or 0. */
static size_t sequence_len(struct str s)
{
	unsigned char lead = (unsigned char)s.p[0];
	size_t len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	return len <= s.len && str_is_utf8(str_mem(s.p, len)) ? len : 0;
}

static void put_escape(struct buf *out, unsigned char c)
{
	static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c != 0 ? strchr(shorts, c) : NULL;
	if (at)
		buf_printf(out, "\\%c", letters[at - shorts]);
	else
		buf_printf(out, "\\u%04x", (unsigned)c);
}

void json_put_quoted(struct buf *out, struct str value)
{
	size_t i = 0;
	buf_put_char(out, '"');
	while (i < value.len) {
		size_t run = plain_len(str_mem(value.p + i, value.len - i));
		buf_put_mem(out, value.p + i, run);
		i += run;
		if (i == value.len)
			break;
		unsigned char c = (unsigned char)value.p[i];
		if (c < 0x80) {
			put_escape(out, c);
			i++;
			continue;
		}
		size_t len = sequence_len(str_mem(value.p + i, value.len - i));
		buf_put(out, len > 0 ? str_mem(value.p + i, len) : STR("\xEF\xBF\xBD"));
		i += len > 0 ? len : 1;
	}
	buf_put_char(out, '"');
}
