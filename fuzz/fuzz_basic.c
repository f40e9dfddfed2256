/* The Authorization header of a client: clientauth_basic() on anything. */
#include "oauth/clientauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct clientauth_presented presented = {0};
	arena_init(&arena, 1 << 20);
	int rc = clientauth_basic((struct secret){data, size}, &arena, &presented);
	if (rc == 0 &&
	    (presented.id.len == 0 || !str_is_utf8(presented.id) || memchr(presented.id.p, 0, presented.id.len)))
		__builtin_trap();
	if (rc < 0 && rc != E_INVALID_CLIENT)
		__builtin_trap();
	arena_done(&arena);
	return 0;
}
