/*
 * A chunked body (RFC 9112 7.1): a table of states by byte class, decoding in place. Pure: no sockets, no heap.
 * Must never take a bare LF for a line end, neither in sizes nor in extensions or trailers.
 */
#include "http/bytes.h"
#include "http/request.h"

enum class { C_HEX, C_TOKEN, C_SEMICOLON, C_COLON, C_TEXT, C_CR, C_LF, C_BAD, CLASSES };

enum state {
	SIZE_FIRST, SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF,
	LINE, NAME, VALUE, VALUE_LF, END_LF, END, NO, STATES
};

/* chunk = size [ext] CRLF data CRLF; behind the last one trailer lines and an empty line. NO: refused. */
static const uint8_t next_state[STATES][CLASSES] = {
	/*                HEX        TOKEN      ;          :          TEXT       CR        LF          BAD */
	[SIZE_FIRST] = {SIZE,      NO,        NO,        NO,        NO,        NO,       NO,         NO},
	[SIZE] =       {SIZE,      NO,        EXTENSION, NO,        NO,        SIZE_LF,  NO,         NO},
	[EXTENSION] =  {EXTENSION, EXTENSION, EXTENSION, EXTENSION, EXTENSION, SIZE_LF,  NO,         NO},
	[SIZE_LF] =    {NO,        NO,        NO,        NO,        NO,        NO,       DATA,       NO},
	[DATA_CR] =    {NO,        NO,        NO,        NO,        NO,        DATA_LF,  NO,         NO},
	[DATA_LF] =    {NO,        NO,        NO,        NO,        NO,        NO,       SIZE_FIRST, NO},
	[LINE] =       {NAME,      NAME,      NO,        NO,        NO,        END_LF,   NO,         NO},
	[NAME] =       {NAME,      NAME,      NO,        VALUE,     NO,        NO,       NO,         NO},
	[VALUE] =      {VALUE,     VALUE,     VALUE,     VALUE,     VALUE,     VALUE_LF, NO,         NO},
	[VALUE_LF] =   {NO,        NO,        NO,        NO,        NO,        NO,       LINE,       NO},
	[END_LF] =     {NO,        NO,        NO,        NO,        NO,        NO,       END,        NO},
};

static enum class class_of(char c)
{
	if (bytes_is(c, BYTES_HEX))
		return C_HEX;
	if (bytes_is(c, BYTES_TOKEN))
		return C_TOKEN;
	if (c == ';')
		return C_SEMICOLON;
	if (c == ':')
		return C_COLON;
	if (bytes_is(c, BYTES_TEXT))
		return C_TEXT;
	if (c == '\r')
		return C_CR;
	return c == '\n' ? C_LF : C_BAD;
}

static uint32_t hex_value(char c)
{
	if (c <= '9')
		return (uint32_t)(c - '0');
	return (uint32_t)((c | 0x20) - 'a' + 10);
}

/* One more digit of a chunk's size, judged at once: RFC 9112 7.1 warns of overflow. */
static int take_digit(struct http_chunk *chunk, char c)
{
	if (++chunk->digits > HTTP_CHUNK_DIGITS_MAX)
		return E_SYNTAX;
	chunk->left = chunk->left * 16 + hex_value(c);
	return chunk->left > HTTP_BODY_MAX - chunk->body_len ? E_TOO_LARGE : 0;
}

/* One byte of framing. */
static int take_byte(struct http_chunk *chunk, char c)
{
	uint8_t next = next_state[chunk->state][class_of(c)];
	if (next == NO)
		return E_SYNTAX;
	if (++chunk->overhead > HTTP_CHUNK_OVERHEAD_MAX)
		return E_TOO_LARGE;
	if (next == SIZE)
		TRY(take_digit(chunk, c));
	if (next == SIZE_FIRST)
		chunk->digits = 0;
	chunk->state = next == DATA && chunk->left == 0 ? LINE : next;
	return 0;
}

static size_t take_data(struct http_chunk *chunk, const char *bytes, size_t len, char *out)
{
	size_t n = len < chunk->left ? len : chunk->left;
	if (n > 0 && out != bytes)
		memmove(out, bytes, n);
	chunk->left -= (uint32_t)n;
	chunk->body_len += (uint32_t)n;
	if (chunk->left == 0)
		chunk->state = DATA_CR;
	return n;
}

int http_chunk_feed(struct http_chunk *chunk, const char *bytes, size_t len, char *out, size_t *ret_used)
{
	size_t at = 0;
	while (at < len) {
		if (chunk->state == DATA) {
			size_t n = take_data(chunk, bytes + at, len - at, out);
			out += n;
			at += n;
			continue;
		}
		TRY(take_byte(chunk, bytes[at++]));
		if (chunk->state == END) {
			*ret_used = at;
			return 0;
		}
	}
	return E_WOULD_BLOCK;
}
