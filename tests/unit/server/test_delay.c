/* When an answer that is held back is given (delay.h). CC-15, ATTACKS 19. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "server/delay.h"
#include "server/task.h"

enum { US = 1000, MS = 1000 * US, TASKS = 4 };

/* Known and unknown, from memory and from the store: ready at other times, answered at the same. */
static void test_ways_of_one_slot_end_together(void **state)
{
	(void)state;
	static const int64_t ready_us[] = {0, 1, 40, 900, 2500, 4999};
	for (size_t i = 0; i < sizeof(ready_us) / sizeof(ready_us[0]); i++)
		assert_int_equal(delay_due_ns(7 * MS, 7 * MS + ready_us[i] * US), 12 * MS);
}

/* One that was slower waits for the end of its own slot: never answered the moment it is ready. */
static void test_a_slow_one_waits_for_its_slot(void **state)
{
	(void)state;
	static const struct {
		int64_t ready_us, due_ms;
	} rows[] = {{5000, 10}, {5001, 10}, {9999, 10}, {10000, 15}, {1000001, 1005}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(delay_due_ns(0, rows[i].ready_us * US), rows[i].due_ms * MS);
}

static struct task tasks[TASKS];
static const struct task *finished[TASKS];
static unsigned n_finished;
static struct loop *loop;

static void finish(struct task *task)
{
	assert_true(clock_mono_ns() >= task->due_ns);
	finished[n_finished++] = task;
	if (n_finished == TASKS)
		loop_stop(loop);
}

/* Whatever the order they are added in, and none before its time. */
static void test_answers_come_in_the_order_of_their_time(void **state)
{
	(void)state;
	static const int64_t began_ms[TASKS] = {17, 2, 11, 8}; /* ago */
	struct delay delay;
	int64_t now_ns = clock_mono_ns();
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(delay_init(&delay, loop, finish), 0);
	for (size_t i = 0; i < TASKS; i++) {
		tasks[i].start_ns = now_ns - began_ms[i] * MS;
		delay_add(&delay, &tasks[i]);
		assert_true(tasks[i].due_ns > now_ns);
	}
	assert_int_equal(n_finished, 0);
	assert_int_equal(loop_run(loop), 0);
	for (size_t i = 1; i < TASKS; i++)
		assert_true(finished[i - 1]->due_ns <= finished[i]->due_ns);
	assert_null(delay.first);
	assert_null(delay.last);
	delay_done(&delay);
	loop_free(loop);
}

static void test_done_of_what_never_began(void **state)
{
	(void)state;
	struct delay delay = {0};
	delay_done(&delay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways_of_one_slot_end_together),
		cmocka_unit_test(test_a_slow_one_waits_for_its_slot),
		cmocka_unit_test(test_answers_come_in_the_order_of_their_time),
		cmocka_unit_test(test_done_of_what_never_began),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
