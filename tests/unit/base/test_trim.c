/* base/trim.c. */
#include <stdio.h>

#include "base/trim.h"
#include "test.h"

/* Memory of files that this process has mapped and present, KiB. */
static long file_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *status = fopen("/proc/self/status", "re");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "RssFile: %ld", &kib) == 1)
			break;
	fclose(status);
	return kib;
}

static void gives_back(void **state)
{
	(void)state;
	static int data = 4711;
	static const char constant[] = "of the file";
	volatile const char *there = constant;
	long before = file_kib();
	trim_start_up();
	long after = file_kib();
	assert_true(before > 0);
	assert_true(after > 0);
	assert_true(after < before);
	assert_int_equal(data, 4711);
	assert_int_equal(there[0], 'o');
}

static void again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		trim_start_up();
	assert_true(file_kib() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(gives_back), cmocka_unit_test(again)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
