/* recent.c: figures of the last hour and day; what is older is gone; the busiest clients come first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "oauth/recent.h"

enum { NOW_S = 1000 * 3600 + 59 * 60 };

static void counts_by_minute_and_hour(void **state)
{
	struct recent *recent;
	struct recent_figures figures;
	(void)state;
	assert_int_equal(recent_new(&recent), 0);
	for (int i = 0; i < 3; i++)
		recent_token(recent, STR("mmc_a"), NOW_S);
	recent_token(recent, STR("mmc_b"), NOW_S - 60);
	recent_failure(recent, NOW_S + 59);
	recent_read(recent, NOW_S, &figures);
	assert_int_equal(figures.minute_tokens[RECENT_MINUTES - 1], 3);
	assert_int_equal(figures.minute_tokens[RECENT_MINUTES - 2], 1);
	assert_int_equal(figures.minute_failures[RECENT_MINUTES - 1], 1);
	assert_int_equal(figures.hour_tokens[RECENT_HOURS - 1], 4);
	recent_read(recent, NOW_S + 3600, &figures);
	assert_int_equal(figures.minute_tokens[RECENT_MINUTES - 1], 0); /* the same place of the ring, an hour later */
	assert_int_equal(figures.hour_tokens[RECENT_HOURS - 2], 4);
	recent_token(recent, STR("mmc_a"), NOW_S + 3600);
	recent_read(recent, NOW_S + 3600, &figures);
	assert_int_equal(figures.minute_tokens[RECENT_MINUTES - 1], 1);
	recent_read(recent, NOW_S + 30 * 3600, &figures);
	assert_int_equal(figures.hour_tokens[0], 0);
	assert_int_equal(figures.top[0].count, 0);
	recent_free(recent);
}

static void the_busiest_come_first_and_many_others_don_t_push_them_out(void **state)
{
	struct recent *recent;
	struct recent_figures figures;
	char id[80];
	(void)state;
	assert_int_equal(recent_new(&recent), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "mmc_%d", i);
		recent_token(recent, str_of(id), NOW_S);
		recent_token(recent, STR("mmc_busy"), NOW_S);
		if (i % 2)
			recent_token(recent, STR("mmc_less"), NOW_S);
	}
	recent_token(recent, STR(""), NOW_S);
	memset(id, 'x', sizeof(id));
	recent_token(recent, str_mem(id, sizeof(id)), NOW_S);
	recent_read(recent, NOW_S, &figures);
	assert_string_equal(figures.top[0].id, "mmc_busy");
	assert_string_equal(figures.top[1].id, "mmc_less");
	assert_int_equal(figures.top[0].count, 3000);
	recent_free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_by_minute_and_hour),
		cmocka_unit_test(the_busiest_come_first_and_many_others_don_t_push_them_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
