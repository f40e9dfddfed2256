/*
 * What the roles may still do after their start. keyd: a list of system calls, by libseccomp; everything else kills the
 * process: no file, no socket, no program, no other process, no executable memory. The server: files of the store
 * only, by Landlock. Neither can be taken back.
 */
#ifndef IPC_SANDBOX_H
#define IPC_SANDBOX_H

#include "base/str.h"

/* 1 under AddressSanitizer, which needs a few calls more. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_ASAN 1
#endif
#endif
#ifndef SANDBOX_ASAN
#define SANDBOX_ASAN 0
#endif

/*
 * For all threads of the process at once; threads must exist before, since none can be made afterwards. Needs
 * role_harden. E_IO.
 */
must_check int sandbox_keyd(void);

/* What may be reached beside the folder of the store. */
struct sandbox_path {
	const char *path; /* a folder with all below it, or a file; one that is not there is left out */
	bool write;       /* a folder: files may be made, written, renamed and removed in it too */
};

/*
 * From now on this thread, and those that it starts, may read, write, make, cut and remove files below dir, do as
 * `more` says elsewhere, and open, rename or execute nothing else; what is open stays open. Call it before threads
 * exist. Needs role_harden. E_ABSENT: the kernel has no Landlock, or it is switched off; nothing is restricted.
 * E_CONFIG: dir can't be opened. E_IO: the kernel refused.
 */
must_check int sandbox_server(const char *dir, const struct sandbox_path *more, size_t n_more);

#endif
