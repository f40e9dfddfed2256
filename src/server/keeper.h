/*
 * The keeper: one thread for what happens by the clock: usage to the store every few seconds, key lifecycle once a
 * minute, and the keys again after keyd was restarted. Blocks; never on a request's path.
 */
#ifndef SERVER_KEEPER_H
#define SERVER_KEEPER_H

#include "base/err.h"

struct server;

/* Keys into keyd, first snapshot. A keyd that is not there yet is not an error: not ready. E_STORE, E_NOMEM, E_CRYPTO.
 */
must_check int keeper_prepare(struct server *server);
must_check int keeper_start(struct server *server);
/* Ask for the keys to be loaded again (keyd is new). Any thread. */
void keeper_reload_keys(struct server *server);
/* Ends the thread after a last flush of usage. */
void keeper_stop(struct server *server);

/*
 * Deletes programs that registered themselves and that nobody ever let in, once they are old enough (registration.
 * unused_days), a bounded number. The keeper does it every minute.
 */
void keeper_sweep_registered(struct server *server);

#endif
