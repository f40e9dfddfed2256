/*
 * What the server process may still open, by Landlock (landlock(7)); see sandbox.h. By raw system calls: glibc has no
 * wrappers.
 */
#include "ipc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/frame.h"

/* Rights that are younger than the headers we build with: ABI 3 (Linux 6.2) and ABI 5 (Linux 6.10). */
#define RIGHT_TRUNCATE  (UINT64_C(1) << 14)
#define RIGHT_IOCTL_DEV (UINT64_C(1) << 15)

#define RIGHTS_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_STORE                                                                                       \
	(RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                       \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT_TRUNCATE)

/* Handled means: refused unless a rule allows it. A kernel refuses bits that it does not know. */
static uint64_t handled_rights(long abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1: up to and with this one */
	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= RIGHT_TRUNCATE;
	if (abi >= 5)
		rights |= RIGHT_IOCTL_DEV;
	return rights;
}

static int allow(int ruleset, const char *path, uint64_t rights)
{
	_cleanup_(frame_close) int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return E_CONFIG;
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? E_IO : 0;
}

/* The sanitizer's leak check and reports read the memory map; the master key is not there. */
static int allow_sanitizer(int ruleset)
{
	if (!SANDBOX_ASAN)
		return 0;
	TRY(allow(ruleset, "/proc", RIGHTS_READ));
	return allow(ruleset, "/proc/self/exe", LANDLOCK_ACCESS_FS_READ_FILE);
}

/* A rule for a file may name no rights of folders. */
static int allow_more(int ruleset, const struct sandbox_path *path, uint64_t handled)
{
	struct stat st;
	if (stat(path->path, &st) < 0)
		return 0;
	uint64_t rights = path->write ? RIGHTS_STORE : RIGHTS_READ;
	if (!S_ISDIR(st.st_mode))
		rights = LANDLOCK_ACCESS_FS_READ_FILE;
	return allow(ruleset, path->path, rights & handled);
}

int sandbox_server(const char *dir, const struct sandbox_path *more, size_t n_more)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return errno == ENOSYS || errno == EOPNOTSUPP ? E_ABSENT : E_IO;
	uint64_t handled = handled_rights(abi);
	struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
	_cleanup_(frame_close) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return E_IO;
	TRY(allow(ruleset, dir, RIGHTS_STORE & handled));
	for (size_t i = 0; i < n_more; i++)
		TRY(allow_more(ruleset, &more[i], handled));
	TRY(allow_sanitizer(ruleset));
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? E_IO : 0;
}
