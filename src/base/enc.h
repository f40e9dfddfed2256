/*
 * Text encodings of bytes. Decoders accept exactly one spelling of every value: no padding where none belongs, no white
 * space, no other alphabet, no trailing bits (RFC 7515 2 and appendix C; RFC 4648 3.5). Pure functions, thread-safe.
 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* Characters that n bytes take in base64url without padding. */
#define ENC_B64URL_LEN(n) (((n) * 4 + 2) / 3)

/* Append base64url without padding. */
void enc_b64url(struct buf *out, struct str bytes);
/* E_SYNTAX. ret_bytes has room for size bytes: E_LIMIT when that is too few. The output is undefined on failure. */
must_check int enc_b64url_decode(struct str text, void *ret_bytes, size_t size, size_t *ret_len);
/* base64 with mandatory padding (RFC 7617 by RFC 4648 4). */
must_check int enc_b64_decode(struct str text, void *ret_bytes, size_t size, size_t *ret_len);

/*
 * One application/x-www-form-urlencoded name or value (RFC 6749 appendix B): '+' is a space, %XX a byte. The result is
 * UTF-8 without NUL, in the arena. E_SYNTAX: a malformed percent sequence, invalid UTF-8, NUL. E_NOMEM.
 */
must_check int enc_form_decode(struct str text, struct arena *arena, struct str *ret_value);
/* The same to out, which has room for text.len bytes; undefined on failure. E_SYNTAX. */
must_check int enc_form_decode_to(struct str text, char *out, size_t *ret_len);

/*
 * A name or value for a query or form, appended: %XX for every byte that is not unreserved (RFC 3986 2.3), so that it
 * reads the same to decoders of both kinds.
 */
void enc_url(struct buf *out, struct str text);
/* base64 with padding (RFC 4648 4), appended. */
void enc_b64(struct buf *out, struct str bytes);

/* Lower-case hexadecimal, appended. */
void enc_hex(struct buf *out, struct str bytes);
/* The value of one digit, either case; -1: it is none. */
int enc_hex_digit(char c);
/* Either case; the text must have exactly 2 * size digits. E_SYNTAX. */
must_check int enc_hex_decode(struct str text, void *ret_bytes, size_t size);

/*
 * Exactly `digits` digits of 0-9A-Za-z, most significant first, of a big-endian number of n <= 64 bytes (higher digits
 * are dropped).
 */
void enc_base62(struct buf *out, const unsigned char *bytes, size_t n, unsigned digits);

/* CRC-32 (ISO-HDLC, the one of zip and Ethernet). */
uint32_t enc_crc32(struct str bytes);

/* RFC 3339 in UTC with seconds, "2026-11-21T20:01:00Z", appended. t_s: seconds since 1970. */
void enc_time(struct buf *out, int64_t t_s);

#endif
