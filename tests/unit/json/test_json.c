/* Strict parsing: what must be refused first (RFC 8259, RFC 7515 4, RFC 7519 4), then what must come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "json/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void refuses_malformed(void **state)
{
	static const struct {
		const char *what;
		struct str text;
		int code;
	} rows[] = {
		{"nothing", STR(""), E_SYNTAX},
		{"white space only", STR("  "), E_SYNTAX},
		{"array at the top", STR("[]"), E_SYNTAX},
		{"string at the top", STR("\"a\""), E_SYNTAX},
		{"number at the top", STR("1"), E_SYNTAX},
		{"null at the top", STR("null"), E_SYNTAX},
		{"duplicate member (7515-5, 7519-5)", STR("{\"a\":1,\"a\":1}"), E_SYNTAX},
		{"duplicate member, one escaped", STR("{\"a\":1,\"\\u0061\":2}"), E_SYNTAX},
		{"duplicate member below", STR("{\"x\":{\"a\":1,\"a\":1}}"), E_SYNTAX},
		{"trailing bytes", STR("{} x"), E_SYNTAX},
		{"a second document", STR("{}{}"), E_SYNTAX},
		{"trailing NUL", STR("{}\0"), E_SYNTAX},
		{"NUL in a string", STR("{\"a\":\"b\0c\"}"), E_SYNTAX},
		{"escaped NUL in a string", STR("{\"a\":\"b\\u0000c\"}"), E_SYNTAX},
		{"escaped NUL in a name", STR("{\"a\\u0000\":1}"), E_SYNTAX},
		{"invalid UTF-8", STR("{\"a\":\"\xC3\x28\"}"), E_SYNTAX},
		{"overlong UTF-8", STR("{\"a\":\"\xC0\xAF\"}"), E_SYNTAX},
		{"UTF-8 surrogate", STR("{\"a\":\"\xED\xA0\x80\"}"), E_SYNTAX},
		{"lone surrogate escape", STR("{\"a\":\"\\ud800\"}"), E_SYNTAX},
		{"byte order mark", STR("\xEF\xBB\xBF{}"), E_SYNTAX},
		{"comma at the end", STR("{\"a\":1,}"), E_SYNTAX},
		{"comment", STR("{/* */}"), E_SYNTAX},
		{"single quotes", STR("{'a':1}"), E_SYNTAX},
		{"bare name", STR("{a:1}"), E_SYNTAX},
		{"NaN", STR("{\"a\":NaN}"), E_SYNTAX},
		{"leading zero", STR("{\"a\":01}"), E_SYNTAX},
		{"plus sign", STR("{\"a\":+1}"), E_SYNTAX},
		{"hexadecimal", STR("{\"a\":0x1}"), E_SYNTAX},
		{"2^63", STR("{\"a\":9223372036854775808}"), E_SYNTAX},
		{"1e999", STR("{\"a\":1e999}"), E_SYNTAX},
		{"control character in a string", STR("{\"a\":\"\n\"}"), E_SYNTAX},
		{"not closed", STR("{\"a\":{}"), E_SYNTAX},
		{"closed too often", STR("{}}"), E_SYNTAX},
		{"string not closed", STR("{\"a"), E_SYNTAX},
		{"backslash at the end", STR("{\"a\\"), E_SYNTAX},
		{"depth 17", STR("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"), E_LIMIT},
		{"depth 17 although broken", STR("{\"a\":[[[[[[[[[[[[[[[["), E_LIMIT},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json *doc = (struct json *)&rows; /* untouched on failure */
		if (json_parse_object(rows[i].text, &doc) != rows[i].code || doc != (struct json *)&rows)
			fail_msg("%s", rows[i].what);
	}
}

/* ATTACKS 9: a bomb of brackets must not reach the recursive parser. */
static void refuses_depth_bomb(void **state)
{
	static char text[JSON_SIZE_MAX];
	struct json *doc;
	(void)state;
	memset(text, '[', sizeof(text));
	assert_int_equal(json_parse_object(str_mem(text, sizeof(text)), &doc), E_LIMIT);
	memcpy(text, "{\"a\":", 5);
	assert_int_equal(json_parse_object(str_mem(text, sizeof(text)), &doc), E_LIMIT);
}

static void limits_size(void **state)
{
	static char text[JSON_SIZE_MAX + 1];
	struct json *doc = NULL;
	(void)state;
	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[1] = '}';
	assert_int_equal(json_parse_object(str_mem(text, sizeof(text)), &doc), E_LIMIT);
	assert_int_equal(json_parse_object(str_mem(text, JSON_SIZE_MAX), &doc), 0);
	json_free(doc);
	assert_int_equal(json_parse_object_max(str_mem(text, sizeof(text)), sizeof(text), &doc), 0);
	json_free(doc);
	assert_int_equal(json_parse_object_max(STR("{}"), 1, &doc), E_LIMIT);
}

static void brackets_in_strings_do_not_count(void **state)
{
	struct json *doc = NULL;
	struct str value;
	(void)state;
	assert_int_equal(json_parse_object(STR("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[\\\"{{{{\",\"b\":\"\\\\\"}"), &doc), 0);
	assert_int_equal(json_get_str(doc, "b", &value), 0);
	assert_true(str_eq(value, STR("\\")));
	json_free(doc);
	assert_int_equal(json_parse_object(STR("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"), &doc), 0); /* depth 16 */
	json_free(doc);
}

