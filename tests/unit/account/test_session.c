/* How long a browser stays signed in; see account/session.h. ATTACKS 48: the clock jumps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "account/session.h"

enum { NOW = 1700000000, HOUR = 3600 };

static const struct people_policy policy = {.session_idle_s = 1000, .session_max_s = 5000};

static void ends_idle_and_ends_at_last(void **state)
{
	(void)state;
	assert_int_equal(session_expires_s(&policy, NOW, NOW), NOW + 1000);
	assert_int_equal(session_expires_s(&policy, NOW, NOW + 3999), NOW + 4999);
	assert_int_equal(session_expires_s(&policy, NOW, NOW + 4000), NOW + 5000);
	assert_int_equal(session_expires_s(&policy, NOW, NOW + 4900), NOW + 5000);
}

static void is_noted_once_a_minute(void **state)
{
	(void)state;
	const struct session session = {.seen_s = NOW};
	assert_false(session_is_touch_due(&session, NOW + 59));
	assert_true(session_is_touch_due(&session, NOW + 60));
}

/* OpenID Connect Core 3.1.2.1: of a sign-in elsewhere nobody may say when it was; then it is never fresh. */
static void undated_is_not_fresh(void **state)
{
	(void)state;
	const struct session session = {.auth_s = NOW, .methods = AUTH_UPSTREAM | AUTH_UNDATED};
	assert_false(session_is_fresh(&session, NOW));
}

static void test_attack_48_the_clock_jumps(void **state)
{
	(void)state;
	const struct session session = {.auth_s = NOW, .created_s = NOW, .seen_s = NOW};
	assert_true(session_is_fresh(&session, NOW));
	assert_true(session_is_fresh(&session, NOW + 900));
	assert_false(session_is_fresh(&session, NOW + 901));
	assert_false(session_is_fresh(&session, NOW + HOUR));
	assert_false(session_is_fresh(&session, NOW - HOUR)); /* set back: a sign-in that lies ahead proves nothing */
	assert_false(session_is_touch_due(&session, NOW - HOUR));
	assert_int_equal(session_expires_s(&policy, NOW, NOW - HOUR), NOW - HOUR + 1000); /* never longer */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_idle_and_ends_at_last), cmocka_unit_test(is_noted_once_a_minute),
		cmocka_unit_test(undated_is_not_fresh), cmocka_unit_test(test_attack_48_the_clock_jumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
