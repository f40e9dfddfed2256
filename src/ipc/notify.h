/* Telling the service manager (sd_notify(3)'s datagram, without its library). */
#ifndef IPC_NOTIFY_H
#define IPC_NOTIFY_H

/* state: "READY=1", "STOPPING=1". Does nothing without NOTIFY_SOCKET; failures are the manager's loss. */
void notify_send(const char *state);

#endif
