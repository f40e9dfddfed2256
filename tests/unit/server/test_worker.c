/* When a failed authentication is answered (worker.h). CC-15, ATTACKS 19. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/worker.h"

enum { US = 1000, MS = 1000 * US };

/* Known and unknown, from memory and from the store: ready at other times, answered at the same. */
static void test_ways_of_one_slot_end_together(void **state)
{
	(void)state;
	static const int64_t ready_us[] = {0, 1, 40, 900, 2500, 4999};
	for (size_t i = 0; i < sizeof(ready_us) / sizeof(ready_us[0]); i++)
		assert_int_equal(worker_due_ns(7 * MS, 7 * MS + ready_us[i] * US), 12 * MS);
}

/* One that was slower waits for the end of its own slot: never answered the moment it is ready. */
static void test_a_slow_one_waits_for_its_slot(void **state)
{
	(void)state;
	static const struct {
		int64_t ready_us, due_ms;
	} rows[] = {{5000, 10}, {5001, 10}, {9999, 10}, {10000, 15}, {1000001, 1005}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(worker_due_ns(0, rows[i].ready_us * US), rows[i].due_ms * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways_of_one_slot_end_together),
		cmocka_unit_test(test_a_slow_one_waits_for_its_slot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
