/* The supervisor's listening sockets. Single-threaded (umask). */
#ifndef SERVER_SUPERVISE_SOCKETS_H
#define SERVER_SUPERVISE_SOCKETS_H

#include "base/buf.h"
#include "ipc/role.h"
#include "server/supervise.h"

/*
 * Bind all listeners and the control socket into fds->listen and fds->admin. E_CONFIG: an address is in use, not
 * ours, or the counts are out of range; ret_why gets a text for the operator. What was bound is closed again.
 */
must_check int supervise_sockets_open(const struct supervise_options *options, struct role_fds *fds,
				      struct buf *ret_why);
/* Close them and take unix-domain paths away. */
void supervise_sockets_close(const struct supervise_options *options, struct role_fds *fds);

#endif
