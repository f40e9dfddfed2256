/*
 * The control socket: a Unix socket on which the command line talks to a running server. A thread of its own accepts,
 * checks who is there (SO_PEERCRED: our own user or root), reads one line of JSON, runs admin_call, writes one line,
 * closes. One peer after another.
 *
 * Runs in the server process. Must never be held up by a silent or slow peer: reading and writing have total deadlines
 * of 2 s each.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "admin/admin.h"

struct control;

enum { CONTROL_DEADLINE_MS = 2000 };

/*
 * fd: the listening socket, the caller's until control_stop. admin: lives until control_stop and is used by the control
 * thread only; its actor is replaced by "cli:uid=N" per request. E_IO, E_NOMEM.
 */
must_check int control_start(int fd, struct admin *admin, struct control **ret_control);
/* Finishes the request in work, ends the thread. NULL is allowed. */
void control_stop(struct control *control);

/*
 * The other end: one request to the socket at path, the answer (without its line feed) appended. E_ABSENT: nobody
 * listens there; E_TIMEOUT; E_IO: the server ended, or refused us. timeout_ms in total. Any thread.
 */
must_check int control_call(const char *path, struct str request, uint32_t timeout_ms, struct buf *answer);

#endif
