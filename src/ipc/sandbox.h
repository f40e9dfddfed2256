/*
 * The system calls that keyd may use after its start, by libseccomp. Everything else kills the process: no file, no socket, no program,
 * no other process, no executable memory. Filters can't be taken back.
 */
#ifndef IPC_SANDBOX_H
#define IPC_SANDBOX_H

#include "base/str.h"

/* For all threads of the process at once; threads must exist before, since none can be made afterwards. Needs role_harden. E_IO. */
must_check int sandbox_keyd(void);

#endif
