/* The fast way through usual objects: what it may take, what it must leave alone, and that the answers are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json/json_view.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* RFC 8259: none of these is JSON, though most begin as a usual object. */
static void refuses_what_is_no_json(void **state)
{
	static const struct str rows[] = {
		STR(""), STR("{"), STR("{\"a\""), STR("{\"a\":"), STR("{\"a\":1"), STR("{\"a\":1}}"),
		STR("{\"a\":1} x"), STR("{\"a\":1,}"), STR("{,\"a\":1}"), STR("{\"a\":1,,\"b\":1}"),
		STR("{\"a\":01}"), STR("{\"a\":00}"), STR("{\"a\":1 2}"), STR("{\"a\":+1}"), STR("{\"a\":.5}"),
		STR("{\"a\":1e}"), STR("{\"a\":tru}"), STR("{\"a\":truex}"), STR("{\"a\":nul}"),
		STR("{\"a\":True}"), STR("{a:1}"), STR("{'a':1}"), STR("{\"a\" 1}"), STR("{\"a\":\"\x01\"}"),
		STR("{\"a\":\"\xff\"}"), STR("{\"a\":\"\\q\"}"), STR("{\"a\":\"x}"), STR("{\"a\":1,\"a\":1}"),
		STR("{\"a\":1,\"\\u0061\":1}"), STR("{\"a\":\"\0\"}"), STR("[1]"), STR("\"a\""), STR("1"),
		STR("{\"a\":99999999999999999999}"),
	};
	struct json_view view;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (json_view_parse(rows[i], &view) != E_SYNTAX)
			fail_msg("row %zu", i);
}

static void goes_the_fast_way_where_it_is_certain(void **state)
{
	static const struct {
		const char *text;
		bool is_fast;
	} rows[] = {
		{"{\"a\":1}", true},
		{"{\"a\":0,\"b\":\"\",\"\":true,\"c\":false,\"d\":null}", true},
		{"{\"a\":999999999999999999}", true},
		{"{\"a\":1234567890123456789}", false},
		{"{\"a\":-1}", false},
		{"{\"a\":1.0}", false},
		{"{\"a\":1e3}", false},
		{"{}", false},
		{"{ \"a\":1}", false},
		{"{\"a\":\"\\u0041\"}", false},
		{"{\"a\":\"\xc3\xa9\"}", false},
		{"{\"a\":\"\x7f\"}", false},
		{"{\"a\":[]}", false},
		{"{\"a\":{}}", false},
	};
	struct json_view view;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(json_view_parse(str_of(rows[i].text), &view), 0);
		if (!view.doc != rows[i].is_fast)
			fail_msg("%s", rows[i].text);
		json_view_done(&view);
	}
}

/* Each way in turn: the second text differs by a blank. */
static void answers_are_the_same(void **state)
{
	static const char *const texts[] = {
		"{\"s\":\"text\",\"n\":42,\"t\":true,\"z\":null,\"m\":999999999999999999}",
		"{\"s\":\"text\",\"n\":42,\"t\":true,\"z\":null,\"m\":999999999999999999 }"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct json_view view;
		struct str s;
		int64_t n;
		const struct json *list;
		assert_int_equal(json_view_parse(str_of(texts[i]), &view), 0);
		assert_true(!view.doc == (i == 0));
		assert_int_equal(json_view_str(&view, "s", &s), 0);
		assert_true(str_eq(s, STR("text")));
		assert_int_equal(json_view_int(&view, "n", &n), 0);
		assert_int_equal(n, 42);
		assert_int_equal(json_view_int(&view, "m", &n), 0);
		assert_true(n == INT64_C(999999999999999999));
		assert_int_equal(json_view_str(&view, "n", &s), E_SYNTAX);
		assert_int_equal(json_view_int(&view, "s", &n), E_SYNTAX);
		assert_int_equal(json_view_int(&view, "z", &n), E_SYNTAX);
		assert_int_equal(json_view_array(&view, "s", &list), E_SYNTAX);
		assert_int_equal(json_view_array(&view, "x", &list), E_ABSENT);
		assert_int_equal(json_view_str(&view, "S", &s), E_ABSENT);
		assert_true(json_view_has(&view, "z") && json_view_has(&view, "t") && !json_view_has(&view, "x"));
		json_view_done(&view);
	}
}

static void many_members_and_bytes(void **state)
{
	struct buf text;
	struct json_view view;
	int64_t n;
	(void)state;
	buf_init(&text, 200000);
	for (int members = JSON_VIEW_MEMBERS_MAX; members <= JSON_VIEW_MEMBERS_MAX + 1; members++) {
		buf_reset(&text);
		for (int i = 0; i < members; i++)
			buf_printf(&text, "%c\"m%d\":%d", i ? ',' : '{', i, i);
		buf_put_char(&text, '}');
		assert_int_equal(json_view_parse(buf_str(&text), &view), 0);
		assert_true(!view.doc == (members == JSON_VIEW_MEMBERS_MAX));
		assert_int_equal(json_view_int(&view, "m23", &n), 0);
		assert_int_equal(n, 23);
		json_view_done(&view);
	}
	buf_reset(&text);
	buf_put(&text, STR("{\"a\":\""));
	while (text.len <= JSON_SIZE_MAX)
		buf_put(&text, STR("xxxxxxxxxxxxxxxx"));
	buf_put(&text, STR("\"}"));
	assert_int_equal(json_view_parse(buf_str(&text), &view), E_LIMIT);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(goes_the_fast_way_where_it_is_certain),
		cmocka_unit_test(answers_are_the_same),
		cmocka_unit_test(many_members_and_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
