/* page.c: nothing gets into a page unescaped, whatever the value; templates that are no templates; the shipped ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "web/embed.h"
#include "web/page.h"

struct world {
	struct arena arena;
	struct page_vars *vars;
	struct buf out;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	assert_non_null(world);
	arena_init(&world->arena, 1 << 20);
	buf_init(&world->out, 65536);
	assert_int_equal(page_vars_new(&world->arena, &world->vars), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	buf_done(&world->out);
	arena_done(&world->arena);
	free(world);
	return 0;
}

static void expect(struct world *world, const char *text, const char *wanted)
{
	buf_reset(&world->out);
	assert_int_equal(page_fill(str_of(text), world->vars, &world->out), 0);
	buf_put_char(&world->out, '\0');
	assert_string_equal(world->out.p, wanted);
}

static void refuses_malformed_templates(void **state)
{
	static const char *const bad[] = {
		"{{",         "{{a",           "a{{}}",      "{{#}}{{/}}",       "{{#a}}",          "{{/a}}",
		"{{#a}}{{/b}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{^a}}", "{{>}}",    "{{>nothing}}",    "{{>../frame}}",
		"{{>=unset}}", "{{#unset}}{{/wrong}}{{/unset}}",
	};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(page_fill(str_of(bad[i]), world->vars, &world->out), E_INTERNAL);
	assert_int_equal(page_render("no-such", world->vars, &world->out), E_INTERNAL);
}

static void escapes_in_text_and_attributes(void **state) /* ATTACKS 47 */
{
	struct world *world = *state;
	page_text(world->vars, "v", STR("<script>\"&'</script>{{v}}"));
	expect(world, "<p title=\"{{v}}\">{{v}}</p>",
	       "<p title=\"&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;{{v}}\">"
	       "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;{{v}}</p>");
	page_text(world->vars, "v", str_mem("a\0b\r\x1b[\xff\xe2\x80\xae" "c\n\td\xc3\xa9", 16));
	expect(world, "{{v}}",
	       "a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd["
	       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "c\n\td\xc3\xa9");
	page_text(world->vars, "v", STR("one\r\ntwo\r\r\n\r")); /* lines of a form, on its way back into it */
	expect(world, "{{v}}", "one\ntwo\xef\xbf\xbd\n\xef\xbf\xbd");
}

static void repeats_rows_and_looks_outside(void **state)
{
	struct world *world = *state;
	page_text(world->vars, "who", STR("outer"));
	for (int i = 0; i < 3; i++) {
		struct page_vars *row = page_row(world->vars, "list");
		page_number(row, "n", i);
		if (i == 1)
			page_text(row, "who", STR("<inner>"));
		for (int k = 0; k < i; k++)
			page_number(page_row(row, "sub"), "k", k);
	}
	expect(world, "{{#list}}{{n}}{{who}}({{#sub}}{{k}}{{n}}{{/sub}}{{^sub}}none{{/sub}}) {{/list}}.",
	       "0outer(none) 1&lt;inner&gt;(01) 2outer(0212) .");
	expect(world, "{{#list}}{{#list}}x{{/list}}{{/list}}", "xxxxxxxxx");
}

static void a_value_is_one_row_and_nothing_is_none(void **state)
{
	struct world *world = *state;
	page_flag(world->vars, "yes", true);
	page_flag(world->vars, "no", false);
	page_text(world->vars, "empty", STR(""));
	expect(world, "{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{^yes}}c{{/yes}}{{^no}}d{{/no}}{{#empty}}e{{/empty}}"
		      "{{^unset}}f{{/unset}}{{unset}}{{! said to nobody }}", "adf");
	page_text(world->vars, "yes", STR("later"));
	expect(world, "{{yes}}{{#no}}{{#yes}}{{/yes}}{{^x}}{{/x}}{{/no}}", "later");
}

static void a_row_hides_what_is_outside_even_with_nothing(void **state)
{
	struct world *world = *state;
	page_flag(world->vars, "mark", true);
	page_flag(page_row(world->vars, "list"), "mark", false);
	expect(world, "{{#list}}{{#mark}}x{{/mark}}{{/list}}", "");
}

