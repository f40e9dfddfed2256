/* The link that makes the first administrator, as `mintmark init` prints it. Single-threaded. */
#ifndef CLI_FIRST_ADMIN_H
#define CLI_FIRST_ADMIN_H

#include "cli/transport.h"

enum { FIRST_ADMIN_LIFETIME_S = 86400 };

/*
 * Appends the URL of a new link, when no account has the role Admin, no such link is good, and the store is open here
 * (a server that runs makes invitations); else nothing. email: the address the account will have; NULL: whoever opens
 * the link says it. What fails is printed. Exit status.
 */
int first_admin_link(struct transport *transport, const char *email, struct buf *out);

#endif
