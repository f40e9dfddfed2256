/* scope.c: the grammar of RFC 6749 3.3 and appendix A.4. CC-26. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oauth/scope.h"

static void refuses_what_is_not_in_the_grammar(void **state) /* CC-26 */
{
	static const struct str bad[] = {
		STR(""),     STR(" "),    STR(" a"),    STR("a "),    STR("a  b"),     STR("a\tb"), STR("a\"b"),
		STR("a\\b"), STR("a\nb"), STR("a\x7f"), STR("a\x01"), STR("\xc3\xa4"), {"a\0b", 3},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena arena;
		struct str_list scopes = {NULL, 77};
		arena_init(&arena, 65536);
		assert_int_equal(scope_parse(bad[i], &arena, &scopes), E_INVALID_SCOPE);
		assert_int_equal(scopes.n, 77); /* untouched */
		arena_done(&arena);
	}
}

static void keeps_order_and_drops_duplicates(void **state) /* CC-26 */
{
	struct arena arena;
	struct str_list scopes;
	struct str text;
	(void)state;
	arena_init(&arena, 65536);
	assert_int_equal(scope_parse(STR("b a b A !#[]~ a"), &arena, &scopes), 0);
	assert_int_equal(scope_join(scopes, &arena, &text), 0);
	assert_true(str_eq(text, STR("b a A !#[]~")));
	arena_done(&arena);
}

static void bounds_number_and_length(void **state) /* ATTACKS 26: 10,000 scopes */
{
	static char many[20001], longest[MODEL_SCOPE_MAX + 2];
	struct arena arena;
	struct str_list scopes;
	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(many) - 1; i += 2) {
		many[i] = 'a';
		many[i + 1] = ' ';
	}
	assert_int_equal(scope_parse((struct str){many, 19999}, &arena, &scopes), E_INVALID_SCOPE);
	assert_int_equal(scope_parse((struct str){many, 2 * MODEL_SCOPES_MAX + 1}, &arena, &scopes), E_INVALID_SCOPE);
	assert_int_equal(scope_parse((struct str){many, 2 * MODEL_SCOPES_MAX - 1}, &arena, &scopes), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(scope_parse((struct str){longest, MODEL_SCOPE_MAX + 1}, &arena, &scopes), E_INVALID_SCOPE);
	assert_int_equal(scope_parse((struct str){longest, MODEL_SCOPE_MAX}, &arena, &scopes), 0);
	arena_done(&arena);
}

static void knows_identity_scopes(void **state)
{
	(void)state;
	assert_true(scope_is_identity(STR("openid")));
	assert_true(scope_is_identity(STR("offline_access")));
	assert_false(scope_is_identity(STR("Openid")));
	assert_false(scope_is_identity(STR("api")));
	assert_false(scope_is_identity(STR("")));
}

static void fails_when_memory_ends(void **state)
{
	struct arena arena;
	struct str_list scopes;
	(void)state;
	arena_init(&arena, 16);
	assert_int_equal(scope_parse(STR("a b c"), &arena, &scopes), E_NOMEM);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_in_the_grammar),
		cmocka_unit_test(keeps_order_and_drops_duplicates),
		cmocka_unit_test(bounds_number_and_length),
		cmocka_unit_test(knows_identity_scopes),
		cmocka_unit_test(fails_when_memory_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
