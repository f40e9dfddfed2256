/* Atomic files; see files.h. */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int files_join(const char *dir, const char *name, size_t size, char *ret_path)
{
	int len = snprintf(ret_path, size, "%s/%s", dir, name);
	return len > 0 && (size_t)len < size ? 0 : E_LIMIT;
}

int files_read(const char *path, struct buf *out)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? E_ABSENT : E_IO;
	return buf_read(out, fd); /* wipes what it outgrows: demo.env holds secrets */
}

static int fill(int fd, struct str content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.p, content.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_IO;
		content = (struct str){content.p + n, content.len - (size_t)n};
	}
	return fsync(fd) < 0 ? E_IO : 0;
}

int files_sync_folder(const char *path)
{
	char dir[PATH_ROOM];
	const char *slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	_cleanup_(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? E_IO : 0;
}

static int write_beside(const char *path, mode_t mode, struct str content, char ret_temp[PATH_ROOM])
{
	int len = snprintf(ret_temp, PATH_ROOM, "%s.new", path);
	if (len < 0 || len >= PATH_ROOM)
		return E_LIMIT;
	if (unlink(ret_temp) < 0 && errno != ENOENT) /* left by a crash */
		return E_IO;
	_cleanup_(close_fd) int fd = open(ret_temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 || fchmod(fd, mode) < 0)
		return E_IO;
	return fill(fd, content);
}

int files_write(const char *path, mode_t mode, struct str content)
{
	char temp[PATH_ROOM];
	int rc = write_beside(path, mode, content, temp);
	if (rc == 0 && rename(temp, path) < 0)
		rc = E_IO;
	if (rc < 0) {
		unlink(temp);
		return rc;
	}
	return files_sync_folder(path);
}

int files_create(const char *path, mode_t mode, struct str content)
{
	char temp[PATH_ROOM];
	int rc = write_beside(path, mode, content, temp);
	if (rc == 0 && link(temp, path) < 0) /* unlike rename() it never replaces */
		rc = errno == EEXIST ? E_EXISTS : E_IO;
	unlink(temp);
	TRY(rc);
	return files_sync_folder(path);
}
