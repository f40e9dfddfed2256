/* Whole small files, written so that a crash leaves either the old one or the new one. Single-threaded. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <sys/types.h>

#include "base/buf.h"

/* Appends the content. E_ABSENT; E_IO; E_LIMIT above the buffer's maximum. */
must_check int files_read(const char *path, struct buf *out);
/* A new file beside it, fsync, rename over it, fsync of the folder. E_IO. */
must_check int files_write(const char *path, mode_t mode, struct str content);
/* The same, but an existing file stays: E_EXISTS. */
must_check int files_create(const char *path, mode_t mode, struct str content);
/* Make durable that path stands in its folder (a rename, a new folder). E_IO. */
must_check int files_sync_folder(const char *path);
/* "dir/name", NUL behind it. E_LIMIT. */
must_check int files_join(const char *dir, const char *name, size_t size, char *ret_path);

#endif
