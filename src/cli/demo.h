/* The demo objects of `mintmark init --demo` and their file of shell variables. Single-threaded. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "cli/transport.h"

struct demo_options {
	const char *dir;
	unsigned series_port, gate_port; /* 0: what demo.env says, else the server's port + 1 and + 2 */
};

/*
 * Make what is missing: an API, an account, a service client, an account credential, DIR/demo.env (0600). What is there
 * stays as it is; what an earlier version made is completed. What fails is printed. Exit status.
 */
int demo_make(struct transport *transport, const struct demo_options *options);

#endif
