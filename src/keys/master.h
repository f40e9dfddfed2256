/* Reading the master key: keyd alone does it, once, before its sandbox. */
#ifndef KEYS_MASTER_H
#define KEYS_MASTER_H

#include "base/str.h"
#include "crypto/seal.h"

/*
 * where: "/path" or "file:/path": a regular file, not a symlink, owned by us, closed to group and others.
 *        "env:NAME": the variable, which is wiped from the environment at once.
 *        "credential:NAME": the file NAME in $CREDENTIALS_DIRECTORY (systemd; it may belong to root).
 * The text is 32 bytes as 64 hexadecimal digits or as base64url, a newline may follow. E_CONFIG; ret_why tells the
 * operator why, without any byte of the text. Not thread-safe (environment).
 */
must_check int master_read(const char *where, unsigned char ret_master[SEAL_MASTER_LEN], const char **ret_why);
/* The NAME of "env:NAME", or NULL. */
const char *master_env(const char *where);

#endif
