/* Documents as trees: RFC 8259, YAML 1.2. The JSON reader is held against json/json.h by fuzz/fuzz_openapi.c too. */
#include "openapi/tree.h"
#include "set.h"

static int parse(const char *name, struct str text, struct arena *arena, const struct tree **ret_root, char *why)
{
	struct buf out;
	const struct tree_file file = {name, &out};
	buf_init_fixed(&out, why, OPENAPI_WHY_MAX - 1);
	arena_init(arena, TREE_ARENA_MAX);
	int rc = tree_parse(&file, text, arena, ret_root);
	why[out.len] = 0;
	return rc;
}

#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" "[[[[[[[[[[[[[[[[[[[[[[[[["
#define TEXT(lit) {(lit), sizeof(lit) - 1}

struct row {
	struct str text;
	const char *why;
};

static void check_refused(const char *name, const struct row *rows, size_t n)
{
	static char why[OPENAPI_WHY_MAX];
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		const struct tree *root = NULL;
		int rc = parse(name, rows[i].text, &arena, &root, why);
		if (rc != E_CONFIG || !strstr(why, rows[i].why))
			fail_msg("%.*s: %d, '%s' instead of '%s'", STR_ARG(rows[i].text), rc, why, rows[i].why);
		arena_done(&arena);
	}
}

static void refuses_json(void **state)
{
	static const struct row rows[] = {
		{TEXT(""), ":1:1: expected a value"},
		{TEXT("{"), ":1:2: expected a string"},
		{TEXT("{}{}"), ":1:3: something follows"},
		{TEXT("{\"a\":1,}"), ":1:8: expected a string"},
		{TEXT("{\"a\" 1}"), ":1:6: expected ':'"},
		{TEXT("{\"a\":1 \"b\"}"), ":1:8: expected ',' or '}'"},
		{TEXT("[1 2]"), ":1:4: expected ',' or ']'"},
		{TEXT("[1,]"), ":1:4: expected a value"},
		{TEXT("{a:1}"), ":1:2: expected a string"},
		{TEXT("{\"a\":1,\n\"a\":2}"), ":2:1: 'a' stands here a second time"},
		{TEXT("{\"a\":1,\"\\u0061\":2}"), ":1:8: 'a' stands here a second time"},
		{TEXT("[\"a"), ":1:3: the string does not end"},
		{TEXT("[\"\\"), "the string does not end"},
		{TEXT("[\"\n\"]"), ":1:3: a control character"},
		{TEXT("[\"\\x\"]"), ":1:4: an unknown escape"},
		{TEXT("[\"\\u12\"]"), "four hexadecimal digits"},
		{TEXT("[\"\\ud800\"]"), "half of a surrogate pair"},
		{TEXT("[\"\\ud800\\u0041\"]"), "half of a surrogate pair"},
		{TEXT("[\"\\udc00\"]"), "half of a surrogate pair"},
		{TEXT("[\"\\u0000\"]"), "a NUL character"},
		{TEXT("[\"\0\"]"), "not UTF-8"},
		{TEXT("[\"\xFF\"]"), "not UTF-8"},
		{TEXT("[01]"), ":1:3: expected ',' or ']'"},
		{TEXT("[+1]"), "expected a value"},
		{TEXT("[.5]"), "expected a value"},
		{TEXT("[1.]"), "expected a value"},
		{TEXT("[1e]"), "expected a value"},
		{TEXT("[-]"), "expected a value"},
		{TEXT("[True]"), "expected a value"},
		{TEXT("[nul]"), "expected a value"},
		{TEXT("[NaN]"), "expected a value"},
		{TEXT("[/**/]"), "expected a value"},
		{TEXT("[\xC3\xA9\xC3\xA9,"), ":1:2: expected a value"},
		{TEXT("[\"\xC3\xA9\xC3\xA9\",x]"), ":1:7: expected a value"}, /* columns count characters */
		{TEXT(DEEP), ":1:65: nested deeper than 64"},
	};
	(void)state;
	check_refused("t.json", rows, COUNT(rows));
}

