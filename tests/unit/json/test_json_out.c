/* Emitting: what comes out must be JSON whatever the strings hold (RFC 8259 7). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void quotes_anything(void **state)
{
	static const struct {
		struct str in, out;
	} rows[] = {
		{STR(""), STR("\"\"")},
		{STR("plain ~"), STR("\"plain ~\"")},
		{STR("\"\\/"), STR("\"\\\"\\\\/\"")},
		{STR("\b\f\n\r\t"), STR("\"\\b\\f\\n\\r\\t\"")},
		{STR("a\0b\x1f\x7f"), STR("\"a\\u0000b\\u001f\x7f\"")},
		{STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), STR("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"")},
		{STR("\xFF"), STR("\"\xEF\xBF\xBD\"")},
		{STR("\xC3"), STR("\"\xEF\xBF\xBD\"")},
		{STR("\xC3\"x"), STR("\"\xEF\xBF\xBD\\\"x\"")},
		{STR("\x80z"), STR("\"\xEF\xBF\xBDz\"")},
		{STR("\xED\xA0\x80"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[64];
		struct buf out;
		buf_init_fixed(&out, mem, sizeof(mem));
		json_put_quoted(&out, rows[i].in);
		if (buf_status(&out) < 0 || !str_eq(buf_str(&out), rows[i].out))
			fail_msg("row %zu: %.*s", i, STR_ARG(buf_str(&out)));
	}
}

static void every_byte_parses_back(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char mem[64], byte[2] = {(char)c, 'x'};
		struct buf out;
		struct json_out j;
		struct json *doc = NULL;
		struct str back;
		buf_init_fixed(&out, mem, sizeof(mem));
		json_out_init(&j, &out);
		json_open(&j, NULL, '{');
		json_str(&j, "v", str_mem(byte, 2));
		json_close(&j, '}');
		assert_int_equal(json_parse_object(buf_str(&out), &doc), 0);
		assert_int_equal(json_get_str(doc, "v", &back), 0);
		assert_true(str_eq(back, c < 0x80 ? str_mem(byte, 2) : STR("\xEF\xBF\xBDx")));
		json_free(doc);
	}
}

static void puts_commas(void **state)
{
	struct str words[] = {STR("a"), STR("b")};
	char mem[256];
	struct buf out;
	struct json_out j;
	(void)state;
	buf_init_fixed(&out, mem, sizeof(mem));
	json_out_init(&j, &out);
	json_open(&j, NULL, '{');
	json_open(&j, "empty", '{');
	json_close(&j, '}');
	json_str(&j, "s", STR("v"));
	json_int(&j, "i", INT64_MIN);
	json_bool(&j, "t", true);
	json_bool(&j, "f", false);
	json_strs(&j, "l", (struct str_list){words, 2});
	json_strs(&j, "none", (struct str_list){NULL, 0});
	json_open(&j, "nested", '[');
	json_open(&j, NULL, '[');
	json_int(&j, NULL, 1);
	json_close(&j, ']');
	json_raw(&j, NULL, STR("{\"r\":1}"));
	json_close(&j, ']');
	json_close(&j, '}');
	assert_int_equal(buf_status(&out), 0);
	assert_true(str_eq(buf_str(&out), STR("{\"empty\":{},\"s\":\"v\",\"i\":-9223372036854775808,\"t\":true,\"f\":"
					      "false,"
					      "\"l\":[\"a\",\"b\"],\"none\":[],\"nested\":[[1],{\"r\":1}]}")));
}

static void numbers_are_short_and_read_back(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{NAN, "null"}, {INFINITY, "null"}, {-INFINITY, "null"},
		{0, "0"}, {-0.0, "-0"}, {1, "1"}, {-17, "-17"}, {0.1, "0.1"}, {-2.5, "-2.5"},
		{1.0 / 3, "0.3333333333333333"}, {999999999999999, "999999999999999"}, {1e15, "1e+15"}, {5e-324, NULL},
		{1.7976931348623157e308, "1.7976931348623157e+308"}, {0.30000000000000004, "0.30000000000000004"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char mem[64];
		struct buf out;
		buf_init_fixed(&out, mem, sizeof(mem));
		json_put_number(&out, rows[i].value);
		buf_put_char(&out, '\0');
		if (rows[i].text)
			assert_string_equal(mem, rows[i].text);
		if (isfinite(rows[i].value))
			assert_true(strtod(mem, NULL) == rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_short_and_read_back),
		cmocka_unit_test(quotes_anything),
		cmocka_unit_test(every_byte_parses_back),
		cmocka_unit_test(puts_commas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
