/**
 * @file
 * Error codes of libmintmark. Functions that can fail return an int: MINTMARK_OK (0), or one of the negative codes
 * below. Outputs come last and are left alone on failure. Numbers never change and are never used again.
 *
 * Thread-safety: constant data.
 */
#ifndef MINTMARK_ERROR_H
#define MINTMARK_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MINTMARK_API __attribute__((visibility("default")))
#define MINTMARK_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MINTMARK_API
#define MINTMARK_MUST_CHECK
#endif

/** What a function came to. */
enum mintmark_error {
	MINTMARK_OK = 0,              /**< It succeeded. */
	MINTMARK_ERROR_ARGUMENT = -1, /**< A required argument or member is missing or out of its range. */
	MINTMARK_ERROR_MEMORY = -2,   /**< Out of memory. */
	MINTMARK_ERROR_SYNTAX = -3,   /**< A document is not what it should be: JSON, metadata, key set, media type. */
	MINTMARK_ERROR_LIMIT = -4,    /**< A document has more bytes or keys than is allowed. */
	MINTMARK_ERROR_TIMEOUT = -5,  /**< It took longer than allowed. */
	MINTMARK_ERROR_NETWORK = -6,  /**< No connection, no trusted TLS, no HTTP. */
	MINTMARK_ERROR_STATUS = -7,   /**< The server answered, but not with 200; redirects are not followed. */
	MINTMARK_ERROR_REFUSED = -8,  /**< The scheme or the address may not be used; see mintmark/keyset.h. */
	MINTMARK_ERROR_ISSUER = -9,   /**< The metadata name another issuer (RFC 8414 3.3). */
	MINTMARK_ERROR_SYSTEM = -10,  /**< A thread, a lock or the cryptography does not come up. */
	MINTMARK_ERROR_UNTRUSTED = -11, /**< A signed document does not verify: key, signature, typ, issuer or times. */
	MINTMARK_ERROR_NO_CREDENTIALS = -12, /**< There are no credentials in any of the places looked at. */
	MINTMARK_ERROR_CREDENTIALS = -13, /**< The server refuses the credentials, or what they may ask for. */
	MINTMARK_ERROR_SCOPE = -14,   /**< The server refuses the scope or the audience that was asked for. */
	MINTMARK_ERROR_BUSY = -15,    /**< The server is overloaded or refuses for a while: 429 or 503. */
	MINTMARK_ERROR_FILE = -16,    /**< A file can't be used: a link, another's, readable by others, no space, ... */
	MINTMARK_ERROR_CANCELLED = -17, /**< mintmark_client_cancel() was called. */
	MINTMARK_ERROR_REJECTED = -18, /**< The API refuses even a token that was made because it refused one. */
	MINTMARK_ERROR_LOGIN = -19,   /**< Somebody has to log in, or has not done so in time. */
	MINTMARK_ERROR_STORAGE = -20  /**< The place that keeps a login is locked, not there, or does not answer. */
};

/**
 * A sentence about a code, for logs.
 *
 * @param code  any number; one that is no code has a text too
 * @return      a constant string, never NULL
 */
MINTMARK_API const char *mintmark_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
