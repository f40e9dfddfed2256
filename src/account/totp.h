/*
 * Time-based one-time codes (RFC 6238 on RFC 4226): 20-byte keys, SHA-1, six digits, 30 seconds, as every
 * authenticator app understands them. Pure functions on keys in the clear, thread-safe; sealing and storing:
 * account/factor.h.
 */
#ifndef ACCOUNT_TOTP_H
#define ACCOUNT_TOTP_H

#include "base/buf.h"
#include "base/secret.h"

/* RFC 4226 4 R6: a key has at least 128 bits, better 160. RFC 6238 5.2: one step of delay at most. */
enum { TOTP_KEY_LEN = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30, TOTP_WINDOW = 1, TOTP_BASE32_LEN = 32 };

static inline int64_t totp_step(int64_t now_s) { return now_s / TOTP_STEP_S; }

/* The code of a step (>= 0), with a NUL. The caller wipes it. E_CRYPTO. */
must_check int totp_code(struct secret key, int64_t step, char ret_code[TOTP_DIGITS + 1]);
/*
 * Which step within the window has this code: the newest of them, for store_login_use_totp. Blanks in the code are
 * nothing. E_ACCESS_DENIED: none has. E_CRYPTO.
 */
must_check int totp_check(struct secret key, struct str code, int64_t now_s, int64_t *ret_step);

/* RFC 4648 6 without padding, appended: what people type. */
void totp_base32(struct secret key, struct buf *out);
/*
 * "otpauth://totp/…", what the picture shows: issuer is the name the app lists, account who it is for. Appended; the
 * buffer's failure.
 */
must_check int totp_uri(struct str issuer, struct str account, struct secret key, struct buf *out);

#endif
