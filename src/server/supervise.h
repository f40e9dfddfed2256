/*
 * The supervisor: process 1 of `mintmark serve`. Binds the sockets, starts keyd and server (ipc/role.h), restarts
 * them, forwards signals. It parses nothing that comes from the network and holds no key. Single-threaded.
 *
 * What it promises the server, `int server_main(const char *config_path, const struct role_fds *fds)`:
 *   - fds->listen: one descriptor per TCP listener and event loop (SO_REUSEPORT), one per unix-domain listener; they
 *     stay open in the supervisor, so connections wait in the backlog while a server is restarted. TCP_DEFER_ACCEPT
 *     is not set.
 *   - fds->admin: the control socket, listening, mode 0600.
 *   - fds->keyd: channels in the order of ipc/role.h, blocking SOCK_STREAM. keyd may still be starting: requests wait
 *     in the channel. A keyd knows no signing key at first: LOAD what the store has, through the control channel.
 *   - fds->super: SOCK_SEQPACKET; notes of a letter (ipc/note.h), all that exist:
 *
 *     supervisor -> server
 *       'K'  keyd was restarted; the note carries fds->n_keyd descriptors in the order of fds->keyd. Give each signer
 *            its new one (signer_replace) and LOAD the keys again.
 *       'T'  terminate: stop accepting, drain, flush, exit 0. After drain_ms and 400 ms more it is killed.
 *       'H'  the supervisor got SIGHUP: reload. The server may open files of its store only, so the note carries
 *            them open for reading, unread, and after the 'H' a letter for each descriptor: 'c' the configuration;
 *            with TLS also 't' the certificate chain and 'k' its key, at the paths of the start. So "Hc" or "Hctk".
 *            A file that can't be opened is logged here, and no note is sent.
 *     server -> supervisor
 *       'R'  ready: keys are loaded and requests are served. Sent once. keyd sends it too, after its sandbox is in
 *            place.
 *     End of file on super: the supervisor is dead. The kernel kills the roles then; exit all the same.
 *
 *   - Exit status 78 (EX_CONFIG) of a role that was never ready since the supervisor's start means that the
 *     configuration can't work (unreadable master key, locked store): the supervisor gives up with the same status.
 *     Every other end of a role is followed by a restart. A server that ends takes its keyd with it; both start anew
 *     with fresh channels.
 *
 * A role that dies within a second of its start is started again after 0.1, 0.2 ... 2 s. While there is no server for
 * that reason, plain-text listeners answer every connection 503 with `Retry-After: 1`, whatever it sent.
 */
#ifndef SERVER_SUPERVISE_H
#define SERVER_SUPERVISE_H

#include <stddef.h>
#include <sys/socket.h>

#include "base/str.h"

struct supervise_listener {
	struct sockaddr_storage addr; /* IPv4, IPv6 or unix-domain; port 0 picks one (logged as event "listening") */
	socklen_t addr_len;
	bool tls;
};

struct supervise_options {
	const char *config_path;
	const char *program;      /* what the roles run; NULL: this binary */
	const struct supervise_listener *listeners;
	size_t n_listeners;
	unsigned n_loops;         /* 1 .. ROLE_LOOPS_MAX */
	unsigned pool_threads;    /* 1 .. ROLE_POOL_MAX */
	unsigned drain_ms;        /* what the server gives requests under way at the end */
	/* unix-domain socket, mode 0600; replaced when stale, refused when somebody listens */
	const char *control_path;
	const char *certificate_path, *key_path; /* opened anew at each SIGHUP; NULL: no TLS */
	/* the variable of `env:NAME` that holds the master key, handed to keyd alone; NULL: none */
	const char *const *server_env; /* the same for the server, NULL-terminated; may be NULL */
	const char *keyd_env;
};

/*
 * Runs until SIGTERM or SIGINT. Returns the exit status: 0 after a signal, 78 for what the operator must mend, 1
 * otherwise.
 */
int supervise_main(const struct supervise_options *options);

#endif
