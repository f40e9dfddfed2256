/* base/clock.c. */
#include "test.h"

#include <time.h>

#include "base/clock.h"

static void fixed_clock_is_moved_by_hand(void **state)
{
	(void)state;
	struct clock clock = clock_fixed(1999999);
	assert_int_equal(clock_now_us(&clock), 1999999);
	assert_int_equal(clock_now_s(&clock), 1);
	clock.fixed_us += 1;
	assert_int_equal(clock_now_s(&clock), 2);
}

static void system_clock_is_the_machines(void **state)
{
	(void)state;
	struct timespec before, after;
	clock_gettime(CLOCK_REALTIME, &before);
	int64_t now_us = clock_now_us(&clock_system);
	clock_gettime(CLOCK_REALTIME, &after);
	assert_in_range(now_us, (int64_t)before.tv_sec * 1000000 + before.tv_nsec / 1000,
			(int64_t)after.tv_sec * 1000000 + after.tv_nsec / 1000);
}

static void monotonic(void **state)
{
	(void)state;
	int64_t last_ns = clock_mono_ns();
	for (int i = 0; i < 1000; i++) {
		int64_t now_ns = clock_mono_ns();
		assert_true(now_ns >= last_ns);
		last_ns = now_ns;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_clock_is_moved_by_hand), cmocka_unit_test(system_clock_is_the_machines),
		cmocka_unit_test(monotonic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