static void getters_are_typed(void **state)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *part = NULL;
	struct str text = STR("kept");
	int64_t number = 7;
	bool flag = true;
	(void)state;
	assert_int_equal(json_parse_object(STR("{\"s\":\"\\u00e9\",\"i\":-9223372036854775808,\"r\":1.0,\"e\":1e2,"
					       "\"b\":false,\"n\":null,\"o\":{},\"l\":[\"x\",1,{}]}"), &doc), 0);
	assert_int_equal(json_get_str(doc, "i", &text), E_SYNTAX);
	assert_int_equal(json_get_str(doc, "n", &text), E_SYNTAX);
	assert_int_equal(json_get_str(doc, "none", &text), E_ABSENT);
	assert_true(str_eq(text, STR("kept")));
	assert_int_equal(json_get_int(doc, "r", &number), E_SYNTAX); /* 7519-4: a fraction is no whole number */
	assert_int_equal(json_get_int(doc, "e", &number), E_SYNTAX);
	assert_int_equal(json_get_int(doc, "s", &number), E_SYNTAX);
	assert_int_equal(number, 7);
	assert_int_equal(json_get_bool(doc, "i", &flag), E_SYNTAX);
	assert_int_equal(json_get_bool(doc, "none", &flag), E_ABSENT);
	assert_true(flag);
	assert_int_equal(json_get_object(doc, "l", &part), E_SYNTAX);
	assert_int_equal(json_get_array(doc, "o", &part), E_SYNTAX);
	assert_null(part);

	assert_int_equal(json_get_str(doc, "s", &text), 0);
	assert_true(str_eq(text, STR("\xC3\xA9")));
	assert_int_equal(json_get_int(doc, "i", &number), 0);
	assert_true(number == INT64_MIN);
	assert_int_equal(json_get_bool(doc, "b", &flag), 0);
	assert_false(flag);
	assert_true(json_has(doc, "n") && !json_has(doc, "none"));
	assert_int_equal(json_get_array(doc, "l", &part), 0);
	assert_int_equal(json_array_len(part), 3);
	assert_int_equal(json_at_str(part, 0, &text), 0);
	assert_int_equal(json_at_str(part, 1, &text), E_SYNTAX);
	assert_int_equal(json_at_str(part, 3, &text), E_SYNTAX);
	const struct json *element = NULL;
	assert_int_equal(json_at_object(part, 2, &element), 0);
	assert_int_equal(json_at_object(part, 0, &element), E_SYNTAX);
}

static void arrays_and_numbers(void **state)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *object = NULL;
	double number = 4711;
	(void)state;
	assert_int_equal(json_parse_array(STR("{}"), &doc), E_SYNTAX);
	assert_int_equal(json_parse_array(STR("[1e999]"), &doc), E_SYNTAX);
	assert_null(doc);
	assert_int_equal(json_parse_array(STR("[{\"i\":-3,\"r\":2.5,\"s\":\"1\",\"t\":true}]"), &doc), 0);
	assert_int_equal(json_at_object(doc, 0, &object), 0);
	assert_int_equal(json_get_number(object, "s", &number), E_SYNTAX);
	assert_int_equal(json_get_number(object, "t", &number), E_SYNTAX);
	assert_int_equal(json_get_number(object, "x", &number), E_ABSENT);
	assert_true(number == 4711);
	assert_int_equal(json_get_number(object, "i", &number), 0);
	assert_true(number == -3);
	assert_int_equal(json_get_number(object, "r", &number), 0);
	assert_true(number == 2.5);
}

static void walks_in_document_order(void **state)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	static const char *const names[] = {"z", "a", "m"};
	const struct json *value;
	struct str name;
	size_t n = 0;
	(void)state;
	assert_int_equal(json_parse_object(STR("{\"z\":1,\"a\":[true,null],\"m\":\"\\/\"}"), &doc), 0);
	for (void *iter = NULL; json_each(doc, &iter, &name, &value); n++)
		assert_true(str_eq(name, str_of(names[n])));
	assert_int_equal(n, 3);
	char mem[64];
	struct buf out;
	buf_init_fixed(&out, mem, sizeof(mem));
	json_dump((const struct json *)doc, &out);
	assert_true(str_eq(buf_str(&out), STR("{\"z\":1,\"a\":[true,null],\"m\":\"/\"}")));
	buf_init_fixed(&out, mem, 5);
	json_dump((const struct json *)doc, &out);
	assert_int_equal(buf_status(&out), E_LIMIT);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
#ifndef MINTMARK_FAULTS
	skip();
#else
	int rc = E_NOMEM;
	for (long nth = 1; rc != 0; nth++) {
		struct json *doc = NULL;
		fault_arm(FAULT_ALLOC, nth);
		rc = json_parse_object(STR("{\"a\":{\"b\":[\"c\",1,2.5]},\"d\":\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"}"),
				       &doc);
		assert_true((rc == E_NOMEM) == fault_reached(FAULT_ALLOC)); /* never a document with holes */
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == 0 ? doc != NULL : rc == E_NOMEM && !doc);
		json_free(doc);
	}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_malformed),       cmocka_unit_test(refuses_depth_bomb),
		cmocka_unit_test(limits_size),             cmocka_unit_test(brackets_in_strings_do_not_count),
		cmocka_unit_test(getters_are_typed),       cmocka_unit_test(walks_in_document_order),
		cmocka_unit_test(survives_want_of_memory), cmocka_unit_test(arrays_and_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
