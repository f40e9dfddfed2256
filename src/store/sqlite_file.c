/* The store's file and the lock that keeps a second process out as long as this one has the store open. */
#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "sql/db_file.h"
#include "store/sqlite.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int check_exists(const char *path)
{
	if (access(path, F_OK) == 0)
		return 0;
	int error = errno;
	if (error == ENOENT)
		return E_ABSENT;
	LOG(LOG_ERROR, "store_file_failed", F("what", "look at"), F("path", path), F("errno", error));
	return E_STORE;
}

int sqlite_file_prepare(const char *path, bool create, int *ret_lock_fd)
{
	if (!create)
		TRY(check_exists(path));
	_cleanup_(close_fd) int fd = -1;
	TRY(db_file_open_lock(path, &fd));
	TRY(db_file_lock(fd, path));
	if (create)
		TRY(db_file_create(path));
	*ret_lock_fd = fd;
	fd = -1;
	return 0;
}