/* An empty file in an empty buffer. */
static void refuses_nothing_at_all(void **state)
{
	static const struct row rows[] = {{{NULL, 0}, ":1:1: "}};
	(void)state;
	check_refused("t.json", rows, 1);
	check_refused("t.yaml", rows, 1);
	check_refused("t", rows, 1);
}

static void refuses_yaml(void **state)
{
	static const struct row rows[] = {
		{TEXT(""), "the document is empty"},
		{TEXT("# a\n"), "the document is empty"},
		{TEXT("a: 1\n---\nb: 1\n"), ":2:1: a second document"},
		{TEXT("a: 1\na: 2\n"), ":2:1: 'a' stands here a second time"},
		{TEXT("1: 1\n'1': 2\n"), ":2:1: '1' stands here a second time"},
		{TEXT("a: &a [*a]\n"), ":1:8: an alias of a value that it is part of"},
		{TEXT("a: &a {b: {c: *a}}\n"), "an alias of a value that it is part of"},
		{TEXT("a: *b\n"), ":1:4: an alias without an anchor"},
		{TEXT("? [a]\n: 1\n"), "must be a text"},
		{TEXT("? {a: 1}\n: 1\n"), "must be a text"},
		{TEXT("a: &x k\n*x : 1\n"), "an alias can not be the name"},
		{TEXT("&x a: 1\n"), "can not be an anchor"},
		{TEXT("a: &x {b: 1}\nc: {<<: *x}\n"), ":2:5: merge keys"},
		{TEXT("a: !!int 1\n"), "tags are not allowed"},
		{TEXT("a: !!binary aGk=\n"), "tags are not allowed"},
		{TEXT("a: !python/object:x {}\n"), "tags are not allowed"},
		{TEXT("a: !!set {b}\n"), "tags are not allowed"},
		{TEXT("%YAML 1.1\n---\na: 1\n"), "expected YAML 1.2"},
		{TEXT("a: [\n"), ":2:1: "},
		{TEXT("a: b: c\n"), ":1:5: "},
		{TEXT("\ta: 1\n"), ":1:1: "},
		{TEXT("a: \"\\0\"\n"), "a NUL character"},
		{TEXT("a: \0\n"), "not UTF-8"},
		{TEXT("a: \xFF\n"), "not UTF-8"},
		{TEXT("\xFF\xFE" "a\0"), "not UTF-8"},
		{TEXT(DEEP), "nested deeper than 64"},
	};
	(void)state;
	check_refused("t.yaml", rows, COUNT(rows));
}

/* YAML 1.2 10.3.2 (core schema): how a plain word is understood. */
static void understands_words(void **state)
{
	static const struct {
		const char *text;
		enum tree_kind kind;
	} rows[] = {
		{"", TREE_NULL}, {"~", TREE_NULL}, {"null", TREE_NULL}, {"NULL", TREE_NULL}, {"nULL", TREE_STR},
		{"true", TREE_BOOL}, {"True", TREE_BOOL}, {"FALSE", TREE_BOOL}, {"yes", TREE_STR}, {"no", TREE_STR},
		{"on", TREE_STR}, {"off", TREE_STR}, {"y", TREE_STR}, {"tRUE", TREE_STR}, {"'true'", TREE_STR},
		{"0", TREE_NUMBER}, {"-17", TREE_NUMBER}, {"+17", TREE_NUMBER}, {"017", TREE_NUMBER},
		{"0o17", TREE_NUMBER}, {"0x1F", TREE_NUMBER}, {"0o18", TREE_STR}, {"0xG", TREE_STR}, {"0b11", TREE_STR},
		{"1_000", TREE_STR}, {"1.5", TREE_NUMBER}, {"1.", TREE_NUMBER}, {".5", TREE_NUMBER}, {".", TREE_STR},
		{"1e3", TREE_NUMBER}, {"1e+3", TREE_NUMBER}, {"1e", TREE_STR}, {"-", TREE_LIST}, {".inf", TREE_NUMBER},
		{"-.INF", TREE_NUMBER}, {".NaN", TREE_NUMBER}, {"3.0.3", TREE_STR}, {"12:30", TREE_STR},
		{"2024-01-01", TREE_STR}, {"!!str 1", TREE_STR}, {"! 1", TREE_STR}, {"\"1\"", TREE_STR},
		{"!!str", TREE_STR}, {"+", TREE_STR}, {"0x", TREE_STR},
	};
	static char text[64], why[OPENAPI_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena arena;
		const struct tree *root = NULL;
		snprintf(text, sizeof(text), "a: %s\n", rows[i].text);
		if (rows[i].kind == TREE_LIST)
			snprintf(text, sizeof(text), "a:\n- \n");
		if (parse("t.yaml", str_of(text), &arena, &root, why) < 0)
			fail_msg("%s: %s", text, why);
		if (tree_get(root, STR("a"))->kind != rows[i].kind)
			fail_msg("%s: kind %d", text, tree_get(root, STR("a"))->kind);
		arena_done(&arena);
	}
}

