/* Names, expressions, the one-level star. */
#include "core.h"

#include "series/expression.h"

#define LONG_LEVEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_NAME                                                                                            \
	LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL \
		LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL LONG_LEVEL

static const struct {
	struct str domain, text;
	int verdict;
	bool glob;
} rows[] = {
	{BYTES("other"), BYTES("a"), E_SERIES_UNKNOWN, false},
	{BYTES("RAALABS"), BYTES("a"), E_SERIES_UNKNOWN, false},
	{BYTES(""), BYTES("a"), E_SERIES_UNKNOWN, false},
	{BYTES("raalabs"), BYTES(""), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\\b"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\0b"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\nb"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\xff"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\xc0\xaf"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a\xe2\x80\xae"), E_SERIES_EXPRESSION, false}, /* turns text around */
	{BYTES("raalabs"), BYTES("a/../b"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("."), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("a/.."), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES("*********************************"), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES(LONG_NAME "a"), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(""), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES("x"), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES("**"), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(UUID_A ","), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES("," UUID_A), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(UUID_A ",," UUID_B), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(UUID_A " ," UUID_B), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(UUID_A ",*"), E_SERIES_EXPRESSION, false},
	{BYTES("id"), BYTES(UUID_A "/" UUID_B), E_SERIES_EXPRESSION, false},
	{BYTES("raalabs"), BYTES(LONG_NAME), 0, false},
	{BYTES("raalabs"), BYTES("IMO1234567/ME ShaftPower"), 0, false},
	{BYTES("raalabs"), BYTES("a.b/..c"), 0, false},
	{BYTES("jsmea"), BYTES("/"), 0, false},
	{BYTES("jsmea"), BYTES("a//b/"), 0, false},
	{BYTES("vis-3-8a"), BYTES("621.21i/S90/meta"), 0, false},
	{BYTES("maker"), BYTES("*/MAN/*"), 0, true},
	{BYTES("parameters"), BYTES("ME* Shaft*"), 0, true},
	{BYTES("id"), BYTES(UUID_A), 0, false},
	{BYTES("id"), BYTES(UUID_A "," UUID_B), 0, false},
	{BYTES("id"), BYTES("*"), 0, true},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct expression expression;
		int rc = expression_parse(rows[i].domain, rows[i].text, &expression);
		if (rc != rows[i].verdict || (rc == 0 && expression.glob != rows[i].glob))
			fail_msg("row %zu %.*s: %d", i, STR_ARG(rows[i].text), rc);
	}
}

static void test_joined(void **state)
{
	(void)state;
	struct expression expression;
	assert_int_equal(expression_parse_joined(STR("raalabs"), &expression), E_SERIES_EXPRESSION);
	assert_int_equal(expression_parse_joined(STR("raalabs/"), &expression), E_SERIES_EXPRESSION);
	assert_int_equal(expression_parse_joined(STR("/raalabs/a"), &expression), E_SERIES_UNKNOWN);
	assert_int_equal(expression_parse_joined(STR("jsmea//"), &expression), 0);
	assert_true(expression.domain == EXPRESSION_JSMEA && str_eq(expression.text, STR("/")));
}

static const struct {
	const char *expression, *name;
	bool fits;
} matches[] = {
	{"a", "b", false},          {"a", "aa", false},           {"aa", "a", false},
	{"a/b", "a", false},        {"a", "a/b", false},          {"a", "A", false},
	{"a/", "a", false},         {"a", "a/", false},           {"a//b", "a/b", false},
	{"a/b", "a//b", false},     {"*", "a/b", false},          {"*", "/", false},
	{"*/b", "a/a/b", false},    {"a/*", "a", false},          {"a/*", "a/b/c", false},
	{"a/*", "a/b/", false},     {"a/*/c", "a/c", false},      {"a*c", "a/c", false},
	{"a*c", "abcd", false},     {"a*b*c", "acb", false},      {"ME* Shaft*", "ME ShaftPower/x", false},
	{"*a/b", "a/a/b", false},   {"*ab", "aab/ab", false},     {"**", "a/b", false},
	{"a", "a", true},           {"*", "a", true},             {"*", "", true},
	{"**", "a", true},          {"a/*", "a/b", true},         {"a/*", "a/", true},
	{"a/*/c", "a//c", true},    {"*/*", "a/b", true},         {"*/*", "/", true},
	{"a*c", "ac", true},        {"a*c", "abc", true},         {"a*b*c", "axbxbxc", true},
	{"*ab", "aab", true},       {"*ab", "abab", true},        {"*b/*b", "ab/bbab", true},
	{"ME* Shaft*", "ME ShaftPower", true}, {"ME* Shaft*", "ME1 ShaftTorque", true},
	{"a//b/", "a//b/", true},   {"*//b/*", "a//b/", true},
	{"\xc3\xa4*", "\xc3\xa4\xc3\xb6", true},
};

static void test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(matches); i++) {
		struct expression expression = {.domain = EXPRESSION_JSMEA, .text = str_of(matches[i].expression)};
		int64_t work = 1000000;
		if (expression_matches(&expression, str_of(matches[i].name), &work) != matches[i].fits)
			fail_msg("%s and %s", matches[i].expression, matches[i].name);
		assert_true(work > 0);
	}
}

/* What makes other globs take exponential time takes text times name here, and ends when the work is used up. */
static void test_bounded_work(void **state)
{
	(void)state;
	struct expression expression = {.text = STR("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")};
	struct str name = STR(LONG_NAME);
	int64_t work = 1 << 20;
	assert_false(expression_matches(&expression, name, &work));
	assert_true(work > (1 << 20) - (int64_t)(expression.text.len * name.len));
	work = 100;
	assert_false(expression_matches(&expression, name, &work));
	assert_int_equal(work, 0);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(expression_check_name(EXPRESSION_RAALABS, STR("a/*")), E_SERIES_EXPRESSION);
	assert_int_equal(expression_check_name(EXPRESSION_RAALABS, STR("")), E_SERIES_EXPRESSION);
	assert_int_equal(expression_check_name(EXPRESSION_ID, STR(UUID_A "," UUID_B)), E_SERIES_EXPRESSION);
	assert_int_equal(expression_check_name(EXPRESSION_ID, STR("*")), E_SERIES_EXPRESSION);
	assert_int_equal(expression_check_name(EXPRESSION_ID, STR(UUID_A)), 0);
	assert_int_equal(expression_check_name(EXPRESSION_JSMEA, STR("//")), 0);
}

static void test_too_many_uuids(void **state)
{
	(void)state;
	static char text[(EXPRESSION_UUIDS_MAX + 1) * (UUID_TEXT_LEN + 1)];
	struct expression expression;
	for (size_t i = 0; i <= EXPRESSION_UUIDS_MAX; i++) {
		memcpy(text + i * (UUID_TEXT_LEN + 1), UUID_A, UUID_TEXT_LEN);
		text[i * (UUID_TEXT_LEN + 1) + UUID_TEXT_LEN] = ',';
	}
	struct str most = {text, EXPRESSION_UUIDS_MAX * (UUID_TEXT_LEN + 1) - 1};
	struct str more = {text, sizeof(text) - 1};
	assert_int_equal(expression_parse(STR("id"), more, &expression), E_SERIES_EXPRESSION);
	assert_int_equal(expression_parse(STR("id"), most, &expression), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),        cmocka_unit_test(test_joined), cmocka_unit_test(test_matches),
		cmocka_unit_test(test_bounded_work), cmocka_unit_test(test_names),
			 cmocka_unit_test(test_too_many_uuids)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
