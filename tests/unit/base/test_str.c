/* base/str.c. */
#include "test.h"

static void to_u64(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t max;
		int want;
		uint64_t value;
	} rows[] = {
		{"", 9, E_SYNTAX, 0},          {" 1", 9, E_SYNTAX, 0},        {"1 ", 9, E_SYNTAX, 0},
		{"+1", 9, E_SYNTAX, 0},        {"-1", 9, E_SYNTAX, 0},        {"0x1", 9, E_SYNTAX, 0},
		{"00", 9, E_SYNTAX, 0},        {"01", 9, E_SYNTAX, 0},        {"1a", 9, E_SYNTAX, 0},
		{"10", 9, E_LIMIT, 0},         {"1", 0, E_LIMIT, 0},          {"256", 255, E_LIMIT, 0},
		{"18446744073709551616", UINT64_MAX, E_LIMIT, 0},
		{"99999999999999999999999", UINT64_MAX, E_LIMIT, 0},
		{"0", 0, 0, 0},                {"9", 9, 0, 9},                {"255", 255, 0, 255},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t value = 4711;
		assert_int_equal(str_to_u64(str_of(rows[i].text), rows[i].max, &value), rows[i].want);
		assert_int_equal(value, rows[i].want == 0 ? rows[i].value : 4711);
	}
}

static void utf8(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		bool want;
	} rows[] = {
		{STR("\x80"), false},
		{STR("\xBF"), false},
		{STR("a\xC3"), false},
		{STR("\xC0\x80"), false},
		{STR("\xC1\xBF"), false},
		{STR("\xC3("), false},
		{STR("\xE0\x9F\xBF"), false},
		{STR("\xE2\x82"), false},
		{STR("\xE2(\xA1"), false},
		{STR("\xE2\x82("), false},
		{STR("\xED\xA0\x80"), false},
		{STR("\xED\xBF\xBF"), false},
		{STR("\xF0\x8F\xBF\xBF"), false},
		{STR("\xF0\x90\x80"), false},
		{STR("\xF4\x90\x80\x80"), false},
		{STR("\xF5\x80\x80\x80"), false},
		{STR("\xF8\x88\x80\x80\x80"), false},
		{STR("\xFE"), false},
		{STR("\xFF"), false},
		{STR("\xF0\x90\x80("), false},
		{STR(""), true},
		{STR("abc\0d"), true},
		{STR("\x7F"), true},
		{STR("\xC2\x80"), true},
		{STR("\xDF\xBF"), true},
		{STR("\xE0\xA0\x80"), true},
		{STR("\xED\x9F\xBF"), true},
		{STR("\xEE\x80\x80"), true},
		{STR("\xEF\xBF\xBF"), true},
		{STR("\xF0\x90\x80\x80"), true},
		{STR("\xF4\x8F\xBF\xBF"), true},
		{STR("a\xC3\xA9z\xE2\x82\xAC"), true},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(str_is_utf8(rows[i].text), rows[i].want);
}

/* Every two-byte and three-byte start against the definition, computed from the code point instead of the table. */
static void utf8_all_three_bytes(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 0x10000; v++) {
		unsigned char p[3] = {(unsigned char)(0xE0 | v >> 12), (unsigned char)(0x80 | (v >> 6 & 63)),
				      (unsigned char)(0x80 | (v & 63))};
		bool want = v >= 0x800 && (v < 0xD800 || v > 0xDFFF);
		if (str_is_utf8(str_mem(p, 3)) != want)
			fail_msg("U+%04X", v);
	}
}

static void equality(void **state)
{
	(void)state;
	assert_false(str_eq(STR("a"), STR("b")));
	assert_false(str_eq(STR("a"), STR("a\0")));
	assert_false(str_eq(STR("A"), STR("a")));
	assert_true(str_eq(STR(""), (struct str){NULL, 0}));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq_ci(STR("Basic"), STR("Basi")));
	assert_false(str_eq_ci(STR("["), STR("{"))); /* 0x5B and 0x7B differ in the case bit only */
	assert_false(str_eq_ci(STR("@"), STR("`")));
	assert_false(str_eq_ci(STR("\xC9"), STR("\xE9")));
	assert_true(str_eq_ci(STR("bAsIc-Z"), STR("BaSiC-z")));
	assert_false(str_has_prefix(STR("ab"), STR("abc")));
	assert_false(str_has_prefix(STR("xbc"), STR("ab")));
	assert_true(str_has_prefix(STR("abc"), STR("ab")));
	assert_true(str_has_prefix(STR(""), STR("")));
}

static void trim(void **state)
{
	(void)state;
	expect_str(str_trim_ows(STR("")), STR(""));
	expect_str(str_trim_ows(STR(" \t ")), STR(""));
	expect_str(str_trim_ows(STR("\t a b \t")), STR("a b"));
	expect_str(str_trim_ows(STR("\r\na\n")), STR("\r\na\n")); /* CR and LF are no OWS */
}

static void trim_end(void **state)
{
	(void)state;
	expect_str(str_trim_end(STR(""), '/'), STR(""));
	expect_str(str_trim_end(STR("//"), '/'), STR(""));
	expect_str(str_trim_end(STR("/a/b//"), '/'), STR("/a/b"));
}

