/* Whole files: either the old one or the new one, the mode asked for, nothing left over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/files.h"

static char dir[64];
static char path[128];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mint-files-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(files_join(dir, "f", sizeof(path), path), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir); /* fails when a temporary file is left */
}

static void holds(const char *expected)
{
	_cleanup_(buf_done) struct buf got;
	buf_init(&got, 1024);
	assert_int_equal(files_read(path, &got), 0);
	assert_true(str_eq(buf_str(&got), str_of(expected)));
}

static void write_and_replace(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(files_write(path, 0600, STR("one")), 0);
	assert_int_equal(files_write(path, 0600, STR("two")), 0);
	holds("two");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void create_never_replaces(void **state)
{
	(void)state;
	assert_int_equal(files_create(path, 0600, STR("one")), 0);
	assert_int_equal(files_create(path, 0600, STR("two")), E_EXISTS);
	holds("one");
}

/* A symbolic link where the temporary file goes is replaced, not followed. */
static void left_over(void **state)
{
	(void)state;
	char temp[160], target[160];
	snprintf(temp, sizeof(temp), "%s.new", path);
	snprintf(target, sizeof(target), "%s.target", path);
	assert_int_equal(symlink(target, temp), 0);
	assert_int_equal(files_write(path, 0600, STR("one")), 0);
	holds("one");
	assert_int_equal(access(target, F_OK), -1);
}

static void refused(void **state)
{
	(void)state;
	_cleanup_(buf_done) struct buf small;
	char long_path[16];
	buf_init(&small, 2);
	assert_int_equal(files_read(path, &small), E_ABSENT);
	assert_int_equal(files_write("/nowhere/at/all", 0600, STR("x")), E_IO);
	assert_int_equal(files_create("/nowhere/at/all", 0600, STR("x")), E_IO);
	assert_int_equal(files_write(path, 0600, STR("long")), 0);
	assert_int_equal(files_read(path, &small), E_LIMIT);
	assert_int_equal(files_join(dir, "f", sizeof(long_path), long_path), E_LIMIT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(write_and_replace), CASE(create_never_replaces), CASE(left_over),
					   CASE(refused)};
	return cmocka_run_group_tests_name("cli_files", tests, NULL, NULL);
}
