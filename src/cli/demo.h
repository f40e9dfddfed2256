/* The demo objects of `mintmark init --demo` and their file of shell variables. Single-threaded. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "cli/transport.h"

/*
 * Make what is missing: an API, an account, a service client, an account credential, DIR/demo.env (0600). What is there
 * stays as it is. What fails is printed. Exit status.
 */
int demo_make(struct transport *transport, const char *dir);

#endif
