/* The file of a database; see db_file.h. */
#include "sql/db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

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

int db_file_open_lock(const char *path, int *ret_fd)
{
	char name[4096];
	int len = snprintf(name, sizeof(name), "%s.lock", path);
	if (len < 0 || (size_t)len >= sizeof(name))
		return E_LIMIT;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail("open lock", name);
	*ret_fd = fd;
	return 0;
}

int db_file_lock(int fd, const char *path)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? E_LOCKED : fail("lock", path);
	return 0;
}

void db_file_unlock(int fd) { flock(fd, LOCK_UN); }

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
int db_file_create(const char *path)
{
	_cleanup_(close_fd) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : fail("create", path);
	return sync_folder(path);
}
