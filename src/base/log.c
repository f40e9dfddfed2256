/* Structured log lines; see log.h. Never called from a signal handler. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"

enum { VALUE_MAX = 512, GATHER_MAX = 65536, PATIENCE_MS = 20 };

static _Atomic int threshold = LOG_INFO;
static _Atomic int line_format = LOG_TEXT;
static const char *_Atomic role_name = "mintmark";
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static _Thread_local char gather_mem[GATHER_MAX];
static _Thread_local struct buf gather;
static _Thread_local bool stalled; /* who reads our log does not */
static _Thread_local long lost;    /* lines there was no room for */

void log_setup(const char *role, enum log_level new_threshold, enum log_format format)
{
	atomic_store(&role_name, role);
	atomic_store(&threshold, (int)new_threshold);
	atomic_store(&line_format, (int)format);
}

enum log_level log_threshold(void) { return (enum log_level)atomic_load_explicit(&threshold, memory_order_relaxed); }

/* How many bytes from i on need no escape. high: bytes of valid UTF-8 stand as they are. */
static size_t plain_run(struct str s, size_t i, bool high)
{
	size_t start = i;
	while (i < s.len) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == 0x7F || c == '"' || c == '\\' || (c > 0x7F && !high))
			break;
		i++;
	}
	return i - start;
}

/* A quoted string with JSON's escapes; text lines use the same, so both formats split the same way. */
static void put_quoted(struct buf *out, struct str s)
{
	bool high = s.len <= VALUE_MAX && str_is_utf8(s);
	if (s.len > VALUE_MAX)
		s.len = VALUE_MAX;
	buf_put_char(out, '"');
	for (size_t i = 0; i < s.len;) {
		size_t run = plain_run(s, i, high);
		buf_put_mem(out, s.p + i, run);
		i += run;
		if (i == s.len)
			break;
		unsigned char c = (unsigned char)s.p[i++];
		if (c == '"' || c == '\\') {
			buf_put_char(out, '\\');
			buf_put_char(out, (char)c);
		} else {
			buf_printf(out, "\\u%04x", c);
		}
	}
	buf_put_char(out, '"');
}

static void put_field(struct buf *out, const struct log_field *field, bool json)
{
	buf_put(out, json ? STR(",\"") : STR(" "));
	buf_put(out, str_of(field->name));
	buf_put(out, json ? STR("\":") : STR("="));
	if (field->type == LOG_FIELD_INT)
		buf_put_i64(out, field->i);
	else
		put_quoted(out, field->s);
}

/* "2026-11-21T20:01:00.123": the part up to the seconds is made once a second per thread. */
static void put_time(struct buf *out)
{
	static _Thread_local char second_mem[32];
	static _Thread_local struct buf second;
	static _Thread_local int64_t made_s = -1;
	int64_t now_us = clock_now_us(&clock_system);
	unsigned ms = (unsigned)(now_us / 1000 % 1000);
	if (made_s != now_us / 1000000) {
		buf_init_fixed(&second, second_mem, sizeof(second_mem));
		enc_time(&second, now_us / 1000000);
		second.len -= second.len > 0; /* the Z: the milliseconds come first */
		made_s = now_us / 1000000;
	}
	const char digits[] = {'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z'};
	buf_put(out, buf_str(&second));
	buf_put_mem(out, digits, sizeof(digits));
}

static void put_head(struct buf *out, enum log_level level, const char *event, bool json)
{
	buf_put(out, json ? STR("{\"time\":\"") : STR(""));
	put_time(out);
	buf_put(out, json ? STR("\",\"level\":\"") : STR(" "));
	buf_put(out, str_of(level_names[level]));
	buf_put(out, json ? STR("\",\"role\":\"") : STR(" "));
	buf_put(out, str_of(atomic_load(&role_name)));
	buf_put(out, json ? STR("\",\"pid\":") : STR("["));
	buf_put_i64(out, getpid());
	buf_put(out, json ? STR(",\"event\":\"") : STR("] "));
	buf_put(out, str_of(event));
	buf_put(out, json ? STR("\"") : STR(""));
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

/* Whether a write would be taken now. Waits a moment, but not again and again for a reader that stalls. */
static bool is_writable(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	int n = poll(&p, 1, stalled ? 0 : PATIENCE_MS);
	stalled = n == 0;
	return n > 0;
}

/* Whole lines, and not more than a pipe surely takes when it is writable. */
static size_t portion(struct str text)
{
	if (text.len <= PIPE_BUF)
		return text.len;
	const char *end = memrchr(text.p, '\n', PIPE_BUF);
	return end ? (size_t)(end - text.p) + 1 : PIPE_BUF;
}

static void drain(void)
{
	size_t done = 0;
	while (done < gather.len && is_writable()) {
		struct str rest = {gather.p + done, gather.len - done};
		ssize_t n = write(STDERR_FILENO, rest.p, portion(rest));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* nowhere to report a log that can't be written */
			gather.len = 0;
			return;
		}
		done += (size_t)n;
	}
	buf_consume(&gather, done);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	if (!gather.p)
		buf_init_fixed(&gather, gather_mem, sizeof(gather_mem));
	if (put_line(level, event, fields, n) < 0) {
		log_flush();
		lost += put_line(level, event, fields, n) < 0; /* nobody reads, or longer than all the room */
	}
	if (level >= LOG_WARN)
		log_flush();
}

void log_flush(void)
{
	drain();
	if (lost == 0 || gather.len > 0)
		return;
	const struct log_field fields[] = {F("lines", lost)};
	lost = put_line(LOG_WARN, "log_lost", fields, 1) < 0 ? lost : 0;
	drain();
}
