/*
 * Proof Key for Code Exchange, RFC 7636, with S256 alone: `plain` would show the verifier to whoever sees the request
 * (RFC 9700 2.1.1). Pure functions, thread-safe.
 */
#ifndef OAUTH_PKCE_H
#define OAUTH_PKCE_H

#include "base/str.h"

/* 43 characters of base64url in the one spelling that 32 bytes have (RFC 7636 4.2). */
bool pkce_is_challenge(struct str challenge);
/* 43 to 128 of RFC 3986's unreserved characters (RFC 7636 4.1). */
bool pkce_is_verifier(struct str verifier);
/* BASE64URL(SHA-256(verifier)) = challenge (RFC 7636 4.6), in constant time. E_INVALID_GRANT, E_CRYPTO. */
must_check int pkce_check(struct str verifier, struct str challenge);

#endif
