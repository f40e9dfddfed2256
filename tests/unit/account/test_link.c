/* Links that are good for one use; see account/link.h. ATTACKS 48. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "account/link.h"
#include "base/fault.h"
#include "fixture.h"

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
static const struct link_terms terms = {LINK_RESET, STR("mma_ada"), STR("password"), FIXTURE_NOW_S, 3600};

static int peek(struct fixture *fixture, enum link_kind kind, struct str text, int64_t after_s)
{
	struct once once;
	const struct link_key key = {kind, text, FIXTURE_NOW_S + after_s};
	return link_peek(fixture->env.store, &key, &fixture->call.arena, &once);
}

static int take(struct fixture *fixture, enum link_kind kind, struct str text, int64_t after_s)
{
	struct once once;
	const struct audit_note now = {FIXTURE_NOW_S + after_s, STR("test"), STR("take"), STR("x"), STR("")};
	const struct link_key key = {kind, text, FIXTURE_NOW_S + after_s};
	unsigned char sha256[32];
	struct store_once_key found;
	TRY(link_once(&key, sha256, &found));
	return store_once_take(fixture->env.store, &found, &fixture->call.arena, &once, &now);
}

static void is_good_once_for_its_kind_and_time(void **state)
{
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1];
	assert_int_equal(link_new(fixture->env.store, &terms, &note, text), 0);
	struct str link = str_of(text);
	assert_true(str_has_prefix(link, STR("mml_")));
	for (int i = 0; i < 3; i++) /* looking uses nothing up */
		assert_int_equal(peek(fixture, LINK_RESET, link, 0), 0);
	assert_int_equal(peek(fixture, LINK_VERIFY, link, 0), E_ABSENT);
	assert_int_equal(take(fixture, LINK_INVITE, link, 0), E_ABSENT);
	assert_int_equal(peek(fixture, LINK_RESET, link, 3599), 0);
	assert_int_equal(peek(fixture, LINK_RESET, link, 3600), E_ABSENT);
	assert_int_equal(take(fixture, LINK_RESET, link, 3600), E_ABSENT);
	assert_int_equal(take(fixture, LINK_RESET, link, 3599), 0);
	assert_int_equal(take(fixture, LINK_RESET, link, 0), E_ABSENT);
	assert_int_equal(peek(fixture, LINK_RESET, link, 0), E_ABSENT);
}

static void what_is_no_link_is_absent(void **state)
{
	static const struct str bad[] = {STR(""), STR("x"), STR("mml_"), STR("mms_0000"), STR("' or 1=1")};
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(take(fixture, LINK_RESET, bad[i], 0), E_ABSENT);
	assert_int_equal(link_new(fixture->env.store, &terms, &note, text), 0);
	text[10] = text[10] == 'a' ? 'b' : 'a';
	assert_int_equal(peek(fixture, LINK_RESET, str_of(text), 0), E_ABSENT);
}

static void invitations_are_read_strictly(void **state)
{
	struct fixture *fixture = *state;
	struct str email;
	struct str_list roles;
	struct arena *arena = &fixture->call.arena;
	assert_int_equal(link_invited(STR("a@b.example"), arena, &email, &roles), 0);
	assert_true(str_eq(email, STR("a@b.example")) && roles.n == 0);
	assert_int_equal(link_invited(STR("- Admin"), arena, &email, &roles), 0);
	assert_true(email.len == 0 && roles.n == 1 && str_eq(roles.v[0], STR("Admin")));
	assert_int_equal(link_invited(STR("a@b.example x y z"), arena, &email, &roles), 0);
	assert_int_equal(roles.n, 3);
	assert_int_equal(link_invited(STR("a@b.example  x"), arena, &email, &roles), E_SYNTAX);
	assert_int_equal(link_invited(STR("a@b.example "), arena, &email, &roles), E_SYNTAX);
}

static void urls(void **state)
{
	char mem[200];
	struct buf url;
	(void)state;
	buf_init_fixed(&url, mem, sizeof(mem));
	link_url(STR("https://id.example/x/"), LINK_ADMIN, STR("mml_1"), &url);
	assert_true(str_eq(buf_str(&url), STR("https://id.example/x/invite?token=mml_1")));
	buf_reset(&url);
	link_url(STR("https://id.example"), LINK_RESET, STR("mml_1"), &url);
	assert_true(str_eq(buf_str(&url), STR("https://id.example/reset/new?token=mml_1")));
}

static void test_attack_48_no_random_no_link(void **state)
{
	struct fixture *fixture = *state;
	char text[ID_SECRET_LEN + 1] = "untouched";
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(link_new(fixture->env.store, &terms, &note, text), E_RANDOM);
	assert_true(fault_reached(FAULT_RANDOM));
	fault_arm(FAULT_RANDOM, 0);
	assert_string_equal(text, "untouched");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_good_once_for_its_kind_and_time), TEST(what_is_no_link_is_absent),
		TEST(invitations_are_read_strictly), TEST(urls), TEST(test_attack_48_no_random_no_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
