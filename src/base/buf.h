/*
 * A byte buffer with a maximum from birth. Appending never fails visibly: the first failure (heap or maximum) sticks,
 * later appends do nothing, and buf_status() tells at the end. So emitters read straight down.
 * Not thread-safe: one owner.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct buf {
	char *p;
	size_t len, cap, max;
	int status; /* 0, or the code of the first failure */
	bool fixed; /* p is the caller's memory */
};

/* Heap-backed; nothing is allocated before the first append. max in bytes. */
void buf_init(struct buf *buf, size_t max);
/* On caller's memory of size bytes, which is also the maximum. */
void buf_init_fixed(struct buf *buf, void *mem, size_t size);
/* Wipe and free. The buffer may be used again as after its init with the same maximum (heap-backed ones). */
void buf_done(struct buf *buf);
/* Forget content and failure, keep the memory. The content is not wiped. */
void buf_reset(struct buf *buf);
/* Drop the first n bytes (n <= len); the rest moves to the front. */
void buf_consume(struct buf *buf, size_t n);

/* Room for n more bytes at p + len; NULL (and a sticky failure) when there is none. Set len yourself afterwards. */
char *buf_reserve(struct buf *buf, size_t n);
void buf_put_grow(struct buf *buf, const void *p, size_t len); /* buf_put_mem's way when there is no room yet */

/* Inline: replies are made of many small pieces. */
static inline void buf_put_mem(struct buf *buf, const void *p, size_t len)
{
	if (buf->status < 0 || len > buf->cap - buf->len || len == 0) {
		buf_put_grow(buf, p, len);
		return;
	}
	memcpy(buf->p + buf->len, p, len);
	buf->len += len;
}

static inline void buf_put(struct buf *buf, struct str s) { buf_put_mem(buf, s.p, s.len); }
static inline void buf_put_char(struct buf *buf, char c) { buf_put_mem(buf, &c, 1); }
void buf_put_u64(struct buf *buf, uint64_t value); /* decimal */
void buf_put_i64(struct buf *buf, int64_t value);  /* decimal */
void buf_printf(struct buf *buf, const char *fmt, ...) printf_like(2, 3);

/*
 * Append what a descriptor has, to its end. E_IO; E_LIMIT when it has more than the buffer may hold, which is full
 * then.
 */
must_check int buf_read(struct buf *buf, int fd);

/* Big-endian fields and length-prefixed strings, the writing half of base/cur.h. */
void buf_put_u8(struct buf *buf, uint8_t value);
void buf_put_u16be(struct buf *buf, uint16_t value);
void buf_put_u32be(struct buf *buf, uint32_t value);
void buf_put_u64be(struct buf *buf, uint64_t value);
void buf_put_str16(struct buf *buf, struct str s); /* u16 length, then the bytes; E_LIMIT above 65535 */
void buf_put_str32(struct buf *buf, struct str s);

/* 0, or E_NOMEM / E_LIMIT of the first append that failed. */
must_check int buf_status(const struct buf *buf);
static inline struct str buf_str(const struct buf *buf) { return (struct str){buf->p, buf->len}; }

#endif
