/*
 * Classes of bytes in HTTP messages (RFC 9110 5.6.2 and 5.5, RFC 3986 3.3); one table for head and chunk parser.
 * Constant data.
 */
#ifndef HTTP_BYTES_H
#define HTTP_BYTES_H

#include <stdint.h>

enum {
	BYTES_TOKEN = 1,  /* tchar */
	BYTES_TEXT = 2,   /* field-content: HTAB, SP, VCHAR, obs-text */
	BYTES_TARGET = 4, /* pchar, "/", "?" and "%" */
	BYTES_NAME = 8,   /* unreserved: what our host names are made of */
	BYTES_UPPER = 16,
	BYTES_HEX = 32,
	BYTES_DIGIT = 64,
	BYTES_QUERY = 128, /* [ \ ] ^ ` { | }: browsers and curl send them as they are in queries (WHATWG URL 1.3) */
};

extern const uint8_t bytes_class[256];

static inline int bytes_is(char c, unsigned classes) { return (bytes_class[(unsigned char)c] & classes) != 0; }

#endif
