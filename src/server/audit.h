/* Security events of the request path that belong into the audit chain. Written by the pool, never on a loop. */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include "oauth/call.h"

struct server;

/* Throttling began for (client, address): one event per crossing, in the log and in the chain. Never fails visibly. */
void audit_throttle(struct server *server, const struct call *call);
/* A right secret from a network that is not its client's; of each client at most one entry an hour. */
void audit_network(struct server *server, const struct call *call);

#endif
