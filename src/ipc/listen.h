/*
 * Listening sockets: non-blocking, close-on-exec. TCP shared by several event loops (SO_REUSEPORT), unix-domain ones
 * that replace what a dead process left behind. Single-threaded callers only (umask).
 */
#ifndef IPC_LISTEN_H
#define IPC_LISTEN_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Open n sockets on one TCP address, one for each loop. Port 0: the kernel picks one for all; it is written to *addr.
 * E_IO: errno says why (EADDRINUSE: somebody listens there); none is open then.
 */
must_check int listen_tcp(struct sockaddr_storage *addr, socklen_t len, unsigned n, int *ret_fds);
/*
 * A stale socket at the path is replaced; one that somebody listens on, or what is no socket, is EADDRINUSE. mode:
 * permission bits of the socket file, 0600 .. 0666, which it has from birth. E_IO: errno says why.
 */
must_check int listen_unix(const struct sockaddr_storage *addr, socklen_t len, mode_t mode, int *ret_fd);
/* "127.0.0.1:80", "[::1]:80", "unix:/path"; appended. */
void listen_put_address(struct buf *out, const struct sockaddr_storage *addr);

#endif
