/*
 * What the server process can't do any more once it shut itself in: in a child, with the function that the server
 * calls. Each row is tried outside too, where it must succeed: a test that fails for another reason proves nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/role.h"
#include "ipc/sandbox.h"

static char root[64], inside[80]; /* inside: root/store */

/* root/name; four at a time. */
static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool do_read_key(void) { return opens(at("master.key"), O_RDONLY); }
static bool do_read_key_by_dots(void) { return opens(at("store/../master.key"), O_RDONLY); }
static bool do_read_key_by_link(void) { return opens(at("store/link"), O_RDONLY); }
static bool do_read_key_by_proc(void)
{
	char path[160];
	snprintf(path, sizeof(path), "/proc/self/root%s", at("master.key"));
	return opens(path, O_RDONLY);
}
static bool do_write_key(void) { return opens(at("master.key"), O_WRONLY); }
static bool do_create(void) { return opens(at("new"), O_RDWR | O_CREAT | O_EXCL) && unlink(at("new")) == 0; }
static bool do_list(void) { return opens(root, O_RDONLY | O_DIRECTORY); }
static bool do_unlink(void) { return unlink(at("victim")) == 0; }
static bool do_mkdir(void) { return mkdir(at("folder"), 0700) == 0; }
static bool do_mkdir_inside(void) { return mkdir(at("store/folder"), 0700) == 0; }
static bool do_rename_out(void) { return rename(at("store/file"), at("moved")) == 0; }
static bool do_rename_in(void) { return rename(at("master.key"), at("store/key")) == 0; }
static bool do_link_in(void) { return link(at("master.key"), at("store/key")) == 0; }
static bool do_symlink(void) { return symlink("x", at("store/symlink")) == 0; }
static bool do_socket(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at("store/socket"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
}
static bool do_passwd(void) { return opens("/etc/passwd", O_RDONLY); }
static bool do_device(void) { return opens("/dev/zero", O_RDONLY); }

/* A program that runs and tells so by its status; execve returns only when it was refused. */
static bool runs(const char *program)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		char name[] = "program", *argv[] = {name, NULL}, *env[] = {NULL};
		execve(program, argv, env);
		_exit(99);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool do_execute(void) { return runs("/bin/true"); }
static bool do_execute_inside(void) { return runs(at("store/program")); }

static const struct {
	const char *name;
	bool (*fn)(void);
} refused[] = {
	{"read key", do_read_key},
	{"read key by ..", do_read_key_by_dots},
	{"read key by link", do_read_key_by_link},
	{"read key by /proc/self/root", do_read_key_by_proc},
	{"write key", do_write_key},
	{"create", do_create},
	{"list", do_list},
	{"unlink", do_unlink},
	{"mkdir", do_mkdir},
	{"mkdir inside", do_mkdir_inside},
	{"rename out", do_rename_out},
	{"rename in", do_rename_in},
	{"link in", do_link_in},
	{"symlink", do_symlink},
	{"socket", do_socket},
	{"passwd", do_passwd},
	{"device", do_device},
	{"execute", do_execute},
	{"execute inside", do_execute_inside},
};

/* What SQLite does. */
static bool do_store(void)
{
	const char *path = at("store/db-wal");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, "abc", 3) == 3 && ftruncate(fd, 1) == 0 && fsync(fd) == 0;
	close(fd);
	int folder = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = good && folder >= 0 && fsync(folder) == 0;
	close(folder);
	return good && opens(path, O_RDWR | O_TRUNC) && truncate(path, 0) == 0 && access(path, F_OK) == 0 &&
	       rename(path, at("store/db-journal")) == 0 && unlink(at("store/db-journal")) == 0;
}

static void *in_thread(void *fn) { return (*(bool (**)(void))fn)() ? fn : NULL; }

/* A thread that was started afterwards is as restricted as the one that started it. */
static bool in_other_thread(bool (*fn)(void))
{
	pthread_t thread;
	void *result = NULL;
	return pthread_create(&thread, NULL, in_thread, &fn) == 0 && pthread_join(thread, &result) == 0 && result;
}

enum { YES, NO, BROKEN, ABSENT };

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		_exit(BROKEN);
}

static void child(bool (*fn)(void), bool restricted, bool threaded)
{
	if (role_harden() < 0)
		_exit(BROKEN);
	int rc = restricted ? sandbox_server(inside, NULL, 0) : 0;
	if (rc < 0)
		_exit(rc == E_ABSENT ? ABSENT : BROKEN);
	_exit((threaded ? in_other_thread(fn) : fn()) ? YES : NO);
}

static void clear(void)
{
	static const char *const files[] = {
		"master.key", "victim",        "moved",        "new",           "store/file",   "store/link",
		"store/key",  "store/symlink", "store/socket", "store/program", "store/db-wal", "store/db-journal"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(at(files[i]));
	rmdir(at("folder"));
	rmdir(at("store/folder"));
}

/* In a child that has everything in place: did it work? */
static int run(bool (*fn)(void), bool restricted, bool threaded)
{
	int status;
	clear();
	put(at("master.key"), "secret", 0600);
	put(at("victim"), "x", 0600);
	put(at("store/file"), "x", 0600);
	put(at("store/program"), "#!/bin/sh\nexit 0\n", 0700);
	assert_int_equal(symlink("../master.key", at("store/link")), 0);
	pid_t pid = fork();
	if (pid == 0)
		child(fn, restricted, threaded);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int make_folders(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/mint-sandbox-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(inside, sizeof(inside), "%s/store", root);
	return mkdir(inside, 0700);
}

static int remove_folders(void **state)
{
	(void)state;
	clear();
	rmdir(inside);
	return rmdir(root);
}

/* Where there is no Landlock nothing else can be tested; say so. */
static void need_landlock(void)
{
	if (run(do_store, true, false) != ABSENT)
		return;
	print_message("skipped: the kernel has no Landlock\n");
	skip();
}

static void test_store_is_allowed(void **state)
{
	(void)state;
	need_landlock();
	assert_int_equal(run(do_store, true, false), YES);
	assert_int_equal(run(do_store, true, true), YES);
}

static void test_everything_else_is_refused(void **state)
{
	(void)state;
	need_landlock();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int outside = run(refused[i].fn, false, false);
		int first = run(refused[i].fn, true, false), second = run(refused[i].fn, true, true);
		if (outside != YES || first != NO || second != NO)
			fail_msg("%s: outside %d, inside %d, in a thread %d", refused[i].name, outside, first, second);
	}
}

static void test_no_folder(void **state)
{
	(void)state;
	need_landlock();
	assert_int_equal(sandbox_server("/nonexistent/folder", NULL, 0), E_CONFIG);
	assert_true(opens("/etc/passwd", O_RDONLY));
}

/* A descriptor from before stays what it was: the log, the listeners, what the supervisor sends. */
static void test_open_files_stay(void **state)
{
	(void)state;
	need_landlock();
	char c;
	int status, fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(role_harden() == 0 && sandbox_server(inside, NULL, 0) == 0 && read(fd, &c, 1) == 1 ? 0 : 1);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	log_setup("test", LOG_ERROR, LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_is_allowed),
		cmocka_unit_test(test_everything_else_is_refused),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_open_files_stay),
	};
	return cmocka_run_group_tests_name("sandbox_server", tests, make_folders, remove_folders);
}
