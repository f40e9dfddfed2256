/* Authorization requests: what parses and is spelt anew reads back as the same. */
#include "web/authorize_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct form_value *a, const struct form_value *b)
{
	for (; a && b; a = a->next, b = b->next)
		if (a->present != b->present || (a->present && !str_eq(a->value, b->value)))
			return false;
	return !a && !b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct authorize request, again;
	struct buf text;
	arena_init(&arena, 1 << 22);
	buf_init(&text, 1 << 20);
	if (authorize_form_parse(str_mem(data, size), &arena, &request) == 0) {
		authorize_emit(&request, &text);
		if (buf_status(&text) < 0 || authorize_form_parse(buf_str(&text), &arena, &again) < 0)
			__builtin_trap();
		for (size_t i = 0; i < AUTHORIZE_PROMPTED; i++) /* that one is never spelt: it is ours */
			if (!is_same(&request.params[i], &again.params[i]))
				__builtin_trap();
	}
	buf_done(&text);
	arena_done(&arena);
	return 0;
}