static void nesting_is_bounded(void **state)
{
	struct world *world = *state;
	struct buf text;
	buf_init(&text, 65536);
	page_flag(world->vars, "a", true);
	for (int i = 0; i < 500; i++)
		buf_put(&text, STR("{{#a}}"));
	for (int i = 0; i < 500; i++)
		buf_put(&text, STR("{{/a}}"));
	assert_int_equal(page_fill(buf_str(&text), world->vars, &world->out), E_INTERNAL);
	page_text(world->vars, "content", STR("frame")); /* includes itself */
	assert_int_equal(page_render("frame", world->vars, &world->out), E_INTERNAL);
	page_text(world->vars, "content", STR("../../etc/passwd"));
	assert_int_equal(page_render("frame", world->vars, &world->out), E_INTERNAL);
	buf_done(&text);
}

static void a_full_buffer_and_a_full_arena_are_errors(void **state)
{
	struct world *world = *state;
	struct arena tiny;
	struct page_vars *vars;
	char mem[8];
	struct buf small;
	buf_init_fixed(&small, mem, sizeof(mem));
	assert_int_equal(page_fill(STR("123456789"), world->vars, &small), E_LIMIT);
	arena_init(&tiny, 4096);
	assert_int_equal(page_vars_new(&tiny, &vars), 0);
	for (int i = 0; i < 1000; i++)
		page_text(page_row(vars, "list"), "x", STR("y"));
	assert_int_equal(page_fill(STR(""), vars, &world->out), E_NOMEM);
	arena_done(&tiny);
}

/* A slot inside a tag stands between double quotes. */
static void check_quotes(const char *name, struct str text)
{
	bool in_tag = false, quoted = false;
	for (size_t i = 0; i + 2 < text.len; i++) {
		if (text.p[i] == '<' && !quoted)
			in_tag = true;
		else if (text.p[i] == '>' && !quoted)
			in_tag = false;
		else if (text.p[i] == '"' && in_tag)
			quoted = !quoted;
		bool slot = memcmp(text.p + i, "{{", 2) == 0 && !strchr("#^/!>", text.p[i + 2]);
		if (slot && in_tag && !quoted)
			fail_msg("%s has a slot without quotes at byte %zu", name, i);
	}
}

/* Every template of web/: parses, in all its parts; each slot in text or in a quoted attribute; no inline anything. */
static void shipped_templates_are_sound(void **state) /* ATTACKS 47 */
{
	static const char *const never[] = {" style=", "<style", " onclick", " onsubmit", " onload",
					    "javascript:", "<script>", "http://", "{{{", "target=\"_blank\""};
	struct world *world = *state;
	size_t n = 0;
	for (size_t i = 0; i < embed_n; i++) {
		struct str text = embed_files[i].text;
		if (!memmem(embed_files[i].name, strlen(embed_files[i].name), ".html", 5))
			continue;
		n++;
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			if (memmem(text.p, text.len, never[k], strlen(never[k])))
				fail_msg("%s has %s", embed_files[i].name, never[k]);
		check_quotes(embed_files[i].name, text);
		page_text(world->vars, "content", STR("error"));
		buf_reset(&world->out);
		if (page_fill(text, world->vars, &world->out) < 0)
			fail_msg("%s is malformed", embed_files[i].name);
		bool is_post = memmem(text.p, text.len, "method=\"post\"", 13);
		if (str_eq(str_of(embed_files[i].name), STR("form_post.html"))) /* goes to the client: none of ours */
			is_post = false;
		if (is_post && !memmem(text.p, text.len, "name=\"csrf\"", 11)) /* ATTACKS 47: every form that changes */
			fail_msg("%s has a form without csrf", embed_files[i].name);
	}
	assert_true(n >= 2);
	assert_non_null(embed_find(STR("mintmark.css")));
	assert_null(embed_find(STR("mintmark")));
	assert_int_equal(page_title("error").len, 0);
	assert_int_equal(page_title("no-such").len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_malformed_templates, setup, teardown),
		cmocka_unit_test_setup_teardown(escapes_in_text_and_attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(repeats_rows_and_looks_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(a_value_is_one_row_and_nothing_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_row_hides_what_is_outside_even_with_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(nesting_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_buffer_and_a_full_arena_are_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(shipped_templates_are_sound, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
