/*
 * A database file and the lock beside it: flock(2) on "<path>.lock", which the kernel lets go when the process dies.
 * The lock file is never removed, since a removed one could be locked twice. Only on threads that may block.
 */
#ifndef SQL_DB_FILE_H
#define SQL_DB_FILE_H

#include "base/err.h"

/* Open the lock file, made when absent, mode 0600; nothing is locked yet. Close *ret_fd yourself. E_LIMIT, E_STORE. */
must_check int db_file_open_lock(const char *path, int *ret_fd);
/* Take the lock without waiting: E_LOCKED when another has it. E_STORE. */
must_check int db_file_lock(int fd, const char *path);
/* Let it go and keep the descriptor. */
void db_file_unlock(int fd);
/* An empty file with mode 0600, durable in its folder; one that exists stays. E_STORE, E_NOMEM. */
must_check int db_file_create(const char *path);

#endif
