/* Form bodies (RFC 6749 appendix B, 3.2; WHATWG URL 5.1): CC-03, CC-04, CC-07. */
#include "test.h"

#include "base/enc.h"
#include "http/form.h"

static const struct form_param params[] = {{"a", false}, {"b", false}, {"resource", true}};
static const struct form_table table = {params, COUNT(params)};

static const struct {
	const char *name;
	struct str body;
	int verdict;
	const char *a, *b; /* NULL: absent */
} rows[] = {
	/* CC-07 */
	{"a twice", BYTES("a=1&a=2"), E_INVALID_REQUEST, NULL, NULL},
	{"a twice with the same value", BYTES("a=1&a=1"), E_INVALID_REQUEST, NULL, NULL},
	{"a twice, one empty", BYTES("a=&a=1"), E_INVALID_REQUEST, NULL, NULL},
	{"a twice, both empty", BYTES("a&a"), E_INVALID_REQUEST, NULL, NULL},
	{"a twice, one encoded", BYTES("a=1&%61=1"), E_INVALID_REQUEST, NULL, NULL},
	/* CC-04 */
	{"percent at the end", BYTES("a=%"), E_INVALID_REQUEST, NULL, NULL},
	{"percent with one digit", BYTES("a=%4"), E_INVALID_REQUEST, NULL, NULL},
	{"percent with other letters", BYTES("a=%zz"), E_INVALID_REQUEST, NULL, NULL},
	{"percent with a sign", BYTES("a=%+1"), E_INVALID_REQUEST, NULL, NULL},
	{"percent in a name", BYTES("%=1"), E_INVALID_REQUEST, NULL, NULL},
	{"percent in an unknown parameter", BYTES("zz=%"), E_INVALID_REQUEST, NULL, NULL},
	{"encoded NUL", BYTES("a=x%00y"), E_INVALID_REQUEST, NULL, NULL},
	{"NUL", BYTES("a=x\0y"), E_INVALID_REQUEST, NULL, NULL},
	{"broken UTF-8", BYTES("a=%ff"), E_INVALID_REQUEST, NULL, NULL},
	{"overlong UTF-8", BYTES("a=%c0%af"), E_INVALID_REQUEST, NULL, NULL},
	{"surrogate", BYTES("a=%ed%a0%80"), E_INVALID_REQUEST, NULL, NULL},
	{"half a character", BYTES("a=%e2%82&b=%ac"), E_INVALID_REQUEST, NULL, NULL},
	/* taken */
	{"nothing", BYTES(""), 0, NULL, NULL},
	{"both", BYTES("a=1&b=2"), 0, "1", "2"},
	{"empty is absent", BYTES("a=&b=2"), 0, NULL, "2"},
	{"no equals sign", BYTES("a&b=2"), 0, NULL, "2"},
	{"plus and percent", BYTES("a=1+2%2B3%20"), 0, "1 2+3 ", NULL},
	{"equals sign in the value", BYTES("a=b=c"), 0, "b=c", NULL},
	{"encoded separators", BYTES("a=%26b%3D2"), 0, "&b=2", NULL},
	{"encoded name", BYTES("%61=1"), 0, "1", NULL},
	{"UTF-8", BYTES("a=%C3%a4\xc3\xb6"), 0, "\xc3\xa4\xc3\xb6", NULL},
	{"empty pairs", BYTES("&&a=1&&=x&"), 0, "1", NULL},
	{"unknown twice", BYTES("z=1&z=2&a=1"), 0, "1", NULL},
	{"case matters", BYTES("A=1&a=2"), 0, "2", NULL},
	{"blanks belong to the name", BYTES("a =1&a=2"), 0, "2", NULL},
	{"semicolon separates nothing", BYTES("a=1;b=2"), 0, "1;b=2", NULL},
};

static void expect_param(const struct form_value *got, const char *want)
{
	assert_int_equal(got->present, want != NULL);
	if (want)
		expect_str(got->value, str_of(want));
}

