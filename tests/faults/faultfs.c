/*
 * A disk that fails on demand, for test_store_faults.py, and entropy, for test_entropy.py: loaded into the server role
 * by LD_PRELOAD.
 *
 *   FAULTFS_CONTROL  a file of one byte, mapped shared: '-' all is well, 'W' writes fail with ENOSPC, 'S' syncs fail
 *                    with EIO, 'R' reads fail with EIO, 'A' all of these; 'E' there is no entropy
 *   FAULTFS_DIR      only files below this folder fail
 *
 * Roles get a short environment of their own, so execve is taken too: it hands these variables to the role named
 * server.
 * Built by the test: cc -shared -fPIC -o faultfs.so faultfs.c
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENV_MAX = 64 };

static const volatile char *control;
static char folder[PATH_MAX];
static char preload_env[PATH_MAX + 32], control_env[PATH_MAX + 32], folder_env[PATH_MAX + 32];

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAULTFS_CONTROL"), *dir = getenv("FAULTFS_DIR"), *self = getenv("LD_PRELOAD");
	int fd = path && dir && self ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	control = map;
	snprintf(folder, sizeof(folder), "%s/", dir);
	snprintf(preload_env, sizeof(preload_env), "LD_PRELOAD=%s", self);
	snprintf(control_env, sizeof(control_env), "FAULTFS_CONTROL=%s", path);
	snprintf(folder_env, sizeof(folder_env), "FAULTFS_DIR=%s", dir);
}

/* Is this kind of call to fail, and is it a file of ours? Keeps errno. */
static bool fails(int fd, char kind)
{
	char link[64], path[PATH_MAX];
	int saved = errno;
	if (!control || (*control != kind && *control != 'A'))
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	errno = saved;
	if (len <= 0)
		return false;
	path[len] = '\0';
	return strncmp(path, folder, strlen(folder)) == 0;
}

static void *next(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	if (!symbol)
		abort();
	return symbol;
}

#define FAULTY(type, name, kind, error, parameters, arguments)        \
	type name parameters                                          \
	{                                                             \
		static type (*real) parameters;                       \
		if (!real)                                            \
			real = (type(*) parameters)next(#name);       \
		if (fails(fd, kind)) {                                \
			errno = error;                                \
			return -1;                                    \
		}                                                     \
		return real arguments;                                \
	}

FAULTY(ssize_t, write, 'W', ENOSPC, (int fd, const void *p, size_t n), (fd, p, n))
FAULTY(ssize_t, pwrite, 'W', ENOSPC, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FAULTY(ssize_t, pwrite64, 'W', ENOSPC, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
FAULTY(int, ftruncate, 'W', ENOSPC, (int fd, off_t len), (fd, len))
FAULTY(int, ftruncate64, 'W', ENOSPC, (int fd, off64_t len), (fd, len))
FAULTY(int, fsync, 'S', EIO, (int fd), (fd))
FAULTY(int, fdatasync, 'S', EIO, (int fd), (fd))
FAULTY(ssize_t, read, 'R', EIO, (int fd, void *p, size_t n), (fd, p, n))
FAULTY(ssize_t, pread, 'R', EIO, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
FAULTY(ssize_t, pread64, 'R', EIO, (int fd, void *p, size_t n, off64_t at), (fd, p, n, at))

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	typedef ssize_t getrandom_fn(void *p, size_t n, unsigned flags);
	if (control && *control == 'E') {
		errno = ENOSYS;
		return -1;
	}
	return ((getrandom_fn *)next("getrandom"))(p, n, flags);
}

typedef int execve_fn(const char *program, char *const argv[], char *const env[]);

int execve(const char *program, char *const argv[], char *const env[])
{
	execve_fn *real = (execve_fn *)next("execve");
	char *more[ENV_MAX];
	bool is_server = false;
	size_t n = 0;
	for (size_t i = 0; argv[i]; i++)
		is_server |= strcmp(argv[i], "--role=server") == 0;
	if (!control || !is_server)
		return real(program, argv, env);
	for (; env[n] && n < ENV_MAX - 4; n++)
		more[n] = env[n];
	more[n++] = preload_env;
	more[n++] = control_env;
	more[n++] = folder_env;
	more[n] = NULL;
	return real(program, argv, more);
}
