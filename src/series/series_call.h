/*
 * One request to the time-series API: what is known of it while it walks from the path to the answer. Lives in the
 * task's arena; series_http_finished lets go what hangs on it. One owner at a time, like its task.
 */
#ifndef SERIES_SERIES_CALL_H
#define SERIES_SERIES_CALL_H

#include "daemon/daemon.h"
#include "http/form.h"
#include "mintmark/verify.h"
#include "openapi/openapi.h"
#include "series/accept.h"

struct series_http;
struct series_route;
struct series_stream;

/* Parameters in the query; series_params.c has their names. */
enum series_param {
	PARAM_FROM,
	PARAM_TO,
	PARAM_FROM_EPOCH,
	PARAM_TO_EPOCH,
	PARAM_SINCE,
	PARAM_LAST,
	PARAM_YEAR,
	PARAM_MONTH,
	PARAM_DAY,
	PARAM_WINDOW,
	PARAM_FUNCTIONS,
	PARAM_VERBOSE,
	PARAM_FORMAT,
	PARAM_ACCESS_TOKEN, /* known so that a token that came this way beside the header is refused (RFC 6750 2) */
	PARAM_COUNT
};

enum { CALL_WHY_MAX = 512 };

struct series_call {
	struct daemon_task *task;
	struct series_http *http;
	struct openapi_match match;
	const struct series_route *route;
	struct form_value params[PARAM_COUNT];
	enum accept_format format;
	struct str_list needed;    /* scopes that a challenge names */
	mintmark_token *token;     /* of a request that carried a good one */
	bool is_ready;             /* path, parameters, token and operation scope are judged */
	int code;                  /* what it came to; 0: an answer */
	bool has_token_error;      /* there was a token, and it is no good */
	char why[CALL_WHY_MAX];    /* for the peer, in place of the code's own text; "" for that */
	struct series_stream *stream; /* of a streamed answer; in the arena */
};

/* The value of a parameter; empty when there is none. */
static inline struct str call_param(const struct series_call *call, enum series_param param)
{
	return call->params[param].value;
}

/* Note for the peer what is wrong, in plain ASCII or UTF-8; returns code, for `return series_call_fail(...)`. */
int series_call_fail(struct series_call *call, int code, const char *fmt, ...) printf_like(3, 4);

#endif
