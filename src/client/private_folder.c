/* Folders and files of one person; see private_folder.h. */
#include "client/private_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"

enum { NAME_ROOM = 256, MS_NS = 1000000, POLL_FIRST_MS = 2, POLL_LAST_MS = 40 };

/* A fault point with the errno of a broken disk. */
static bool fails(enum fault_kind kind)
{
	if (!fault_hit(kind))
		return false;
	errno = EIO;
	return true;
}

void private_folder_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void private_folder_close(struct private_folder *folder) { private_folder_closep(&folder->fd); }

static int fail(struct trouble *trouble, const struct private_folder *folder, const char *name, const char *why)
{
	return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s%s%s %s", folder->path, name[0] ? "/" : "", name, why);
}

static int fail_errno(struct trouble *trouble, const struct private_folder *folder, const char *name, const char *what)
{
	char why[256], text[128];
	snprintf(why, sizeof(why), "can not be %s: %s.", what, strerror_r(errno, text, sizeof(text)));
	return fail(trouble, folder, name, why);
}

/* Every missing folder above, and the last one, for us alone. */
static bool make_all(const char *path)
{
	char part[PRIVATE_PATH_MAX];
	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST &&
		    !(path[i] == '/' && (errno == EACCES || errno == EROFS)))
			return false;
	}
	return true;
}

static int check_folder(const struct private_folder *folder, struct trouble *trouble)
{
	struct stat st;
	if (fstat(folder->fd, &st) < 0)
		return fail_errno(trouble, folder, "", "looked at");
	if (st.st_uid != geteuid())
		return fail(trouble, folder, "", "belongs to somebody else. Remove it or name another folder.");
	if ((folder->flags & PRIVATE_CREATE) && (st.st_mode & 077) && fchmod(folder->fd, 0700) < 0)
		return fail_errno(trouble, folder, "", "closed to others");
	return MINTMARK_OK;
}

static int open_folder(const char *path, unsigned flags)
{
	int link = flags & PRIVATE_NO_LINK ? O_NOFOLLOW : 0;
	return fails(FAULT_FILE) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | link);
}

int private_folder_open(const char *path, unsigned flags, struct private_folder *ret_folder, struct trouble *trouble)
{
	ret_folder->fd = -1;
	ret_folder->flags = flags;
	int len = snprintf(ret_folder->path, sizeof(ret_folder->path), "%s", path);
	if (len < 1 || len >= PRIVATE_PATH_MAX)
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "A folder's path is empty or too long.");
	ret_folder->fd = open_folder(path, flags);
	if (ret_folder->fd < 0 && errno == ENOENT && !(flags & PRIVATE_CREATE))
		return MINTMARK_OK;
	if (ret_folder->fd < 0 && errno == ENOENT) {
		if (fails(FAULT_FILE) || !make_all(path))
			return fail_errno(trouble, ret_folder, "", "made");
		ret_folder->fd = open_folder(path, flags);
	}
	if (ret_folder->fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return fail(trouble, ret_folder, "", "is a link or no folder. Remove it.");
	if (ret_folder->fd < 0)
		return fail_errno(trouble, ret_folder, "", "opened");
	return check_folder(ret_folder, trouble);
}

/* What is checked is what is read: the open file. */
static int check_file(const struct private_folder *folder, const char *name, int fd, struct trouble *trouble)
{
	struct stat st;
	if (fails(FAULT_FILE) || fstat(fd, &st) < 0)
		return fail_errno(trouble, folder, name, "looked at");
	if (!S_ISREG(st.st_mode))
		return fail(trouble, folder, name, "is no file. Remove it.");
	if (st.st_uid != geteuid())
		return fail(trouble, folder, name, "belongs to somebody else. Remove it.");
	if (st.st_nlink > 1)
		return fail(trouble, folder, name, "has a second name somewhere. Remove it.");
	if (st.st_mode & 077)
		return fail(trouble, folder, name, "may be used by others. Say chmod 600, or remove it.");
	if (st.st_size > PRIVATE_FILE_MAX)
		return fail(trouble, folder, name, "is larger than anything that we write. Remove it.");
	return MINTMARK_OK;
}

