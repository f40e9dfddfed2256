/* Where a browser goes after signing in: whatever is followed is a path, and no client can read it as another host. */
#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call call = {0};
	struct str to = web_continue(&call, str_mem(data, size));
	if (to.len == 0 || to.p[0] != '/' || (to.len > 1 && (to.p[1] == '/' || to.p[1] == '\\')))
		__builtin_trap();
	for (size_t i = 0; i < to.len; i++)
		if (to.p[i] <= 0x20 || to.p[i] >= 0x7f || to.p[i] == '\\' || to.p[i] == '#')
			__builtin_trap();
	return 0;
}
