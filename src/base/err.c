/* The table behind err_row(); see err.h and err.def. */
#include "base/err.h"

static const struct err_row rows[ERR_COUNT] = {
#define ERR(sym, wire, status, fault, text) [ERR_INDEX_##sym] = {#sym, wire, text, status, FAULT_##fault},
#include "base/err.def"
#undef ERR
};

const struct err_row *err_row(int code)
{
	if (code >= 0 || code < -ERR_COUNT)
		return &rows[ERR_INDEX_INTERNAL];
	return &rows[-code - 1];
}
