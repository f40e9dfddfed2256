/* Structured log lines; see log.h. Never called from a signal handler. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"

enum { VALUE_MAX = 512, GATHER_MAX = 65536 };

static _Atomic int threshold = LOG_INFO;
static _Atomic int line_format = LOG_TEXT;
static const char *_Atomic role_name = "mintmark";
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static _Thread_local char gather_mem[GATHER_MAX];
static _Thread_local struct buf gather;

void log_setup(const char *role, enum log_level new_threshold, enum log_format format)
{
	atomic_store(&role_name, role);
	atomic_store(&threshold, (int)new_threshold);
	atomic_store(&line_format, (int)format);
}

enum log_level log_threshold(void) { return (enum log_level)atomic_load_explicit(&threshold, memory_order_relaxed); }

/* A quoted string with JSON's escapes; text lines use the same, so both formats split the same way. */
static void put_quoted(struct buf *out, struct str s)
{
	bool utf8 = str_is_utf8(s);
	buf_put_char(out, '"');
	for (size_t i = 0; i < s.len && i < VALUE_MAX; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\') {
			buf_put_char(out, '\\');
			buf_put_char(out, (char)c);
		} else if (c < 0x20 || c == 0x7F || (c > 0x7F && (!utf8 || s.len > VALUE_MAX))) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_put_char(out, (char)c);
		}
	}
	buf_put_char(out, '"');
}

static void put_field(struct buf *out, const struct log_field *field, bool json)
{
	if (json)
		buf_printf(out, ",\"%s\":", field->name);
	else
		buf_printf(out, " %s=", field->name);
	if (field->type == LOG_FIELD_INT)
		buf_put_i64(out, field->i);
	else
		put_quoted(out, field->s);
}

static void put_head(struct buf *out, enum log_level level, const char *event, bool json)
{
	int64_t now_us = clock_now_us(&clock_system);
	char stamp_mem[64];
	struct buf stamp;
	buf_init_fixed(&stamp, stamp_mem, sizeof(stamp_mem));
	enc_time(&stamp, now_us / 1000000);
	if (stamp.len > 0)
		stamp.len--; /* the Z: the milliseconds come first */
	if (json)
		buf_printf(out, "{\"time\":\"%.*s.%03dZ\",\"level\":\"%s\",\"role\":\"%s\",\"pid\":%d,\"event\":\"%s\"",
			   STR_ARG(buf_str(&stamp)), (int)(now_us / 1000 % 1000), level_names[level],
			   atomic_load(&role_name), (int)getpid(), event);
	else
		buf_printf(out, "%.*s.%03dZ %s %s[%d] %s", STR_ARG(buf_str(&stamp)), (int)(now_us / 1000 % 1000),
			   level_names[level], atomic_load(&role_name), (int)getpid(), event);
}

static int put_line(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	bool json = atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_JSON;
	size_t start = gather.len;
	put_head(&gather, level, event, json);
	for (size_t i = 0; i < n; i++)
		put_field(&gather, &fields[i], json);
	buf_put(&gather, json ? STR("}\n") : STR("\n"));
	int status = buf_status(&gather);
	if (status < 0) {
		buf_reset(&gather);
		gather.len = start;
	}
	return status;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	if (!gather.p)
		buf_init_fixed(&gather, gather_mem, sizeof(gather_mem));
	if (put_line(level, event, fields, n) < 0) {
		log_flush();
		(void)!put_line(level, event, fields, n); /* longer than all the room: dropped whole */
	}
	if (level >= LOG_WARN)
		log_flush();
}

void log_flush(void)
{
	size_t done = 0;
	while (done < gather.len) {
		ssize_t n = write(STDERR_FILENO, gather.p + done, gather.len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* nowhere to report a log that can't be written */
		done += (size_t)n;
	}
	gather.len = 0;
}
