/*
 * One structured line per event, as text or JSON, to standard error. Values are typed: a struct secret has no field
 * constructor, so it can't be logged. Lines gather in a per-thread buffer; log_flush() writes them with one call at the
 * end of a loop round; warnings and errors are flushed at once. Control characters and quotes are escaped: one event is
 * one line whatever the peer sent. Thread-safe.
 *
 *   LOG(LOG_INFO, "token_issued", F("client_id", id), F("alg", "ES256"), F("us", took));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
	const char *name; /* a literal of [a-z0-9_] */
	enum { LOG_FIELD_STR, LOG_FIELD_INT } type;
	struct str s;
	int64_t i;
};

static inline struct log_field log_field_str(const char *name, struct str s)
{
	return (struct log_field){.name = name, .type = LOG_FIELD_STR, .s = s};
}
static inline struct log_field log_field_cstr(const char *name, const char *s)
{
	return log_field_str(name, str_of(s));
}
static inline struct log_field log_field_int(const char *name, int64_t i)
{
	return (struct log_field){.name = name, .type = LOG_FIELD_INT, .i = i};
}

#define F(name, value)                          \
	_Generic((value),                       \
		struct str: log_field_str,      \
		char *: log_field_cstr,         \
		const char *: log_field_cstr,   \
		int: log_field_int,             \
		long: log_field_int,            \
		long long: log_field_int,       \
		unsigned: log_field_int,        \
		unsigned long: log_field_int,   \
		bool: log_field_int)(name, value)

#define LOG(level, event, ...)                                                           \
	do {                                                                             \
		if ((level) >= log_threshold()) {                                        \
			const struct log_field log_fields_[] = {__VA_ARGS__};            \
			log_event(level, event, log_fields_, sizeof(log_fields_) / sizeof(log_fields_[0])); \
		}                                                                        \
	} while (0)

/* Process-wide settings; call before threads start, or any time later (atomic). role: a literal such as "server". */
void log_setup(const char *role, enum log_level threshold, enum log_format format);
enum log_level log_threshold(void);
/* Field values longer than 512 bytes are cut. Failures to write are counted, never reported to the caller. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n);
/*
 * Write what this thread gathered. Call at the end of a loop round and before the thread ends. A reader that stalls
 * holds nobody up: what it does not take stays gathered, then is lost, and a line says how many were.
 */
void log_flush(void);

#endif
