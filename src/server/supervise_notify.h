/* Telling the service manager (sd_notify(3)'s datagram, without its library). */
#ifndef SERVER_SUPERVISE_NOTIFY_H
#define SERVER_SUPERVISE_NOTIFY_H

/* state: "READY=1", "STOPPING=1". Does nothing without NOTIFY_SOCKET; failures are the manager's loss. */
void supervise_notify(const char *state);

#endif
