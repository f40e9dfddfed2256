/*
 * The server process shuts itself out of the file system: what an intruder in it would look for first is the master
 * key, which belongs to the same user. Single-threaded, before threads exist.
 */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

#include "config/config.h"

/*
 * After this only files below the folder of store.path can be opened (ipc/sandbox.h). Logs what goes wrong; a kernel
 * without Landlock is a warning. E_CONFIG: there is no such folder, or the file of keys.master_key can be read all the
 * same. E_IO, E_CRYPTO.
 */
must_check int confine_server(const struct config *config);

#endif
