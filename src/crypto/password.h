/*
 * Argon2id for secrets that a person chose (m = 19 MiB, t = 2, p = 1; about 23 ms), by libsodium. The hash is the PHC
 * string "$argon2id$v=19$m=...,t=...,p=...$salt$hash". Thread-safe; blocks the caller for the time of one hash: pool
 * threads only.
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/buf.h"
#include "base/secret.h"

enum { PASSWORD_PHC_MAX = 128 };

/* Appends the PHC string. E_NOMEM, E_RANDOM. */
must_check int password_hash(struct secret password, struct buf *out);
/* 0 when it fits, E_SIGNATURE when not. phc: as password_hash wrote it. */
must_check int password_check(struct secret password, struct str phc);
/* The time of one password_check and always E_SIGNATURE: for clients that do not exist. */
must_check int password_check_nothing(struct secret password);

#endif
