/*
 * Files that belong to one person: credentials, logins, kept tokens. A folder of mode 0700, files of mode 0600 that are
 * replaced whole by rename, and locks. What is not ours is not read: another owner, a link, a file that others may read
 * or that has a second name. Never blocks on a file that is none (pipes). Thread-safe as long as one thread uses a
 * folder.
 */
#ifndef CLIENT_PRIVATE_FOLDER_H
#define CLIENT_PRIVATE_FOLDER_H

#include "base/buf.h"
#include "client/trouble.h"

enum { PRIVATE_PATH_MAX = 4096, PRIVATE_FILE_MAX = 65536 };

enum private_folder_flag {
	PRIVATE_CREATE = 1,  /* make it and what is above it */
	PRIVATE_NO_LINK = 2, /* its path must not end with a link */
	PRIVATE_DURABLE = 4, /* what is written survives a loss of power */
};

struct private_folder {
	int fd; /* -1: there is none */
	unsigned flags;
	char path[PRIVATE_PATH_MAX];
};

/* MINTMARK_OK with fd -1 when it isn't there and is not to be made. MINTMARK_ERROR_FILE. Close it in any case. */
must_check int private_folder_open(const char *path, unsigned flags, struct private_folder *ret_folder,
				   struct trouble *trouble);
void private_folder_close(struct private_folder *folder);

/* Appends the file's content; *ret_found = false: there is none. MINTMARK_ERROR_FILE, MINTMARK_ERROR_MEMORY. */
must_check int private_folder_read(const struct private_folder *folder, const char *name, struct buf *out,
				   bool *ret_found, struct trouble *trouble);
/*
 * The whole content at once; the old one stays until then. The caller holds a lock that all who write this file take.
 * MINTMARK_ERROR_FILE.
 */
must_check int private_folder_write(const struct private_folder *folder, const char *name, struct str content,
				    struct trouble *trouble);
/* No such file is fine. */
void private_folder_remove(const struct private_folder *folder, const char *name);

/*
 * An open file to lock with private_folder_try(); close() lets go of the lock. It is never removed.
 * MINTMARK_ERROR_FILE.
 */
must_check int private_folder_lock_file(const struct private_folder *folder, const char *name, int *ret_fd,
					struct trouble *trouble);
/* True when the lock is ours now. Never waits. */
bool private_folder_try(int lock_fd);
/* The same, waiting up to so many milliseconds. */
bool private_folder_wait(int lock_fd, uint32_t timeout_ms);
void private_folder_closep(int *fd); /* for _cleanup_ */

#endif
