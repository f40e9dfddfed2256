/* What others wrote can't steer a terminal; times and columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/print.h"

static void safe(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"plain", "plain"},
		{"Zähler – №1 \xf0\x9f\x94\x91", "Zähler – №1 \xf0\x9f\x94\x91"},
		{"a\x1b[2Jb", "a?[2Jb"},
		{"a\r\nb\tc", "a??b?c"},
		{"\x7f", "?"},
		{"\xc2\x85", "??"},             /* U+0085, a C1 control */
		{"a\xe2\x80\xae" "b", "a???b"}, /* U+202E turns the text around */
		{"\xe2\x81\xa6", "???"},
		{"\xff\xfe", "??"},
		{"\xc3", "?"},
		{"\xed\xa0\x80", "???"},        /* a surrogate */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *file = open_memstream(&text, &size);
		assert_non_null(file);
		print_safe(file, str_of(rows[i].text));
		fclose(file);
		assert_string_equal(text, rows[i].expected);
		free(text);
	}
}

static void shell_words(void **state)
{
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"var/demo.env", "var/demo.env"}, {"", "''"},           {"v ar/x", "'v ar/x'"},
		{"v'r", "'v'\\''r'"},             {"$(id)", "'$(id)'"}, {"a;b", "'a;b'"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_(buf_done) struct buf out;
		buf_init(&out, 100);
		print_shell_word(&out, str_of(rows[i].text));
		assert_true(str_eq(buf_str(&out), str_of(rows[i].expected)));
	}
}

static void times(void **state)
{
	(void)state;
	char mem[64];
	struct buf out;
	buf_init_fixed(&out, mem, sizeof(mem));
	print_time(&out, 0);
	assert_true(str_eq(buf_str(&out), STR("-")));
	buf_reset(&out);
	print_time(&out, 1801396801);
	assert_true(str_eq(buf_str(&out), STR("2027-01-31 12:00:01 UTC")));
	buf_reset(&out);
	print_time(&out, INT64_MAX); /* no calendar has it: the number */
	assert_true(str_eq(buf_str(&out), STR("9223372036854775807")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(safe), cmocka_unit_test(shell_words),
					   cmocka_unit_test(times)};
	return cmocka_run_group_tests_name("cli_print", tests, NULL, NULL);
}
