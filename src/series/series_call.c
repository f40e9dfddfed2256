/* Notes for the peer; see series_call.h. */
#include "series/series_call.h"

#include <stdarg.h>
#include <stdio.h>

int series_call_fail(struct series_call *call, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(call->why, sizeof(call->why), fmt, args);
	va_end(args);
	return code;
}
