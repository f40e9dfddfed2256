/* Bounded byte buffer with a sticky failure; see buf.h. Memory that is given back is wiped. */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

enum { READ_STEP = 4096 };

void buf_init(struct buf *buf, size_t max) { *buf = (struct buf){.max = max}; }

void buf_init_fixed(struct buf *buf, void *mem, size_t size)
{
	*buf = (struct buf){.p = mem, .cap = size, .max = size, .fixed = true};
}

void buf_done(struct buf *buf)
{
	if (buf->fixed) {
		explicit_bzero(buf->p, buf->len);
		buf_reset(buf);
		return;
	}
	if (buf->p)
		explicit_bzero(buf->p, buf->cap); /* behind len too: what was consumed or reset */
	free(buf->p);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->status = 0;
}

void buf_consume(struct buf *buf, size_t n)
{
	if (n > buf->len)
		n = buf->len;
	if (n < buf->len)
		memmove(buf->p, buf->p + n, buf->len - n);
	buf->len -= n;
}

static int grow(struct buf *buf, size_t need)
{
	if (need > buf->max)
		return E_LIMIT;
	size_t cap = buf->cap > 0 ? buf->cap : 256;
	while (cap < need)
		cap = cap > buf->max / 2 ? buf->max : cap * 2;
	if (cap > buf->max)
		cap = buf->max;
	char *p = fault_hit(FAULT_ALLOC) ? NULL : malloc(cap); /* not realloc: the old copy must be wiped */
	if (!p)
		return E_NOMEM;
	if (buf->p) {
		memcpy(p, buf->p, buf->len);
		explicit_bzero(buf->p, buf->cap);
		free(buf->p);
	}
	buf->p = p;
	buf->cap = cap;
	return 0;
}

char *buf_reserve(struct buf *buf, size_t n)
{
	if (buf->status < 0)
		return NULL;
	if (n > buf->max - buf->len)
		buf->status = E_LIMIT;
	else if (buf->len + n > buf->cap)
		buf->status = grow(buf, buf->len + n);
	return buf->status < 0 ? NULL : buf->p + buf->len;
}

void buf_put_grow(struct buf *buf, const void *p, size_t len)
{
	char *at = len > 0 ? buf_reserve(buf, len) : NULL;
	if (!at)
		return;
	memcpy(at, p, len);
	buf->len += len;
}

/* Whether there is no byte left. */
static int read_end(int fd)
{
	char more;
	ssize_t n;
	do {
		n = read(fd, &more, 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	return n == 0 ? 0 : E_LIMIT;
}

int buf_read(struct buf *buf, int fd)
{
	while (buf->len < buf->max) {
		size_t room = buf->max - buf->len < READ_STEP ? buf->max - buf->len : READ_STEP;
		char *at = buf_reserve(buf, room);
		if (!at)
			return buf_status(buf);
		ssize_t n = read(fd, at, room);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return E_IO;
		buf->len += n > 0 ? (size_t)n : 0;
	}
	return read_end(fd);
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_put_mem(buf, digits + at, sizeof(digits) - at);
}

void buf_put_i64(struct buf *buf, int64_t value)
{
	if (value < 0)
		buf_put_char(buf, '-');
	buf_put_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *at = len < 0 ? NULL : buf_reserve(buf, (size_t)len + 1);
	if (at) {
		vsnprintf(at, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

static void put_be(struct buf *buf, uint64_t value, unsigned bytes)
{
	unsigned char out[8];
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
	buf_put_mem(buf, out, bytes);
}

void buf_put_u8(struct buf *buf, uint8_t value) { put_be(buf, value, 1); }
void buf_put_u16be(struct buf *buf, uint16_t value) { put_be(buf, value, 2); }
void buf_put_u32be(struct buf *buf, uint32_t value) { put_be(buf, value, 4); }
void buf_put_u64be(struct buf *buf, uint64_t value) { put_be(buf, value, 8); }

void buf_put_str16(struct buf *buf, struct str s)
{
	if (s.len > UINT16_MAX && buf->status == 0)
		buf->status = E_LIMIT;
	buf_put_u16be(buf, (uint16_t)s.len);
	buf_put(buf, s);
}

void buf_put_str32(struct buf *buf, struct str s)
{
	if (s.len > UINT32_MAX && buf->status == 0)
		buf->status = E_LIMIT;
	buf_put_u32be(buf, (uint32_t)s.len);
	buf_put(buf, s);
}

int buf_status(const struct buf *buf) { return buf->status; }
