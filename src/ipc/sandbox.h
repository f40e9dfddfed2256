/*
 * The system calls that keyd may use after its start, by libseccomp. Everything else kills the process: no file, no
 * socket, no program, no other process, no executable memory. Filters can't be taken back.
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

#endif