static void url_path(void **state)
{
	static const struct {
		const char *url, *path;
	} rows[] = {
		{"", ""}, {"no url", ""}, {"a:/", ""}, {"https://host", ""}, {"https://host/", ""},
		{"https://host:1/a/b/", "/a/b"}, {"http://[::1]:80/a//", "/a"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_str(str_url_path(str_of(rows[i].url)), str_of(rows[i].path));
}

static void cut(void **state)
{
	(void)state;
	struct str head = STR("untouched"), tail = STR("untouched");
	assert_false(str_cut(STR("abc"), ':', &head, &tail));
	assert_false(str_cut(STR(""), ':', &head, &tail));
	expect_str(head, STR("untouched"));
	expect_str(tail, STR("untouched"));
	assert_true(str_cut(STR("a:b:c"), ':', &head, &tail));
	expect_str(head, STR("a"));
	expect_str(tail, STR("b:c"));
	assert_true(str_cut(STR(":"), ':', &head, &tail));
	assert_int_equal(head.len + tail.len, 0);
	assert_int_equal(str_find(STR("abc"), 'c'), 2);
	assert_int_equal(str_find(STR("abc"), 'x'), 3);
	assert_int_equal(str_find((struct str){NULL, 0}, 'x'), 0);
}

static void order(void **state)
{
	(void)state;
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR(""), STR("a")) < 0);
	assert_true(str_cmp(STR("\x7F"), STR("\x80")) < 0); /* bytes are unsigned */
	assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
	assert_int_equal(str_cmp((struct str){NULL, 0}, STR("")), 0);
}

static void unreserved(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		bool want = c != 0 && c < 128 &&
			    strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", c) != NULL;
		assert_int_equal(str_is_unreserved(str_mem(&byte, 1)), want);
	}
	assert_false(str_is_unreserved(STR("abc/")));
	assert_true(str_is_unreserved(STR("")));
}

/* RFC 6750 2.1 */
static void b64token(void **state)
{
	(void)state;
	static const char *const good[] = {"a", "a=", "a.b-c_d~e+f/9=="};
	static const char *const bad[] = {"", "=", "==", "a=b", "a b", "a,", " a", "a ", "\xC3\xA4", "a\t"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(str_is_b64token(str_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_is_b64token(str_of(bad[i])));
}

/* RFC 6749 3.3: names between single blanks, byte by byte. */
static void has_word(void **state)
{
	(void)state;
	static const struct {
		const char *list, *word;
		bool want;
	} rows[] = {
		{"", "", false}, {"a b", "", false}, {"a  b", "", false}, {"", "a", false}, {"ab", "a", false},
		{"a b", "A", false}, {"b ab", "a", false}, {"a b", "a b", false}, {"a", "a", true},
		{"a b c", "a", true},
		{"a b c", "b", true}, {"a b c", "c", true}, {"a  c", "c", true},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(str_has_word(str_of(rows[i].list), str_of(rows[i].word)), rows[i].want);
}

/* What would turn a text around, break its line, or is none shows nowhere; ATTACKS 47. */
static void printable(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t want;
	} rows[] = {
		{"a", 1}, {" ", 1}, {"~", 1}, {"\x1F", 0}, {"\n", 0}, {"\x7F", 0}, {"\xC2\x85", 0}, {"\xC2\x9F", 0},
		{"\xC2\xA0", 2}, {"\xC3\xA9", 2}, {"\xD8\x9B", 2}, {"\xD8\x9C", 0}, {"\xD8\x9D", 2},
		{"\xE2\x80\x8D", 3}, {"\xE2\x80\x8E", 0}, {"\xE2\x80\x8F", 0}, {"\xE2\x80\xA7", 3},
		{"\xE2\x80\xA8", 0}, {"\xE2\x80\xAE", 0}, {"\xE2\x80\xAF", 3}, {"\xE2\x81\xA5", 3},
		{"\xE2\x81\xA6", 0}, {"\xE2\x81\xA9", 0}, {"\xE2\x81\xAA", 3}, {"\xE2\x98\x80", 3},
		{"\xF0\x9F\x98\x80", 4}, {"\xFF", 0}, {"\xC3", 0}, {"\xED\xA0\x80", 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_printable(str_of(rows[i].text)) != rows[i].want)
			fail_msg("row %zu", i);
}

static void blank(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"", true}, {" \t\n", true}, {"\xC2\xA0", true}, {"\xC2\xAD", true}, {"\xE2\x80\x8B", true},
		{"\xE2\xA0\x80", true}, {"\xE3\x80\x80", true}, {"\xE3\x85\xA4", true}, {"\xEF\xBB\xBF", true},
		{"\xEF\xBE\xA0 \xE2\x80\x8D", true}, {"\xF3\xA0\x81\x81", true}, {"\xF3\xA0\x84\x80", true},
		{"\xFF\xC3", true},
		{"a", false}, {"  a", false}, {"\xE2\x80\x8B.", false}, {"\xC2\xA1", false}, {"\xC3\xA9", false},
		{"\xE2\x98\x80", false}, {"\xF0\x9F\x98\x80", false}, {"\xE3\x81\x82", false}, {"\xE2\xA0\x81", false},
		{"\xF3\xA1\x80\x80", false}, {"\xFF" "a", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is_blank(str_of(rows[i].text)) != rows[i].want)
			fail_msg("row %zu", i);
}

static void of_null(void **state)
{
	(void)state;
	assert_int_equal(str_of(NULL).len, 0);
	assert_int_equal(str_of("abc").len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_u64), cmocka_unit_test(utf8),  cmocka_unit_test(utf8_all_three_bytes),
		cmocka_unit_test(equality), cmocka_unit_test(trim), cmocka_unit_test(cut),
		cmocka_unit_test(order),  cmocka_unit_test(unreserved), cmocka_unit_test(of_null),
		cmocka_unit_test(b64token), cmocka_unit_test(has_word), cmocka_unit_test(trim_end),
		cmocka_unit_test(url_path), cmocka_unit_test(printable), cmocka_unit_test(blank),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
