/*
 * Error codes and the four control-flow macros of this code base.
 *
 * Every fallible function returns int: 0, or a negative code of base/err.def. It logs or returns,
 * never both. Outputs come last, are named ret_..., and are untouched on failure.
 * Thread-safe: everything here is constant data.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_fault { FAULT_PEER, FAULT_US };

enum err_index {
#define ERR(sym, wire, status, fault, text) ERR_INDEX_##sym,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

enum err_code {
	E_OK = 0,
#define ERR(sym, wire, status, fault, text) E_##sym = -(ERR_INDEX_##sym + 1),
#include "base/err.def"
#undef ERR
};

struct err_row {
	const char *symbol; /* "INVALID_CLIENT"; for the log */
	const char *wire;   /* "invalid_client"; for the peer */
	const char *text;   /* safe to show to the peer */
	int status;         /* HTTP status code */
	enum err_fault fault;
};

/* The row of a code. Never NULL: an unknown code gives the row of E_INTERNAL. */
const struct err_row *err_row(int code);

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* Return the code of a failed call to our own caller. */
#define TRY(expr)                        \
	do {                             \
		int try_rc_ = (expr);    \
		if (try_rc_ < 0)         \
			return try_rc_;  \
	} while (0)

/* Release an OS handle or a heap object when the variable goes out of scope: _cleanup_(fd_close) int fd = -1; */
#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Hand a pointer out and forget it here: return TAKE(p); */
#define TAKE(p)                          \
	({                               \
		__auto_type take_p_ = (p); \
		(p) = 0;                 \
		take_p_;                 \
	})

#endif
