/* Scope strings: whatever parses, joined again, parses to itself. */
#include "oauth/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str_list scopes, again;
	struct str text, same;
	arena_init(&arena, 1 << 20);
	if (scope_parse(str_mem(data, size), &arena, &scopes) == 0) {
		if (scopes.n == 0 || scope_join(scopes, &arena, &text) < 0 || scope_parse(text, &arena, &again) < 0 ||
		    scope_join(again, &arena, &same) < 0 || !str_eq(text, same) || again.n != scopes.n)
			__builtin_trap();
	}
	arena_done(&arena);
	return 0;
}
