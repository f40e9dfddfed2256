/* base/fault.c. */
#include "test.h"

#include "base/fault.h"

#ifdef MINTMARK_FAULTS
static void only_the_nth_point_fails(void **state)
{
	(void)state;
	fault_arm(FAULT_STORE, 3);
	assert_false(fault_hit(FAULT_STORE));
	assert_false(fault_hit(FAULT_ALLOC)); /* kinds are counted apart */
	assert_false(fault_hit(FAULT_STORE));
	assert_false(fault_reached(FAULT_STORE));
	assert_true(fault_hit(FAULT_STORE));
	assert_true(fault_reached(FAULT_STORE));
	for (int i = 0; i < 10; i++)
		assert_false(fault_hit(FAULT_STORE));
	assert_false(fault_reached(FAULT_ALLOC));
}

static void zero_disarms(void **state)
{
	(void)state;
	fault_arm(FAULT_WRITE, 1);
	fault_arm(FAULT_WRITE, 0);
	assert_false(fault_hit(FAULT_WRITE));
	assert_false(fault_reached(FAULT_WRITE));
}

static void arming_starts_anew(void **state)
{
	(void)state;
	fault_arm(FAULT_WRITE, 2);
	assert_false(fault_hit(FAULT_WRITE));
	fault_arm(FAULT_WRITE, 2);
	assert_false(fault_hit(FAULT_WRITE));
	assert_true(fault_hit(FAULT_WRITE));
}
#else
static void only_the_nth_point_fails(void **state)
{
	(void)state;
	assert_false(fault_hit(FAULT_STORE));
}
static void zero_disarms(void **state)
{
	(void)state;
	skip();
}
static void arming_starts_anew(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_nth_point_fails), cmocka_unit_test(zero_disarms),
		cmocka_unit_test(arming_starts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
