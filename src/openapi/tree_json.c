/*
 * JSON (RFC 8259) to a tree. Not json/json.h: OpenAPI documents are deeper and larger than what that accepts, and
 * messages need the place of every value, which jansson doesn't keep. Both accept the same language
 * (fuzz/fuzz_openapi.c holds them against each other). One thread; no network, no files.
 */
#include "openapi/tree_build.h"

struct reader {
	struct tree_build *build;
	struct str text;
	size_t at;            /* the next byte */
	size_t marked;        /* up to where `mark` counted */
	struct tree_mark mark;
};

/* The place of byte `at`, which only grows: counted on, never from the start. */
static struct tree_mark place(struct reader *reader, size_t at)
{
	for (; reader->marked < at; reader->marked++) {
		unsigned char c = (unsigned char)reader->text.p[reader->marked];
		if (c == '\n')
			reader->mark = (struct tree_mark){reader->mark.line + 1, 1};
		else if ((c & 0xC0) != 0x80) /* RFC 3629 3: not a continuation byte */
			reader->mark.column++;
	}
	return reader->mark;
}

static struct tree_mark here(struct reader *reader) { return place(reader, reader->at); }

static int fail(struct reader *reader, const char *what)
{
	return tree_fail(reader->build->file, here(reader), "%s", what);
}

/* The next byte, or NUL at the end: the text has none. */
static char peek(const struct reader *reader)
{
	return reader->at < reader->text.len ? reader->text.p[reader->at] : 0;
}

static bool skip(struct reader *reader, char c)
{
	if (peek(reader) != c)
		return false;
	reader->at++;
	return true;
}

static void skip_blanks(struct reader *reader)
{
	while (peek(reader) != 0 && strchr(" \t\r\n", peek(reader)))
		reader->at++;
}

static int hex4(struct reader *reader, uint32_t *ret_value)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++, reader->at++) {
		char c = peek(reader);
		if (c >= '0' && c <= '9')
			value = value * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return fail(reader, "expected four hexadecimal digits behind \\u");
	}
	*ret_value = value;
	return 0;
}

static size_t put_utf8(char *out, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = n; i > 1; i--, c >>= 6)
		out[i - 1] = (char)(0x80 | (c & 0x3F));
	out[0] = (char)(lead[n] | c);
	return n;
}

/* Behind "\u". RFC 8259 7: characters beyond the basic plane come as surrogate pairs; half of one is no character. */
static int unescape_u(struct reader *reader, char *out, size_t *len)
{
	uint32_t c = 0, low = 0;
	TRY(hex4(reader, &c));
	if (c >= 0xDC00 && c <= 0xDFFF)
		return fail(reader, "half of a surrogate pair");
	if (c >= 0xD800 && c <= 0xDBFF) {
		if (!skip(reader, '\\') || !skip(reader, 'u'))
			return fail(reader, "half of a surrogate pair");
		TRY(hex4(reader, &low));
		if (low < 0xDC00 || low > 0xDFFF)
			return fail(reader, "half of a surrogate pair");
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	if (c == 0)
		return fail(reader, "a NUL character");
	*len += put_utf8(out + *len, c);
	return 0;
}

static int unescape(struct reader *reader, char *out, size_t *len)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = peek(reader);
	const char *found = c ? strchr(names, c) : NULL;
	if (c == 'u') {
		reader->at++;
		return unescape_u(reader, out, len);
	}
	if (!found)
		return fail(reader, "an unknown escape in a string");
	out[(*len)++] = values[found - names];
	reader->at++;
	return 0;
}

/* From behind the opening quote to the closing one; *ret_escapes: how many backslash sequences stand between. */
static int measure(struct reader *reader, size_t *ret_end, size_t *ret_escapes)
{
	size_t escapes = 0, i = reader->at;
	for (; i < reader->text.len && reader->text.p[i] != '"'; i++) {
		if ((unsigned char)reader->text.p[i] < 0x20) {
			reader->at = i;
			return fail(reader, "a control character in a string");
		}
		if (reader->text.p[i] != '\\')
			continue;
		escapes++;
		i++;
	}
	if (i >= reader->text.len)
		return fail(reader, "the string does not end");
	*ret_end = i;
	*ret_escapes = escapes;
	return 0;
}

