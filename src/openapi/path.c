/*
 * Reading request paths; see path.h. RFC 3986 2.1, 3.3; RFC 9112 3.2. Any process, any thread; no state. It must never
 * repair a path: two servers that repair differently are how a request is judged as one thing and served as another.
 */
#include "openapi/path.h"

#include "base/enc.h"

enum fault {
	FINE,
	NO_PATH,
	TOO_LONG,
	FRAGMENT,
	PERCENT,
	SLASH,
	CONTROL,
	BACKSLASH,
	SEMICOLON,
	HASH,
	BLANK,
	NOT_UTF8,
	DOTS,
	FAULTS,
};

static const char *const reasons[FAULTS] = {
	[FINE] = "",
	[NO_PATH] = "the target is neither a path nor an absolute http URI",
	[TOO_LONG] = "the path is too long",
	[FRAGMENT] = "a fragment stands in the target",
	[PERCENT] = "a percent sign without two hexadecimal digits",
	[SLASH] = "an encoded slash",
	[CONTROL] = "a control character",
	[BACKSLASH] = "a backslash",
	[SEMICOLON] = "a semicolon",
	[HASH] = "an encoded '#'",
	[BLANK] = "a blank that is not encoded",
	[NOT_UTF8] = "it is not UTF-8",
	[DOTS] = "a dot segment",
};

static bool skip_ci(struct str *s, struct str prefix)
{
	if (s->len < prefix.len || !str_eq_ci((struct str){s->p, prefix.len}, prefix))
		return false;
	*s = (struct str){s->p + prefix.len, s->len - prefix.len};
	return true;
}

/* The path as it was sent, without authority and query. */
static enum fault cut_path(struct str target, struct str *ret_raw)
{
	if (str_find(target, '#') < target.len) /* RFC 9112 3.2: a target has no fragment */
		return FRAGMENT;
	struct str raw = {target.p, str_find(target, '?')};
	if (raw.len == 0 || raw.p[0] != '/') {
		/* RFC 9112 3.2.2: a server takes the absolute form too; its path counts */
		if (!skip_ci(&raw, STR("http://")) && !skip_ci(&raw, STR("https://")))
			return NO_PATH;
		size_t host = str_find(raw, '/');
		if (host == 0 || str_find((struct str){raw.p, host}, '@') < host)
			return NO_PATH;
		raw = host < raw.len ? (struct str){raw.p + host, raw.len - host} : STR("/");
	}
	*ret_raw = raw;
	return FINE;
}

static enum fault judge_byte(unsigned char c)
{
	if (c < 0x20 || c == 0x7F)
		return CONTROL;
	if (c == '\\')
		return BACKSLASH;
	if (c == ';')
		return SEMICOLON;
	return c == '#' ? HASH : FINE;
}

/* The byte at raw[*i], decoded; *i moves behind it. RFC 3986 2.4: exactly once. */
static enum fault decode(struct str raw, size_t *i, char *ret_c)
{
	char c = raw.p[*i];
	*i += 1;
	if (c == '%') {
		if (raw.len - *i < 2 || enc_hex_digit(raw.p[*i]) < 0 || enc_hex_digit(raw.p[*i + 1]) < 0)
			return PERCENT;
		c = (char)(enc_hex_digit(raw.p[*i]) * 16 + enc_hex_digit(raw.p[*i + 1]));
		*i += 2;
		if (c == '/')
			return SLASH;
	} else if (c == ' ') {
		return BLANK;
	}
	*ret_c = c;
	return judge_byte((unsigned char)c);
}

static bool has_dots(struct str text)
{
	struct str rest = {text.p + 1, text.len - 1}, segment;
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &segment, &rest);
		if (!more)
			segment = rest;
		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	}
	return false;
}

static enum fault parse(struct str target, char *mem, size_t size, struct str *ret_text)
{
	struct str raw;
	size_t len = 0;
	enum fault fault = cut_path(target, &raw);
	if (fault == FINE && (raw.len > PATH_MAX_LEN || raw.len > size))
		fault = TOO_LONG;
	for (size_t i = 0; fault == FINE && i < raw.len; len++)
		fault = decode(raw, &i, &mem[len]);
	if (fault != FINE)
		return fault;
	struct str text = {mem, len};
	if (!str_is_utf8(text))
		return NOT_UTF8;
	if (has_dots(text))
		return DOTS;
	*ret_text = text;
	return FINE;
}

int path_parse(struct str target, void *mem, size_t size, struct path *ret_path)
{
	struct str text;
	enum fault fault = parse(target, mem, size, &text);
	if (fault == TOO_LONG)
		return E_LIMIT;
	if (fault != FINE)
		return E_SYNTAX;
	*ret_path = (struct path){text};
	return 0;
}

const char *path_explain(struct str target)
{
	char mem[PATH_MAX_LEN];
	struct str text;
	return reasons[parse(target, mem, sizeof(mem), &text)];
}

static bool is_plain(char c)
{
	return str_is_unreserved((struct str){&c, 1}) || (c != 0 && strchr("/!$&'()*+,=:@", c));
}

void path_emit(const struct path *path, struct buf *out)
{
	for (size_t i = 0; i < path->text.len; i++) {
		if (is_plain(path->text.p[i]))
			buf_put_char(out, path->text.p[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)path->text.p[i]);
	}
}
