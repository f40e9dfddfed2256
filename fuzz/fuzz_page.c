/* What a stranger's text becomes on a page: text, in a quoted attribute too, in UTF-8, and nothing that turns it. */
#include "web/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct page_vars *vars;
	struct buf out;
	arena_init(&arena, 1 << 16);
	buf_init(&out, 1 << 23);
	expect(page_vars_new(&arena, &vars) == 0);
	page_text(vars, "text", str_mem(data, size));
	page_text(page_row(vars, "rows"), "text", str_mem(data, size / 2));
	expect(page_fill(STR("{{text}}{{#rows}}{{text}}{{/rows}}"), vars, &out) == 0);
	struct str text = buf_str(&out);
	for (size_t i = 0, n; i < text.len; i += n) {
		n = str_printable(str_mem(text.p + i, text.len - i));
		expect(n > 0 || text.p[i] == '\n' || text.p[i] == '\t');
		expect(!strchr("<>\"'", text.p[i]));
		n = n > 0 ? n : 1;
	}
	buf_done(&out);
	arena_done(&arena);
	return 0;
}
