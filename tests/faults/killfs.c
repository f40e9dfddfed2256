/*
 * A process that is killed while it writes, for test_client.py: loaded by LD_PRELOAD, ends by SIGKILL at the N-th step
 * that changes a folder. A write that is the step happens by half.
 *
 *   KILLFS_DIR  only below this folder
 *   KILLFS_AT   N, from 1
 *
 * Built by the test: cc -shared -fPIC -o killfs.so killfs.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long step;

static bool is_below(int fd)
{
	const char *folder = getenv("KILLFS_DIR");
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	if (!folder || len <= 0)
		return false;
	path[len] = '\0';
	return strncmp(path, folder, strlen(folder)) == 0;
}

/* Whether this is the step. */
static bool is_last(int fd)
{
	const char *at = getenv("KILLFS_AT");
	return at && is_below(fd) && atomic_fetch_add(&step, 1) + 1 == strtol(at, NULL, 10);
}

static void end_at(int fd)
{
	if (is_last(fd))
		(void)kill(getpid(), SIGKILL);
}

static void *next(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	if (!symbol)
		abort();
	return symbol;
}

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))next("write");
	if (is_last(fd)) {
		(void)!real(fd, p, n / 2);
		(void)kill(getpid(), SIGKILL);
	}
	return real(fd, p, n);
}

static int open_at(const char *name, int fd, const char *path, int flags, mode_t mode)
{
	int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))next(name);
	if (flags & O_CREAT)
		end_at(fd);
	return real(fd, path, flags, mode);
}

#define OPEN_AT(name)                                                    \
	int name(int fd, const char *path, int flags, ...)               \
	{                                                                \
		va_list more;                                            \
		va_start(more, flags);                                   \
		mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
		va_end(more);                                            \
		return open_at(#name, fd, path, flags, mode);            \
	}
OPEN_AT(openat)
OPEN_AT(openat64)

#define STEP(name, fd, parameters, arguments)                                   \
	int name parameters                                                     \
	{                                                                       \
		end_at(fd);                                                     \
		return ((int (*) parameters)next(#name)) arguments;             \
	}
STEP(fchmod, fd, (int fd, mode_t mode), (fd, mode))
STEP(fsync, fd, (int fd), (fd))
STEP(unlinkat, fd, (int fd, const char *path, int flags), (fd, path, flags))
STEP(renameat, fd, (int fd, const char *from, int to_fd, const char *to), (fd, from, to_fd, to))
STEP(close, fd, (int fd), (fd))
