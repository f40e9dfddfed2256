/*
 * SIGHUP in the server process: new content of the configuration and of the certificate, from descriptors that the
 * supervisor opened (server/supervise.h), since the server itself opens files of its store only (server/confine.h).
 * What can't be used is logged and leaves everything as it is. Main thread.
 */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "crypto/tls.h"
#include "ipc/note.h"
#include "server/server.h"

/* At the start, from the files themselves; *ret_tls is NULL without TLS. Logs why. E_CONFIG, E_NOMEM, E_CRYPTO. */
must_check int reload_open_tls(const struct config *config, struct tls_context **ret_tls);
/* A note 'H'. Closes its descriptors. */
void reload_take(struct server *server, struct note *note);

#endif
