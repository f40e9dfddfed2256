/*
 * A SQLite VFS on top of the real one that can be told to fail. Registered as the default one, so that the store under
 * test uses it without knowing. Switches may be turned at any time, from any thread.
 */
#ifndef TESTS_CONTRACT_STORE_BAD_DISK_H
#define TESTS_CONTRACT_STORE_BAD_DISK_H

#include <stdbool.h>

enum bad_disk_fault {
	BAD_DISK_NONE,
	BAD_DISK_FULL,      /* writes give SQLITE_FULL */
	BAD_DISK_SYNC,      /* syncs give SQLITE_IOERR_FSYNC, writes go through */
	BAD_DISK_FULL_MAIN, /* as FULL, but the database file only: the log can still be written */
	BAD_DISK_SYNC_MAIN, /* as SYNC, but the database file only */
	BAD_DISK_READ,      /* reads give SQLITE_IOERR_READ */
};

void bad_disk_install(void);
void bad_disk_set(enum bad_disk_fault fault);
/* Syncs wait while held. bad_disk_held: whether one waits now. */
void bad_disk_hold_syncs(bool hold);
bool bad_disk_held(void);

#endif
