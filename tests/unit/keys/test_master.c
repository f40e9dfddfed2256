/* Where the master key may come from, and what is refused; the text never shows in a message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/master.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define B64 "ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8"

static const unsigned char want[SEAL_MASTER_LEN] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static char dir[] = "/tmp/mint-master-XXXXXX";
static char path[64];

static void put(const char *text, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int read_it(const char *where)
{
	unsigned char got[SEAL_MASTER_LEN];
	const char *why = NULL;
	int rc = master_read(where, got, &why);
	if (rc == 0) {
		assert_memory_equal(got, want, sizeof(want));
		return 0;
	}
	assert_non_null(why);
	assert_null(strstr(why, "0011"));
	return rc;
}

static const struct {
	const char *text;
	mode_t mode;
	int want;
} files[] = {
	{HEX, 0640, E_CONFIG},
	{HEX, 0604, E_CONFIG},
	{HEX, 0620, E_CONFIG},
	{HEX, 0601, E_CONFIG},
	{"", 0600, E_CONFIG},
	{"\n", 0600, E_CONFIG},
	{HEX "0", 0600, E_CONFIG},
	{HEX " ", 0600, E_CONFIG},
	{" " HEX, 0600, E_CONFIG},
	{"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600, E_CONFIG},
	{B64 "=", 0600, E_CONFIG},
	{"ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8", 0600, E_CONFIG},
	{"0011223344556677", 0600, E_CONFIG},
	{HEX, 0600, 0},
	{HEX "\n", 0600, 0},
	{HEX "\r\n", 0400, 0},
	{B64, 0600, 0},
	{B64 "\n", 0600, 0},
};

static void test_files(void **state)
{
	char where[80];
	(void)state;
	snprintf(where, sizeof(where), "file:%s", path);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put(files[i].text, files[i].mode);
		if (read_it(path) != files[i].want || read_it(where) != files[i].want)
			fail_msg("row %zu", i);
	}
}

static void test_kinds_of_file(void **state)
{
	char link[80];
	(void)state;
	put(HEX, 0600);
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(read_it(link), E_CONFIG);
	unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0); /* must not wait for a writer */
	assert_int_equal(read_it(link), E_CONFIG);
	unlink(link);
	assert_int_equal(read_it(link), E_CONFIG);
	assert_int_equal(read_it(dir), E_CONFIG);
	assert_int_equal(read_it("/dev/zero"), E_CONFIG);
	if (geteuid() == 0) { /* another owner can be made by root only */
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(read_it(path), E_CONFIG);
	}
}

static void test_env(void **state)
{
	(void)state;
	assert_int_equal(read_it("env:MINT_TEST_MASTER"), E_CONFIG);
	setenv("MINT_TEST_MASTER", HEX, 1);
	const char *value = getenv("MINT_TEST_MASTER");
	assert_int_equal(read_it("env:MINT_TEST_MASTER"), 0);
	assert_null(getenv("MINT_TEST_MASTER"));
	assert_int_equal(value[0], '\0'); /* wiped, not only unlinked */
	assert_int_equal(value[40], '\0');
	setenv("MINT_TEST_MASTER", "wrong", 1);
	assert_int_equal(read_it("env:MINT_TEST_MASTER"), E_CONFIG);
	assert_null(getenv("MINT_TEST_MASTER"));
	assert_string_equal(master_env("env:X"), "X");
	assert_null(master_env("/env:X"));
}

static void test_credential(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	put(HEX, 0440); /* systemd lets the service in by an access list, which shows as group bits */
	assert_int_equal(read_it("credential:key"), E_CONFIG);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(read_it("credential:key"), 0);
	assert_int_equal(read_it("credential:"), E_CONFIG);
	assert_int_equal(read_it("credential:../key"), E_CONFIG);
	assert_int_equal(read_it("credential:.."), E_CONFIG);
	assert_int_equal(read_it("credential:/key"), E_CONFIG);
	assert_int_equal(read_it("credential:other"), E_CONFIG);
	put(HEX, 0444);
	assert_int_equal(read_it("credential:key"), E_CONFIG);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/key", dir);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_kinds_of_file),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_credential),
	};
	return cmocka_run_group_tests_name("master", tests, NULL, NULL);
}
