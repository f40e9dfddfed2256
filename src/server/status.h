/* What /readyz and /metrics know. Called on pool threads. */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include "base/buf.h"

struct server;

/* A durable write to the store, at most one per second whoever asks; else the last result. E_STORE. */
must_check int status_probe_store(struct server *server);
/* Prometheus text, appended. */
void status_metrics(struct server *server, struct buf *out);

#endif
