/*
 * The database file and the lock that keeps a second process out. The lock is an flock(2) on "<path>.lock": the kernel
 * lets it go when the process dies. The lock file is never removed, since a removed one could be locked twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/sqlite.h"

static int fail(const char *what, const char *path)
{
	int error = errno;
	LOG(LOG_ERROR, "store_file_failed", F("what", what), F("path", path), F("errno", error));
	return E_STORE;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void free_name(char **name) { free(*name); }

static int take_lock(const char *path, int *ret_fd)
{
	char name[4096];
	int len = snprintf(name, sizeof(name), "%s.lock", path);
	if (len < 0 || (size_t)len >= sizeof(name))
		return E_LIMIT;
	_cleanup_(close_fd) int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail("open lock", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? E_LOCKED : fail("lock", name);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int sync_folder(const char *path)
{
	_cleanup_(free_name) char *copy = strdup(path);
	if (!copy)
		return E_NOMEM;
	char *slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy ? 1 : 0] = '\0';
	_cleanup_(close_fd) int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return fail("sync folder", path);
	return 0;
}

/* SQLite gives its log and index files the mode of this one. */
static int create_file(const char *path)
{
	_cleanup_(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : fail("create", path);
	return sync_folder(path);
}

int sqlite_file_prepare(const char *path, bool create, int *ret_lock_fd)
{
	if (!create && access(path, F_OK) < 0)
		return errno == ENOENT ? E_ABSENT : fail("look at", path);
	_cleanup_(close_fd) int fd = -1;
	TRY(take_lock(path, &fd));
	if (create)
		TRY(create_file(path));
	*ret_lock_fd = fd;
	fd = -1;
	return 0;
}