static int decode(struct reader *reader, size_t end, struct str *ret_text)
{
	char *out = arena_alloc(reader->build->arena, end - reader->at);
	size_t len = 0;
	if (!out)
		return E_NOMEM;
	while (reader->at < end) {
		if (skip(reader, '\\'))
			TRY(unescape(reader, out, &len));
		else
			out[len++] = reader->text.p[reader->at++];
	}
	*ret_text = (struct str){out, len};
	return 0;
}

static int read_string(struct reader *reader, struct str *ret_text)
{
	size_t end = 0, escapes = 0;
	if (!skip(reader, '"'))
		return fail(reader, "expected a string");
	TRY(measure(reader, &end, &escapes));
	if (escapes > 0) {
		TRY(decode(reader, end, ret_text));
	} else {
		*ret_text = (struct str){reader->text.p + reader->at, end - reader->at};
	}
	reader->at = end + 1;
	return 0;
}

static bool skip_digits(struct reader *reader)
{
	size_t start = reader->at;
	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->at++;
	return reader->at > start;
}

/* RFC 8259 6 */
static bool skip_number(struct reader *reader)
{
	(void)skip(reader, '-');
	if (!skip(reader, '0') && !skip_digits(reader))
		return false;
	if (skip(reader, '.') && !skip_digits(reader))
		return false;
	if (!skip(reader, 'e') && !skip(reader, 'E'))
		return true;
	if (!skip(reader, '+'))
		(void)skip(reader, '-');
	return skip_digits(reader);
}

static int read_word(struct reader *reader, struct tree_mark at)
{
	static const struct {
		struct str word;
		enum tree_kind kind;
	} words[] = {
		{{"true", 4}, TREE_BOOL},
		{{"false", 5}, TREE_BOOL},
		{{"null", 4}, TREE_NULL},
	};
	size_t start = reader->at;
	struct str rest = {reader->text.p + start, reader->text.len - start};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_has_prefix(rest, words[i].word))
			continue;
		reader->at += words[i].word.len;
		return tree_build_scalar(reader->build, at, words[i].kind, words[i].word);
	}
	if (!skip_number(reader))
		return fail(reader, "expected a value");
	return tree_build_scalar(reader->build, at, TREE_NUMBER,
				 str_mem(reader->text.p + start, reader->at - start));
}

static int read_value(struct reader *reader);

static int read_member(struct reader *reader)
{
	struct tree_mark at = here(reader);
	struct str name;
	TRY(read_string(reader, &name));
	TRY(tree_build_key(reader->build, at, name));
	skip_blanks(reader);
	return skip(reader, ':') ? read_value(reader) : fail(reader, "expected ':'");
}

/* Recursion is bounded by tree_build_open: TREE_DEPTH_MAX. */
static int read_container(struct reader *reader, struct tree_mark at, bool map)
{
	const char close = map ? '}' : ']';
	reader->at++;
	TRY(tree_build_open(reader->build, at, map ? TREE_MAP : TREE_LIST));
	skip_blanks(reader);
	if (skip(reader, close))
		return tree_build_close(reader->build);
	for (;;) {
		skip_blanks(reader);
		TRY(map ? read_member(reader) : read_value(reader));
		skip_blanks(reader);
		if (skip(reader, close))
			return tree_build_close(reader->build);
		if (!skip(reader, ','))
			return fail(reader, map ? "expected ',' or '}'" : "expected ',' or ']'");
	}
}

static int read_value(struct reader *reader)
{
	skip_blanks(reader);
	struct tree_mark at = here(reader);
	struct str text;
	char c = peek(reader);
	if (c == '{' || c == '[')
		return read_container(reader, at, c == '{');
	if (c != '"')
		return read_word(reader, at);
	TRY(read_string(reader, &text));
	return tree_build_scalar(reader->build, at, TREE_STR, text);
}

int tree_json_parse(struct tree_build *build, struct str text)
{
	struct reader reader = {.build = build, .text = text, .mark = {1, 1}};
	TRY(read_value(&reader));
	skip_blanks(&reader);
	return reader.at == text.len ? 0 : fail(&reader, "something follows the end of the document");
}