int private_folder_read(const struct private_folder *folder, const char *name, struct buf *out, bool *ret_found,
			struct trouble *trouble)
{
	*ret_found = false;
	if (folder->fd < 0)
		return MINTMARK_OK;
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_(private_folder_closep) int fd = fails(FAULT_FILE) ? -1 : openat(folder->fd, name, flags);
	if (fd < 0 && errno == ENOENT)
		return MINTMARK_OK;
	if (fd < 0 && errno == ELOOP)
		return fail(trouble, folder, name, "is a link. Remove it.");
	if (fd < 0)
		return fail_errno(trouble, folder, name, "opened");
	TRY(check_file(folder, name, fd, trouble));
	int rc = fails(FAULT_FILE) ? E_IO : buf_read(out, fd);
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, name);
	if (rc < 0)
		return fail(trouble, folder, name, "can not be read whole.");
	*ret_found = true;
	return MINTMARK_OK;
}

static bool fill(int fd, struct str content)
{
	while (content.len > 0) {
		ssize_t n = fails(FAULT_WRITE) ? -1 : write(fd, content.p, content.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		content = str_mem(content.p + n, content.len - (size_t)n);
	}
	return true;
}

/* Under a second name, which a crash may leave behind: the next one who writes takes it. */
static int write_beside(const struct private_folder *folder, const char *name, const char *temp, struct str content,
			struct trouble *trouble)
{
	bool durable = folder->flags & PRIVATE_DURABLE;
	if (unlinkat(folder->fd, temp, 0) < 0 && errno != ENOENT)
		return fail_errno(trouble, folder, temp, "removed");
	_cleanup_(private_folder_closep) int fd = fails(FAULT_WRITE)
							  ? -1
							  : openat(folder->fd, temp,
								   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
								   0600);
	if (fd < 0 || fchmod(fd, 0600) < 0 || !fill(fd, content))
		return fail_errno(trouble, folder, name, "written");
	if (durable && (fails(FAULT_WRITE) || fsync(fd) < 0))
		return fail_errno(trouble, folder, name, "written");
	/* some file systems say only now that there is no space */
	int rc = close(TAKE(fd));
	fd = -1;
	return rc < 0 ? fail_errno(trouble, folder, name, "written") : MINTMARK_OK;
}

int private_folder_write(const struct private_folder *folder, const char *name, struct str content,
			 struct trouble *trouble)
{
	char temp[NAME_ROOM];
	snprintf(temp, sizeof(temp), "%s.new", name);
	int rc = write_beside(folder, name, temp, content, trouble);
	if (rc == MINTMARK_OK && (fails(FAULT_WRITE) || renameat(folder->fd, temp, folder->fd, name) < 0))
		rc = fail_errno(trouble, folder, name, "written");
	if (rc < 0) {
		(void)unlinkat(folder->fd, temp, 0);
		return rc;
	}
	if ((folder->flags & PRIVATE_DURABLE) && fsync(folder->fd) < 0)
		return fail_errno(trouble, folder, name, "written for good");
	return MINTMARK_OK;
}

void private_folder_remove(const struct private_folder *folder, const char *name)
{
	if (folder->fd >= 0)
		(void)unlinkat(folder->fd, name, 0);
}

int private_folder_lock_file(const struct private_folder *folder, const char *name, int *ret_fd,
			     struct trouble *trouble)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_(private_folder_closep) int fd = fails(FAULT_FILE) ? -1 : openat(folder->fd, name, flags, 0600);
	if (fd < 0 && errno == ELOOP)
		return fail(trouble, folder, name, "is a link. Remove it.");
	if (fd < 0)
		return fail_errno(trouble, folder, name, "opened");
	TRY(check_file(folder, name, fd, trouble));
	*ret_fd = fd;
	fd = -1;
	return MINTMARK_OK;
}

bool private_folder_try(int lock_fd) { return flock(lock_fd, LOCK_EX | LOCK_NB) == 0; }

/* flock(2) knows no time limit; asking again, ever less often, needs no signal and no thread. */
bool private_folder_wait(int lock_fd, uint32_t timeout_ms)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)timeout_ms * MS_NS;
	for (int64_t pause_ms = POLL_FIRST_MS;; pause_ms = pause_ms * 2 > POLL_LAST_MS ? POLL_LAST_MS : pause_ms * 2) {
		if (private_folder_try(lock_fd))
			return true;
		if (clock_mono_ns() >= end_ns)
			return false;
		const struct timespec pause = {.tv_nsec = pause_ms * MS_NS};
		(void)nanosleep(&pause, NULL);
	}
}