static void test_rows(void **state)
{
	(void)state;
	struct form_value values[COUNT(params)];
	struct arena arena;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc = form_parse(rows[i].body, &table, &arena, values);
		if (rc != rows[i].verdict)
			fail_msg("%s: %d, want %d", rows[i].name, rc, rows[i].verdict);
		if (rc == 0) {
			expect_param(&values[0], rows[i].a);
			expect_param(&values[1], rows[i].b);
		}
		arena_reset(&arena);
	}
	arena_done(&arena);
}

/* RFC 8707 2: in order, empty ones left out. */
static void test_repeats(void **state)
{
	(void)state;
	struct form_value values[COUNT(params)];
	struct arena arena;
	arena_init(&arena, 65536);
	assert_int_equal(form_parse(STR("resource=x&resource=&a=1&resource=y&resource=z"), &table, &arena, values), 0);
	expect_param(&values[2], "x");
	expect_param(values[2].next, "y");
	expect_param(values[2].next->next, "z");
	assert_null(values[2].next->next->next);
	arena_done(&arena);
}

/* Attack 28: 64 KiB of one huge name, of tiny pairs, of one repeated parameter; all within the arena of a request. */
static void test_bounds(void **state)
{
	(void)state;
	static const char *const patterns[] = {"x", "&", "z&", "z=%41&", "resource=x&"};
	struct form_value values[COUNT(params)];
	struct arena arena;
	char *body = malloc(65536);
	arena_init(&arena, 262144); /* a request has no more */
	for (size_t i = 0; i < COUNT(patterns); i++) {
		size_t len = strlen(patterns[i]), n = 65536 / len * len;
		for (size_t at = 0; at < n; at++)
			body[at] = patterns[i][at % len];
		bool repeats = patterns[i][0] == 'r'; /* too often is a malformed request, not want of memory */
		assert_int_equal(form_parse((struct str){body, n}, &table, &arena, values),
				 repeats ? E_INVALID_REQUEST : 0);
		arena_reset(&arena);
	}
	arena_done(&arena);
	arena_init(&arena, 8192);
	memset(body, 'x', 65536);
	assert_int_equal(form_parse((struct str){body, 65536}, &table, &arena, values), E_NOMEM);
	arena_done(&arena);
	free(body);
}

static void test_names_present(void **state)
{
	(void)state;
	assert_int_equal(form_names_present(STR(""), &table), 0);
	assert_int_equal(form_names_present(STR("x=1&%=&%zz"), &table), 0);
	assert_int_equal(form_names_present(STR("b"), &table), 2);
	assert_int_equal(form_names_present(STR("b=%zz&%61=&b"), &table), 3);
	assert_int_equal(form_names_present(STR("%72%65%73%6f%75%72%63%65=%"), &table), 4);
}

static void test_decode(void **state)
{
	(void)state;
	struct arena arena;
	struct str value = STR("untouched");
	arena_init(&arena, 4096);
	assert_int_equal(enc_form_decode(STR("%"), &arena, &value), E_SYNTAX);
	assert_int_equal(enc_form_decode(STR("%00"), &arena, &value), E_SYNTAX);
	expect_str(value, STR("untouched"));
	assert_int_equal(enc_form_decode(STR("a%3Ab+c"), &arena, &value), 0);
	expect_str(value, STR("a:b c"));
	arena_done(&arena);
}

/* CC-03 */
static void test_media_type(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		bool is_form;
	} types[] = {
		{"application/x-www-form-urlencoded", true},
		{"Application/X-WWW-Form-Urlencoded", true},
		{"application/x-www-form-urlencoded;charset=UTF-8", true},
		{" application/x-www-form-urlencoded ; a=b", true},
		{"", false},
		{"application/json", false},
		{"multipart/form-data; boundary=x", false},
		{"text/plain", false},
		{"application/x-www-form-urlencodedx", false},
		{"x application/x-www-form-urlencoded", false},
		{"application/x-www-form-urlencoded, text/plain", false},
	};
	for (size_t i = 0; i < COUNT(types); i++)
		if (form_is_media_type(str_of(types[i].type)) != types[i].is_form)
			fail_msg("%s", types[i].type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_repeats), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names_present), cmocka_unit_test(test_decode), cmocka_unit_test(test_media_type),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