static void reads_strings(void **state)
{
	static const char text[] = "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\udc36x\", "
				   "\"b\\u0041\": [true, false, null, -0.5e-3]}";
	static char why[OPENAPI_WHY_MAX];
	struct arena arena;
	const struct tree *root = NULL;
	(void)state;
	assert_int_equal(parse("t", str_of(text), &arena, &root, why), 0);
	assert_true(str_eq(tree_get(root, STR("a"))->text,
			   STR("\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xB6x")));
	const struct tree *list = tree_get(root, STR("bA"));
	assert_true(tree_is(list, TREE_LIST));
	assert_int_equal(list->n, 4);
	assert_true(list->items[0]->kind == TREE_BOOL && list->items[0]->truth);
	assert_true(list->items[1]->kind == TREE_BOOL && !list->items[1]->truth);
	assert_int_equal(list->items[2]->kind, TREE_NULL);
	assert_true(str_eq(list->items[3]->text, STR("-0.5e-3")));
	assert_null(tree_get(root, STR("c")));
	assert_null(tree_get(list, STR("a")));
	arena_done(&arena);
}

/* A billion laughs cost what a few of them cost: an alias is the node again. */
static void aliases_are_cheap(void **state)
{
	static char text[4096], why[OPENAPI_WHY_MAX];
	struct arena arena;
	const struct tree *root = NULL;
	size_t len = (size_t)snprintf(text, sizeof(text), "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	(void)state;
	for (int i = 1; i <= 30; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
					i - 1);
	assert_int_equal(parse("t.yaml", str_mem(text, len), &arena, &root, why), 0);
	assert_true(arena.used < 65536);
	assert_ptr_equal(tree_get(root, STR("a1"))->items[0], tree_get(root, STR("a1"))->items[4]);
	arena_done(&arena);
}

static void too_much(void **state)
{
	static char text[2 * TREE_NODES_MAX + 16], why[OPENAPI_WHY_MAX];
	struct arena arena;
	const struct tree *root = NULL;
	size_t len = 0;
	(void)state;
	text[len++] = '[';
	for (int i = 0; i < TREE_NODES_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "1,");
	text[len - 1] = ']';
	assert_int_equal(parse("t.json", str_mem(text, len), &arena, &root, why), E_CONFIG);
	assert_non_null(strstr(why, "values"));
	arena_done(&arena);
	len = 0;
	for (int i = 0; i <= TREE_ANCHORS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "a%d: &a%d 1\n", i, i);
	assert_int_equal(parse("t.yaml", str_mem(text, len), &arena, &root, why), E_CONFIG);
	assert_non_null(strstr(why, "too many anchors"));
	arena_done(&arena);
}

static void shows_harmlessly(void **state)
{
	(void)state;
	assert_string_equal(tree_show(STR("a\x1b[2J\xE2\x80\xAE\xFF")).text, "a?[2J????");
	assert_string_equal(tree_show(STR("01234567890123456789012345678901234567890123456789012345678901234")).text,
			    "012345678901234567890123456789012345678901234567890123456789...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_json),
		cmocka_unit_test(refuses_nothing_at_all),
		cmocka_unit_test(refuses_yaml),
		cmocka_unit_test(understands_words),
		cmocka_unit_test(reads_strings),
		cmocka_unit_test(aliases_are_cheap),
		cmocka_unit_test(too_much),
		cmocka_unit_test(shows_harmlessly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
